// Finds the members of a stored body without making values of them.

/// Where the members of a JSON object are in its bytes.
///
/// A watcher who comes back is sent a hundred thousand bodies; reading each into values and writing
/// them again takes fifty times as long as copying the bytes. So this checks that the bytes are
/// JSON as the writer writes it, and lets them be copied. All else is left to the real reader.
///
/// - SeeAlso: RFC 8259.
struct BodyMembers {
    /// As deep as the reader of documents goes.
    private static let depthLimit = 64

    private let bytes: [UInt8]
    private var place = 0
    private var found: [(name: Range<Int>, value: Range<Int>)] = []

    /// `nil` unless `bytes` are one JSON object without white space between lines.
    init?(_ bytes: [UInt8]) {
        self.bytes = bytes
        guard bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil,
            object(depth: 0, keeping: true), place == bytes.count
        else { return nil }
    }

    /// The bytes of the member called `name`, which has nothing to escape.
    subscript(name: String) -> ArraySlice<UInt8>? {
        let member = found.first { bytes[$0.name].elementsEqual(name.utf8) }
        return member.map { bytes[$0.value] }
    }

    /// Whether no name comes twice, so that copying says what reading would.
    var isPlain: Bool {
        for (index, member) in found.enumerated() {
            for other in found[..<index] where bytes[other.name] == bytes[member.name] {
                return false
            }
        }
        return true
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        place += 1
        return true
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < Self.depthLimit, let next else { return false }
        switch next {
        case UInt8(ascii: "{"): return object(depth: depth, keeping: false)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        case _: return number()
        }
    }

    private mutating func object(depth: Int, keeping isKept: Bool) -> Bool {
        guard take(UInt8(ascii: "{")) else { return false }
        if take(UInt8(ascii: "}")) { return true }
        repeat {
            let start = place + 1
            guard string() else { return false }
            let name = start..<place - 1
            guard take(UInt8(ascii: ":")) else { return false }
            let from = place
            guard value(depth: depth + 1) else { return false }
            if isKept { found.append((name, from..<place)) }
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}"))
    }

    private mutating func array(depth: Int) -> Bool {
        guard take(UInt8(ascii: "[")) else { return false }
        if take(UInt8(ascii: "]")) { return true }
        repeat {
            guard value(depth: depth + 1) else { return false }
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "]"))
    }

    private mutating func string() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        while let byte = next {
            place += 1
            if byte == UInt8(ascii: "\"") { return true }
            guard byte >= 0x20 else { return false }
            guard byte == UInt8(ascii: "\\") else { continue }
            // Those that the writer writes; halves of surrogates are the real reader's business.
            guard let escaped = next, #""\nrt"#.utf8.contains(escaped) else { return false }
            place += 1
        }
        return false
    }

    /// A whole number; how others are written is the real writer's business.
    private mutating func number() -> Bool {
        _ = take(UInt8(ascii: "-"))
        let start = place
        while let byte = next, (0x30...0x39).contains(byte) { place += 1 }
        let count = place - start
        guard (1...18).contains(count), bytes[start] != UInt8(ascii: "0") || count == 1 else {
            return false
        }
        if bytes[start] == UInt8(ascii: "0"), bytes[start - 1] == UInt8(ascii: "-") { return false }
        return next != UInt8(ascii: ".") && next.map { $0 | 0x20 } != UInt8(ascii: "e")
    }

    private mutating func word(_ word: String) -> Bool {
        for byte in word.utf8 where !take(byte) { return false }
        return true
    }
}
