// Numbers and texts in few bytes: what the etcd store's values are made of.

internal import Vocabulary

/// Writes numbers in as few bytes as they need, and texts behind their length.
///
/// etcd keeps every state of every key until it is compacted, so bytes count.
struct CompactWriter {
    private(set) var bytes: [UInt8] = []

    /// Small numbers of either sign take one byte (zigzag, then LEB128 as in protobuf).
    mutating func put(_ number: Int64) {
        put(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
    }

    mutating func put(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func put(_ flag: Bool) {
        bytes.append(flag ? 1 : 0)
    }

    mutating func put(_ data: [UInt8]) {
        put(UInt64(data.count))
        bytes += data
    }

    mutating func put(_ text: String) {
        put(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func put(_ instant: Instant) { put(instant.unixMilliseconds) }
    mutating func put(_ duration: Duration) { put(duration.milliseconds) }

    mutating func put(_ digest: Digest) {
        for half in [digest.high, digest.low] {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: half >> shift))
            }
        }
    }

    mutating func put(_ revision: Revision) {
        put(UInt64(revision.epoch))
        put(revision.sequence)
    }

    /// A flag for presence, and then the value if there is one.
    mutating func put<Value>(_ value: Value?, _ put: (inout Self, Value) -> Void) {
        self.put(value != nil)
        if let value { put(&self, value) }
    }

    mutating func put<Value>(each values: [Value], _ put: (inout Self, Value) -> Void) {
        self.put(UInt64(values.count))
        for value in values { put(&self, value) }
    }
}

/// What was read is not what was written: too short, too long, or none of ours.
struct UnreadableValue: Error, Equatable {}

/// Reads what ``CompactWriter`` wrote; never past the end, whatever the bytes are.
struct CompactReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func number() throws(UnreadableValue) -> Int64 {
        let raw = try unsigned()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    mutating func unsigned() throws(UnreadableValue) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 64 {
            let byte = try next()
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw UnreadableValue()
    }

    mutating func count() throws(UnreadableValue) -> Int {
        // Everything counted takes at least a byte.
        guard let count = Int(exactly: try unsigned()), count <= bytes.count - offset else {
            throw UnreadableValue()
        }
        return count
    }

    mutating func flag() throws(UnreadableValue) -> Bool {
        switch try next() {
        case 0: false
        case 1: true
        case _: throw UnreadableValue()
        }
    }

    mutating func data() throws(UnreadableValue) -> [UInt8] {
        let count = try count()
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    mutating func text() throws(UnreadableValue) -> String {
        let count = try count()
        defer { offset += count }
        return String(decoding: bytes[offset..<offset + count], as: UTF8.self)
    }

    mutating func instant() throws(UnreadableValue) -> Instant {
        Instant(unixMilliseconds: try number())
    }

    mutating func duration() throws(UnreadableValue) -> Duration {
        .milliseconds(try number())
    }

    mutating func digest() throws(UnreadableValue) -> Digest {
        Digest(high: try word(), low: try word())
    }

    mutating func revision() throws(UnreadableValue) -> Revision {
        guard let epoch = UInt32(exactly: try unsigned()) else { throw UnreadableValue() }
        return Revision(epoch: epoch, sequence: try unsigned())
    }

    mutating func optional<Value>(
        _ read: (inout Self) throws(UnreadableValue) -> Value
    ) throws(UnreadableValue) -> Value? {
        try flag() ? try read(&self) : nil
    }

    mutating func list<Value>(
        _ read: (inout Self) throws(UnreadableValue) -> Value
    ) throws(UnreadableValue) -> [Value] {
        let count = try count()
        var values: [Value] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try read(&self)) }
        return values
    }

    private mutating func word() throws(UnreadableValue) -> UInt64 {
        var word: UInt64 = 0
        for _ in 0..<8 { word = word << 8 | UInt64(try next()) }
        return word
    }

    private mutating func next() throws(UnreadableValue) -> UInt8 {
        guard offset < bytes.count else { throw UnreadableValue() }
        defer { offset += 1 }
        return bytes[offset]
    }
}
