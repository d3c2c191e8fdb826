// Reads compiled time zone files: TZif, RFC 9636, versions 1 to 4.

/// Why bytes are no usable time zone file.
package enum ZoneFileError: Error, Hashable, Sendable {
    case notTZif
    case truncated
    /// A count, index, time or offset that RFC 9636 does not allow.
    case outOfBounds
    /// It counts leap seconds, which instants do not.
    case leapSeconds
    /// The rule for the far future, a POSIX TZ string, cannot be read.
    case footer
}

extension TimeZoneRules {
    /// Reads a compiled time zone file.
    ///
    /// - Parameter bytes: The whole file; may be anything.
    /// - Throws: The first thing that RFC 9636 does not allow.
    /// - Complexity: O(records + years to 2200).
    /// - SeeAlso: RFC 9636, sections 3.1 to 3.3.
    package init(tzif bytes: [UInt8]) throws(ZoneFileError) {
        var file = ZoneFile(bytes: bytes)
        let version = try file.readHeader()
        if version >= UInt8(ascii: "2") {
            // The first block is there for readers of 32-bit times; the second has it all.
            try file.skipBlock(timeSize: 4)
            _ = try file.readHeader()
            try file.readBlock(timeSize: 8)
            try file.readFooter()
        } else {
            try file.readBlock(timeSize: 4)
        }
        var changes = file.changes
        if let rule = file.footer {
            let last = changes.last?.time ?? Self.farPast
            changes += rule.changes(after: last)
            if changes.isEmpty { file.initialOffset = rule.standardOffset }
        }
        self.init(changes: changes, initialOffset: file.initialOffset)
    }
}

/// A cursor over a file's bytes; every step is checked.
private struct ZoneFile {
    private struct Counts {
        var utcFlags = 0
        var standardFlags = 0
        var leapSeconds = 0
        var times = 0
        var types = 0
        var characters = 0
    }

    let bytes: [UInt8]
    var position = 0
    var changes: [(time: Int64, offset: Int64)] = []
    var initialOffset: Int64 = 0
    var footer: PosixZoneRule?
    private var counts = Counts()

    /// RFC 9636, section 3.2: offsets must be more than -25 and less than 26 hours.
    private static let offsets: ClosedRange<Int64> = -89_999...93_599

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// - Returns: The version, a digit, or 0 for version 1.
    mutating func readHeader() throws(ZoneFileError) -> UInt8 {
        guard bytes.count - position >= 44, bytes[position...].starts(with: "TZif".utf8) else {
            throw position == 0 ? .notTZif : .truncated
        }
        let version = bytes[position + 4]
        position += 20
        counts.utcFlags = try Int(readNumber(size: 4, isSigned: false))
        counts.standardFlags = try Int(readNumber(size: 4, isSigned: false))
        counts.leapSeconds = try Int(readNumber(size: 4, isSigned: false))
        counts.times = try Int(readNumber(size: 4, isSigned: false))
        counts.types = try Int(readNumber(size: 4, isSigned: false))
        counts.characters = try Int(readNumber(size: 4, isSigned: false))
        return version
    }

    mutating func skipBlock(timeSize: Int) throws(ZoneFileError) {
        let size =
            counts.times * (timeSize + 1) + counts.types * 6 + counts.characters
            + counts.leapSeconds * (timeSize + 4) + counts.standardFlags + counts.utcFlags
        guard size <= bytes.count - position else { throw .truncated }
        position += size
    }

    /// 142 million years: in milliseconds it still is a number of 64 bits.
    private static let endOfTime: Int64 = 1 << 52

    mutating func readBlock(timeSize: Int) throws(ZoneFileError) {
        let start = position
        // This also proves that all that is read below lies inside the file.
        try skipBlock(timeSize: timeSize)
        let end = position
        guard counts.leapSeconds == 0 else { throw .leapSeconds }
        guard (1...256).contains(counts.types), counts.times < 60_000 else { throw .outOfBounds }

        position = start + counts.times * (timeSize + 1)
        var offsets: [Int64] = []
        for _ in 0..<counts.types {
            let offset = try readNumber(size: 4, isSigned: true)
            guard Self.offsets.contains(offset) else { throw .outOfBounds }
            offsets.append(offset)
            position += 2
        }
        initialOffset = offsets[0]

        position = start
        var last = TimeZoneRules.farPast
        for place in 0..<counts.times {
            let time = try readNumber(size: timeSize, isSigned: true)
            let type = Int(bytes[start + counts.times * timeSize + place])
            guard time > last, time < Self.endOfTime, type < offsets.count else {
                throw .outOfBounds
            }
            last = time
            if time > -Self.endOfTime {
                changes.append((time, offsets[type]))
            } else {
                // Some files begin with a change at the Big Bang.
                initialOffset = offsets[type]
            }
        }
        position = end
    }

    mutating func readFooter() throws(ZoneFileError) {
        guard position < bytes.count, bytes[position] == 0x0A else { throw .truncated }
        let text = bytes[(position + 1)...]
        guard let close = text.firstIndex(of: 0x0A) else { throw .truncated }
        guard close > text.startIndex else { return }
        guard let rule = PosixZoneRule(text[..<close]) else { throw .footer }
        footer = rule
    }

    private mutating func readNumber(size: Int, isSigned: Bool) throws(ZoneFileError) -> Int64 {
        guard bytes.count - position >= size else { throw .truncated }
        var value: UInt64 = 0
        for byte in bytes[position..<position + size] { value = value << 8 | UInt64(byte) }
        position += size
        let spare = UInt64(64 - 8 * size)
        guard isSigned else { return Int64(bitPattern: value) }
        return Int64(bitPattern: value << spare) >> Int64(spare)
    }
}
