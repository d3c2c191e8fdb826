// Durations as people write them: `90s`, `15m`, `1h30m`, `2d`, `500ms`.

/// Reads and writes durations in Rota's notation.
package enum DurationText {
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
    ]

    /// Reads `[nd][nh][nm][ns][nms]`: at least one part, in this order, whole numbers.
    ///
    /// - Returns: `nil` for anything else, and for more than 100 years.
    package static func parse(_ text: String) -> Duration? {
        var rest = text[...]
        var total: Int64 = 0
        var lowest = -1
        repeat {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest[name.endIndex...]
            guard digits.count <= 13, let count = Int64(digits),
                let unit = units.firstIndex(where: { $0.name == name }), unit > lowest
            else { return nil }
            let (part, overflow) = count.multipliedReportingOverflow(by: units[unit].milliseconds)
            guard !overflow, part <= 3_155_760_000_000 - total else { return nil }
            total += part
            lowest = unit
        } while !rest.isEmpty
        return .milliseconds(total)
    }

    /// The shortest text that ``parse(_:)`` reads back; `0s` for zero and less.
    package static func format(_ duration: Duration) -> String {
        var rest = duration.milliseconds
        guard rest > 0 else { return "0s" }
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}
