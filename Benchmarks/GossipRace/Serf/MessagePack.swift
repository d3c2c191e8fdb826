// The little of MessagePack that serf's control protocol needs.

/// A value of MessagePack; text and bytes are one thing in serf's old dialect.
enum PackedValue: Equatable, Sendable {
    case nothing
    case flag(Bool)
    case number(Int)
    case bytes([UInt8])
    case list([PackedValue])
    case map([(key: String, value: PackedValue)])

    static func text(_ text: String) -> Self { .bytes(Array(text.utf8)) }

    static func == (one: Self, other: Self) -> Bool { one.packed == other.packed }

    subscript(key: String) -> PackedValue? {
        guard case .map(let fields) = self else { return nil }
        return fields.first { $0.key == key }?.value
    }

    var number: Int? {
        guard case .number(let number) = self else { return nil }
        return number
    }

    var text: String? {
        guard case .bytes(let bytes) = self else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    var elements: [PackedValue] {
        guard case .list(let elements) = self else { return [] }
        return elements
    }

    /// - SeeAlso: The MessagePack specification; bytes go out as `raw`, its oldest form.
    var packed: [UInt8] {
        switch self {
        case .nothing: [0xC0]
        case .flag(let flag): [flag ? 0xC3 : 0xC2]
        case .number(let number) where (0..<128).contains(number): [UInt8(number)]
        case .number(let number):
            [0xD3] + Self.big(UInt64(bitPattern: Int64(number)), bytes: 8)
        case .bytes(let bytes) where bytes.count < 32: [0xA0 | UInt8(bytes.count)] + bytes
        case .bytes(let bytes): [0xDA] + Self.big(UInt64(bytes.count), bytes: 2) + bytes
        case .list(let list):
            [0xDC] + Self.big(UInt64(list.count), bytes: 2) + list.flatMap(\.packed)
        case .map(let fields):
            [0xDE] + Self.big(UInt64(fields.count), bytes: 2)
                + fields.flatMap { Self.text($0.key).packed + $0.value.packed }
        }
    }

    private static func big(_ number: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * (bytes - 1 - $0))) }
    }
}

/// Takes values off the front of what has arrived.
struct PackedReader {
    private let bytes: [UInt8]
    private(set) var position = 0

    /// There is not all of the value yet.
    struct Incomplete: Error {}
    /// Not MessagePack, or too deep.
    struct Malformed: Error {}

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func value(depth: Int = 0) throws -> PackedValue {
        guard depth < 16 else { throw Malformed() }
        let code = try UInt8(number(1))
        switch code {
        case 0x00...0x7F: return .number(Int(code))
        case 0x80...0x8F: return try map(Int(code & 0x0F), depth)
        case 0x90...0x9F: return try list(Int(code & 0x0F), depth)
        case 0xA0...0xBF: return .bytes(try take(Int(code & 0x1F)))
        case 0xC0: return .nothing
        case 0xC2, 0xC3: return .flag(code == 0xC3)
        case 0xC4, 0xD9: return .bytes(try take(Int(number(1))))
        case 0xC5, 0xDA: return .bytes(try take(Int(number(2))))
        case 0xC6, 0xDB: return .bytes(try take(Int(number(4))))
        case 0xCC...0xCF: return .number(Int(truncatingIfNeeded: try number(1 << Int(code - 0xCC))))
        case 0xD0: return .number(Int(Int8(truncatingIfNeeded: try number(1))))
        case 0xD1: return .number(Int(Int16(truncatingIfNeeded: try number(2))))
        case 0xD2: return .number(Int(Int32(truncatingIfNeeded: try number(4))))
        case 0xD3: return .number(Int(truncatingIfNeeded: try number(8)))
        case 0xDC: return try list(Int(number(2)), depth)
        case 0xDD: return try list(Int(number(4)), depth)
        case 0xDE: return try map(Int(number(2)), depth)
        case 0xDF: return try map(Int(number(4)), depth)
        case 0xE0...0xFF: return .number(Int(Int8(bitPattern: code)))
        case _: throw Malformed()
        }
    }

    private mutating func list(_ count: Int, _ depth: Int) throws -> PackedValue {
        var elements: [PackedValue] = []
        for _ in 0..<count { elements.append(try value(depth: depth + 1)) }
        return .list(elements)
    }

    private mutating func map(_ count: Int, _ depth: Int) throws -> PackedValue {
        var fields: [(key: String, value: PackedValue)] = []
        for _ in 0..<count {
            guard let key = try value(depth: depth + 1).text else { throw Malformed() }
            fields.append((key, try value(depth: depth + 1)))
        }
        return .map(fields)
    }

    private mutating func number(_ count: Int) throws -> UInt64 {
        try take(count).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: Int) throws -> [UInt8] {
        guard bytes.count - position >= count else { throw Incomplete() }
        defer { position += count }
        return Array(bytes[position..<(position + count)])
    }
}
