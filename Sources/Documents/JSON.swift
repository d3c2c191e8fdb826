// JSON to and from values.

internal import FoundationEssentials
package import Vocabulary

/// Reads JSON strictly and writes it canonically.
package enum JSON {
    /// Reads exactly one JSON value.
    ///
    /// Whole numbers stay exact or are refused; a member that appears twice is refused, so that
    /// two readers can never see two things. A byte order mark at the start is skipped.
    ///
    /// At most `limit` bytes are read, and 64 levels of nesting.
    ///
    /// - Complexity: O(bytes), about 10 ns each.
    /// - SeeAlso: RFC 8259.
    package static func parse(
        _ bytes: [UInt8],
        limit: Int = 4 << 20
    ) throws(DocumentError) -> Value {
        guard bytes.count <= limit else {
            throw DocumentError(.tooLarge(bytes: bytes.count, limit: limit))
        }
        var reader = JSONReader(bytes)
        return try reader.document()
    }

    /// The bytes of `value`: members sorted by name, no escaped slashes, no white space.
    ///
    /// Equal values give equal bytes. A number that is whole is written without a fraction, and
    /// one that JSON cannot say (infinite, not a number) as `null`.
    package static func bytes(_ value: Value, pretty isPretty: Bool = false) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        guard let data = try? encoder.encode(EncodedValue(value)) else {
            preconditionFailure("a value that JSON cannot say: \(value.kindInWords)")
        }
        return [UInt8](data)
    }
}

/// What `JSONEncoder` sees of a value.
private struct EncodedValue: Encodable {
    private let value: Value

    init(_ value: Value) {
        self.value = value
    }

    func encode(to encoder: any Encoder) throws {
        switch value {
        case .array(let items):
            var container = encoder.unkeyedContainer()
            for item in items { try container.encode(Self(item)) }
        case .object(let members):
            var container = encoder.container(keyedBy: MemberName.self)
            for (name, member) in members {
                try container.encode(Self(member), forKey: MemberName(stringValue: name))
            }
        case .null: try encodeNil(to: encoder)
        case .bool(let flag): try encode(flag, to: encoder)
        case .integer(let number): try encode(number, to: encoder)
        case .number(let number) where !number.isFinite: try encodeNil(to: encoder)
        case .number(let number): try encode(number, to: encoder)
        case .string(let text): try encode(text, to: encoder)
        }
    }

    private func encode(_ value: some Encodable, to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    private func encodeNil(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}

private struct MemberName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }
}
