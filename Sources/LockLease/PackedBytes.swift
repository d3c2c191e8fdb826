// Numbers and texts as bytes without ambiguity, for digests and for what the store remembers.

internal import Vocabulary

/// Writes fixed-width big-endian numbers, and texts behind their length.
struct PackedBytes {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ number: Int64) {
        put(UInt64(bitPattern: number))
    }

    mutating func put(_ text: String) {
        put(Int64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func put(_ digest: Digest) {
        put(digest.high)
        put(digest.low)
    }

    mutating func put(_ revision: Revision) {
        put(Int64(revision.epoch))
        put(revision.sequence)
    }

    private mutating func put(_ number: UInt64) {
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }
}

/// Reads what ``PackedBytes`` wrote; answers `nil` past the end.
struct PackedReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number() -> Int64? {
        word().map { Int64(bitPattern: $0) }
    }

    mutating func text() -> String? {
        guard let count = number(), count >= 0, count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return String(decoding: rest.prefix(Int(count)), as: UTF8.self)
    }

    mutating func digest() -> Digest? {
        guard let high = word(), let low = word() else { return nil }
        return Digest(high: high, low: low)
    }

    mutating func revision() -> Revision? {
        guard let epoch = number().flatMap({ UInt32(exactly: $0) }), let sequence = word() else {
            return nil
        }
        return Revision(epoch: epoch, sequence: sequence)
    }

    private mutating func word() -> UInt64? {
        guard rest.count >= 8 else { return nil }
        defer { rest = rest.dropFirst(8) }
        return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
