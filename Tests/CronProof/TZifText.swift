// Makes time zone files for tests.

/// Bytes of a TZif file.
package struct TZifText {
    package var version: UInt8 = 0x32
    package var changes: [(time: Int64, offset: Int32)] = []
    package var initialOffset: Int32 = 0
    package var footer = ""

    package init(
        version: UInt8 = 0x32,
        changes: [(time: Int64, offset: Int32)] = [],
        initialOffset: Int32 = 0,
        footer: String = ""
    ) {
        self.version = version
        self.changes = changes
        self.initialOffset = initialOffset
        self.footer = footer
    }

    /// A zone whose clocks change once, in 2020, and by any amount.
    static func oneShift(seconds: Int32, at time: Int64 = 1_583_820_000) -> [UInt8] {
        var file = TZifText()
        file.initialOffset = 3_600 * (seconds > 0 ? -11 : 12)
        file.changes = [(time, file.initialOffset + seconds)]
        return file.bytes
    }

    package var bytes: [UInt8] {
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
