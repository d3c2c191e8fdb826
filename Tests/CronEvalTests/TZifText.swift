// Makes time zone files for tests.

/// Bytes of a TZif file.
struct TZifText {
    var version: UInt8 = 0x32
    var changes: [(time: Int64, offset: Int32)] = []
    var initialOffset: Int32 = 0
    var footer = ""

    /// A zone whose clocks change once, in 2020, and by any amount.
    static func oneShift(minutes: Int) -> [UInt8] {
        var file = TZifText()
        file.initialOffset = 3_600 * (minutes > 0 ? -11 : 12)
        file.changes = [(1_583_820_000, file.initialOffset + Int32(minutes * 60))]
        return file.bytes
    }

    var bytes: [UInt8] {
        if version == 0 { return header + block(timeSize: 4) }
        var empty = self
        empty.changes = []
        return header(of: empty) + empty.block(timeSize: 4) + header + block(timeSize: 8)
            + [0x0A] + Array(footer.utf8) + [0x0A]
    }

    private var header: [UInt8] { header(of: self) }

    private func header(of file: TZifText) -> [UInt8] {
        let counts = [0, 0, 0, file.changes.count, file.changes.count + 1, 4]
        return Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15)
            + counts.flatMap { Self.number(Int64($0), size: 4) }
    }

    /// Every change has a type of its own, behind the initial one.
    private func block(timeSize: Int) -> [UInt8] {
        let times = changes.flatMap { Self.number($0.time, size: timeSize) }
        let types = (0..<changes.count).map { UInt8($0 + 1) }
        let offsets = [initialOffset] + changes.map(\.offset)
        return times + types + offsets.flatMap { Self.number(Int64($0), size: 4) + [0, 0] }
            + Array("ODD\0".utf8)
    }

    private static func number(_ value: Int64, size: Int) -> [UInt8] {
        (0..<size).reversed().map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
    }
}
