// JSON text to values and back.

internal import FoundationEssentials
package import Vocabulary

/// Why a document could not be read.
package struct DocumentError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
}

/// Reads and writes JSON.
package enum JSON {
    package static func parse(
        _ bytes: [UInt8],
        limit: Int = 4 << 20
    ) throws(DocumentError) -> Value {
        guard bytes.count <= limit else { throw DocumentError(description: "too large") }
        do {
            return try JSONDecoder().decode(Coded.self, from: Data(bytes)).value
        } catch {
            throw DocumentError(description: "not JSON: \(error)")
        }
    }

    package static func bytes(_ value: Value, pretty: Bool = false) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return (try? encoder.encode(Coded(value: value))).map { [UInt8]($0) } ?? []
    }

    private struct Coded: Codable {
        let value: Value

        init(value: Value) {
            self.value = value
        }

        init(from decoder: any Decoder) throws {
            let single = try decoder.singleValueContainer()
            if single.decodeNil() {
                value = .null
            } else if let flag = try? single.decode(Bool.self) {
                value = .bool(flag)
            } else if let number = try? single.decode(Int64.self) {
                value = .integer(number)
            } else if let number = try? single.decode(Double.self) {
                value = .number(number)
            } else if let text = try? single.decode(String.self) {
                value = .string(text)
            } else if let items = try? single.decode([Coded].self) {
                value = .array(items.map(\.value))
            } else {
                value = .object(try single.decode([String: Coded].self).mapValues(\.value))
            }
        }

        func encode(to encoder: any Encoder) throws {
            var single = encoder.singleValueContainer()
            switch value {
            case .null: try single.encodeNil()
            case .bool(let flag): try single.encode(flag)
            case .integer(let number): try single.encode(number)
            case .number(let number): try single.encode(number)
            case .string(let text): try single.encode(text)
            case .array(let items): try single.encode(items.map(Coded.init(value:)))
            case .object(let members): try single.encode(members.mapValues(Coded.init(value:)))
            }
        }
    }
}
