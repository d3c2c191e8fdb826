// Reads the gateway's JSON straight into what it means, without a tree of values in between.

/// An answer that is no answer of etcd's.
struct GatewayFault: Error, Equatable {
    let offset: Int
    let wanted: String
}

/// Goes through JSON once, from the first byte to the last.
///
/// For bytes of which the shape is known; members nobody asks for are skipped. Nothing here traps
/// or recurses without a bound, whatever the bytes are.
struct GatewayScanner {
    /// How deep objects and lists may nest; our own transactions nest four levels of three each.
    private static let depthLimit = 48

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads one object; `member` must read each value, or leave it to be skipped.
    mutating func object(
        _ member: (inout Self, String) throws(GatewayFault) -> Void
    ) throws(GatewayFault) {
        try enter(UInt8(ascii: "{"), "an object")
        defer { depth -= 1 }
        if take(UInt8(ascii: "}")) { return }
        while true {
            let name = String(decoding: try rawText(), as: UTF8.self)
            try require(UInt8(ascii: ":"))
            skipSpace()
            let before = position
            try member(&self, name)
            if position == before { try skipValue() }
            if take(UInt8(ascii: "}")) { return }
            try require(UInt8(ascii: ","))
        }
    }

    /// Reads one list; `item` must read each item.
    mutating func list(
        _ item: (inout Self) throws(GatewayFault) -> Void
    ) throws(GatewayFault) {
        try enter(UInt8(ascii: "["), "a list")
        defer { depth -= 1 }
        if take(UInt8(ascii: "]")) { return }
        while true {
            try item(&self)
            if take(UInt8(ascii: "]")) { return }
            try require(UInt8(ascii: ","))
        }
    }

    /// A number of 64 bits, in quotes or not.
    mutating func integer() throws(GatewayFault) -> Int64 {
        Int64(bitPattern: try number())
    }

    /// The same without a sign, as ids are written.
    mutating func unsigned() throws(GatewayFault) -> UInt64 {
        try number()
    }

    private mutating func number() throws(GatewayFault) -> UInt64 {
        skipSpace()
        let isQuoted = take(UInt8(ascii: "\""))
        let isNegative = take(UInt8(ascii: "-"))
        let start = position
        var value: UInt64 = 0
        while position < bytes.count, bytes[position] &- UInt8(ascii: "0") < 10 {
            let (product, isLarge) = value.multipliedReportingOverflow(by: 10)
            let digit = UInt64(bytes[position] - UInt8(ascii: "0"))
            let (sum, isLarger) = product.addingReportingOverflow(digit)
            guard !isLarge, !isLarger else { throw fault("a number of 64 bits") }
            value = sum
            position += 1
        }
        guard position > start else { throw fault("a number") }
        guard !isQuoted || take(UInt8(ascii: "\"")) else { throw fault("the end of a number") }
        guard isNegative else { return value }
        guard value <= UInt64(Int64.max) else { throw fault("a number of 64 bits") }
        return UInt64(bitPattern: -Int64(value))
    }

    mutating func flag() throws(GatewayFault) -> Bool {
        skipSpace()
        if takeWord("true") { return true }
        if takeWord("false") { return false }
        throw fault("true or false")
    }

    /// Base64 in quotes.
    mutating func data() throws(GatewayFault) -> [UInt8] {
        guard let data = Base64Codec.bytes(try rawText()) else { throw fault("base64") }
        return data
    }

    /// Text for people; of an escape only what follows the backslash is kept.
    mutating func text() throws(GatewayFault) -> String {
        String(decoding: try rawText().filter { $0 != UInt8(ascii: "\\") }, as: UTF8.self)
    }

    /// What is between the quotes, escapes as they are.
    private mutating func rawText() throws(GatewayFault) -> ArraySlice<UInt8> {
        try require(UInt8(ascii: "\""))
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return bytes[start..<position]
            case UInt8(ascii: "\\"): position += 2
            case _: position += 1
            }
        }
        position = bytes.count
        throw fault("the end of a text")
    }

    // MARK: Skipping

    private mutating func skipValue() throws(GatewayFault) {
        skipSpace()
        guard position < bytes.count else { throw fault("a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): try object { _, _ in }
        case UInt8(ascii: "["): try list { scanner throws(GatewayFault) in try scanner.skipValue() }
        case UInt8(ascii: "\""): _ = try rawText()
        case _:
            let start = position
            while position < bytes.count, !Self.endsWord(bytes[position]) { position += 1 }
            guard position > start else { throw fault("a value") }
        }
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: " "),
            UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
            true
        case _: false
        }
    }

    // MARK: Places

    private mutating func enter(_ byte: UInt8, _ what: String) throws(GatewayFault) {
        skipSpace()
        guard take(byte) else { throw fault(what) }
        depth += 1
        guard depth <= Self.depthLimit else { throw fault("less than \(Self.depthLimit) levels") }
    }

    private mutating func require(_ byte: UInt8) throws(GatewayFault) {
        guard take(byte) else { throw fault("`\(Character(Unicode.Scalar(byte)))`") }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            case _: return
            }
        }
    }

    private func fault(_ wanted: String) -> GatewayFault {
        GatewayFault(offset: min(position, bytes.count), wanted: wanted)
    }
}
