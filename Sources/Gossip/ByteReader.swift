// Bytes to values. Every length is bounded before it is believed, and nothing here can trap.

internal import Vocabulary

/// Reads values in the wire format, in order.
struct ByteReader {
    private let bytes: [UInt8]
    private let end: Int
    private(set) var offset: Int

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        offset = 0
        end = bytes.count
    }

    /// Reads only `range` of the same bytes.
    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        offset = range.lowerBound
        end = range.upperBound
    }

    /// A reader of what follows a length, which this one passes over; nothing is copied.
    mutating func inner(
        _ what: StaticString,
        upTo limit: Int
    ) throws(GossipCodecError) -> ByteReader {
        ByteReader(bytes, try range(what, upTo: limit))
    }

    private mutating func range(
        _ what: StaticString,
        upTo limit: Int
    ) throws(GossipCodecError) -> Range<Int> {
        let length = try number(what)
        guard length <= UInt64(limit) else {
            throw fault(.outOfRange("\(what)", value: "\(length) bytes"))
        }
        guard length <= UInt64(remaining) else { throw fault(.truncated) }
        defer { offset += Int(length) }
        return offset..<offset + Int(length)
    }

    var remaining: Int { end - offset }

    mutating func byte() throws(GossipCodecError) -> UInt8 {
        guard offset < end else { throw fault(.truncated) }
        defer { offset += 1 }
        return bytes[offset]
    }

    /// A LEB128 number of at most `limit`.
    mutating func number(
        _ what: StaticString,
        upTo limit: UInt64 = .max
    ) throws(GossipCodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let next = try byte()
            let part = UInt64(next & 0x7F)
            guard shift < 64, (part << shift) >> shift == part else {
                throw fault(.outOfRange("\(what)", value: "more than 64 bits"))
            }
            value |= part << shift
            if next & 0x80 == 0 { break }
            shift += 7
        }
        guard value <= limit else { throw fault(.outOfRange("\(what)", value: "\(value)")) }
        return value
    }

    /// A count of things of at least one byte each, so never more than what is left.
    mutating func count(_ what: StaticString, upTo limit: Int) throws(GossipCodecError) -> Int {
        let value = try number(what, upTo: UInt64(limit))
        guard value <= UInt64(remaining) else { throw fault(.truncated) }
        return Int(value)
    }

    mutating func signed(
        _ what: StaticString,
        within bound: Int64 = .max
    ) throws(GossipCodecError) -> Int64 {
        let raw = try number(what)
        let value = Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
        guard value <= bound, value >= -bound else {
            throw fault(.outOfRange("\(what)", value: "\(value)"))
        }
        return value
    }

    mutating func word() throws(GossipCodecError) -> UInt64 {
        guard remaining >= 8 else { throw fault(.truncated) }
        defer { offset += 8 }
        var value: UInt64 = 0
        for place in offset..<offset + 8 { value = value << 8 | UInt64(bytes[place]) }
        return value
    }

    mutating func block(
        _ what: StaticString,
        upTo limit: Int
    ) throws(GossipCodecError) -> [UInt8] {
        Array(bytes[try range(what, upTo: limit)])
    }

    mutating func text(
        _ what: StaticString,
        upTo limit: Int
    ) throws(GossipCodecError) -> String {
        let range = try range(what, upTo: limit)
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw fault(.outOfRange("\(what)", value: "bytes that are no UTF-8"))
        }
        return text
    }

    func fault(_ problem: GossipCodecError.Problem) -> GossipCodecError {
        GossipCodecError(offset: offset, problem: problem)
    }
}

/// Bytes of a peer that make no sense.
package struct GossipCodecError: Error, Equatable, Sendable {
    package enum Problem: Equatable, Sendable {
        case truncated
        case outOfRange(String, value: String)
        case unknownVersion(UInt8)
        /// A frame that must not be skipped is of a type this release does not know.
        case unknownFrame(UInt8)
    }

    /// Where reading stopped, in bytes from the start of the message.
    package let offset: Int
    package let problem: Problem
}

extension GossipCodecError: CustomStringConvertible {
    package var description: String {
        switch problem {
        case .truncated: "message, byte \(offset): it ends too early"
        case .outOfRange(let what, let value): "message, byte \(offset): \(what) is \(value)"
        case .unknownVersion(let version):
            "message: wire version \(version) is unknown. Run releases that are next to each other"
        case .unknownFrame(let type): "message, byte \(offset): unknown critical frame \(type)"
        }
    }
}
