// A document without a schema: what JSON and YAML both say.

/// A JSON value.
package enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([Value])
    case object([String: Value])

    /// The kind of value in words, for messages.
    package var kindInWords: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .number: "a number"
        case .string: "text"
        case .array: "a list"
        case .object: "a mapping"
        }
    }

    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var integer: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    package var bool: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    package var array: [Value]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    package var object: [String: Value]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The member called `name`, or `nil` if this is no object or has none.
    package subscript(name: String) -> Value? {
        object?[name]
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral text: String) { self = .string(text) }
    package init(integerLiteral number: Int64) { self = .integer(number) }
    package init(booleanLiteral flag: Bool) { self = .bool(flag) }
    package init(arrayLiteral items: Value...) { self = .array(items) }

    package init(dictionaryLiteral members: (String, Value)...) {
        self = .object(Dictionary(members) { _, last in last })
    }
}
