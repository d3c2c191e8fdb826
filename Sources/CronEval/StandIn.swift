// Stands in for the schedule dialect until it is merged: five plain fields in UTC, and @every.

package import Vocabulary

package final class ZoneCatalog: Sendable {
    package init(load: @escaping @Sendable (String) -> [UInt8]?) {}

    package func rules(named zone: String) -> TimeZoneRules? {
        switch zone {
        case "UTC": TimeZoneRules(offset: 0)
        case "Asia/Shanghai": TimeZoneRules(offset: 28_800)
        case _: nil
        }
    }
}

package struct TimeZoneRules: Sendable {
    fileprivate let offset: Int
    package func offsetInSeconds(at instant: Instant) -> Int { offset }
}

package enum ScheduleField: String, Sendable { case minute, hour, dayOfMonth, month, dayOfWeek }

package struct ScheduleError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable { case fieldCount, outOfRange, unsupportedMacro, empty }
    package let code: Code
    package let field: ScheduleField?
    package var message: String { code.rawValue }
    package let column: Int
    package var description: String { "\(field?.rawValue ?? "text"), column \(column): \(code.rawValue)" }
}

package struct Schedule: Equatable, Sendable {
    private var fields: [Set<Int>] = []
    private var every: Int64 = 0
    package var warnings: [String] { [] }
    package var neverFires: Bool { false }
    package let words: String

    package init(
        parsing text: String,
        zone: String = "UTC",
        in zones: ZoneCatalog,
        seed: String? = nil,
        anchor: Instant = .epoch
    ) throws(ScheduleError) {
        words = "at \(text)"
        if text.hasPrefix("@every "), let step = DurationText.parse(String(text.dropFirst(7))) {
            every = step.milliseconds
            return
        }
        let macro = text == "@daily" ? "0 0 * * *" : text
        let parts = macro.split(separator: " ")
        if text.hasPrefix("@reboot") {
            throw ScheduleError(code: .unsupportedMacro, field: nil, column: 1)
        }
        guard parts.count == 5 else {
            throw ScheduleError(code: .fieldCount, field: nil, column: 1)
        }
        for (part, (name, range)) in zip(
            parts,
            [
                ("minute", 0...59), ("hour", 0...23), ("dayOfMonth", 1...31), ("month", 1...12),
                ("dayOfWeek", 0...7),
            ]
        ) {
            var set: Set<Int> = []
            for item in part.split(separator: ",") {
                let halves = item.split(separator: "/")
                let step = halves.count > 1 ? Int(halves[1]) ?? 1 : 1
                let ends = halves[0].split(separator: "-").compactMap { Int($0) }
                let low = halves[0] == "*" ? range.lowerBound : ends.first ?? 0
                let high = halves[0] == "*" ? range.upperBound : ends.last ?? 0
                guard range.contains(low), range.contains(high), low <= high else {
                    throw ScheduleError(code: .outOfRange, field: ScheduleField(rawValue: name), column: 1)
                }
                set.formUnion(stride(from: low, through: high, by: step))
            }
            fields.append(set)
        }
    }

    package func next(after: Instant) -> Instant? { step(from: after, by: 1) }
    package func previous(before: Instant) -> Instant? { step(from: before, by: -1) }

    private func step(from start: Instant, by direction: Int64) -> Instant? {
        if every > 0 {
            let k = start.unixMilliseconds.floorDivided(by: every)
            let exact = k * every == start.unixMilliseconds
            return Instant(unixMilliseconds: (direction > 0 ? k + 1 : exact ? k - 1 : k) * every)
        }
        var minute = (start.unixSeconds + (direction > 0 ? 0 : 59)).floorDivided(by: 60)
        for _ in 0..<3_000_000 {
            minute += direction
            let date = CivilDate(daysSinceEpoch: minute.floorDivided(by: 1_440))
            let clock = Int(minute.floorRemainder(dividingBy: 1_440))
            if fields[0].contains(clock % 60), fields[1].contains(clock / 60),
                fields[2].contains(date.day), fields[3].contains(date.month),
                fields[4].contains(date.weekday)
            {
                return Instant(unixSeconds: minute * 60)
            }
        }
        return nil
    }
}
