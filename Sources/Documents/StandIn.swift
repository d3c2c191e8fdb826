// Stands in for JSON and YAML until they are merged.

internal import FoundationEssentials
package import Vocabulary

package struct DocumentError: Error {}

package enum JSON {
    private struct Box: Codable {
        let value: Value
        struct Key: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }
        init(_ value: Value) { self.value = value }
        init(from decoder: any Decoder) throws {
            if let box = try? decoder.singleValueContainer() {
                if box.decodeNil() { value = .null; return }
                if let flag = try? box.decode(Bool.self) { value = .bool(flag); return }
                if let number = try? box.decode(Int64.self) { value = .integer(number); return }
                if let number = try? box.decode(Double.self) { value = .number(number); return }
                if let text = try? box.decode(String.self) { value = .string(text); return }
                if let items = try? box.decode([Box].self) {
                    value = .array(items.map(\.value))
                    return
                }
                value = .object(try box.decode([String: Box].self).mapValues(\.value))
                return
            }
            value = .null
        }
        func encode(to encoder: any Encoder) throws {
            var box = encoder.singleValueContainer()
            switch value {
            case .null: try box.encodeNil()
            case .bool(let flag): try box.encode(flag)
            case .integer(let number): try box.encode(number)
            case .number(let number): try box.encode(number)
            case .string(let text): try box.encode(text)
            case .array(let items): try box.encode(items.map { Box($0) })
            case .object(let members): try box.encode(members.mapValues { Box($0) })
            }
        }
    }

    package static func parse(_ bytes: [UInt8]) throws(DocumentError) -> Value {
        do { return try JSONDecoder().decode(Box.self, from: Data(bytes)).value } catch {
            throw DocumentError()
        }
    }

    package static func bytes(_ value: Value, pretty: Bool = false) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty
            ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            : [.sortedKeys, .withoutEscapingSlashes]
        return (try? Array(encoder.encode(Box(value)))) ?? []
    }
}

package enum YAML {
    package static func parse(_ bytes: [UInt8]) throws -> [Value] { [try JSON.parse(bytes)] }
    package static func text(_ value: Value, keyOrder: [String] = []) -> String {
        String(decoding: JSON.bytes(value, pretty: true), as: UTF8.self)
    }
}
