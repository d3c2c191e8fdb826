// What a YAML scalar without quotes means.

internal import Vocabulary

/// A plain scalar under the core schema of YAML 1.2, with one caution: a number with a leading
/// zero stays text, because YAML 1.1 reads `0644` as octal and 1.2 as 644.
///
/// - SeeAlso: YAML 1.2.2, section 10.3.2.
enum PlainScalar: Equatable {
    case value(Value)
    case tooBig
    case notFinite

    init(_ text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .value(.null)
        case "true", "True", "TRUE": self = .value(.bool(true))
        case "false", "False", "FALSE": self = .value(.bool(false))
        case _: self = Self.number(text) ?? .value(.string(text))
        }
    }

    private static func number(_ text: String) -> Self? {
        let isNegative = text.hasPrefix("-")
        let unsigned = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
        switch unsigned {
        case ".inf", ".Inf", ".INF": return .notFinite
        case _ where [".nan", ".NaN", ".NAN"].contains(text): return .notFinite
        case _ where text.hasPrefix("0x"): return whole(text.dropFirst(2), radix: 16)
        case _ where text.hasPrefix("0o"): return whole(text.dropFirst(2), radix: 8)
        case _: return decimal(unsigned, in: text)
        }
    }

    private static func whole(_ digits: Substring, radix: Int) -> Self? {
        guard !digits.isEmpty,
            digits.allSatisfy({ $0.isASCII && ($0.hexDigitValue ?? 99) < radix })
        else { return nil }
        return Int64(digits, radix: radix).map { .value(.integer($0)) } ?? .tooBig
    }

    private static func decimal(_ unsigned: Substring, in text: String) -> Self? {
        let head = unsigned.prefix { isDigit($0) }
        var rest = unsigned[head.endIndex...]
        guard head.count <= 1 || head.first != "0" else { return nil }
        if rest.isEmpty {
            guard !head.isEmpty else { return nil }
            return Int64(text).map { .value(.integer($0)) } ?? .tooBig
        }
        var fraction: Substring = ""
        if rest.first == "." {
            fraction = rest.dropFirst().prefix { isDigit($0) }
            rest = rest[fraction.endIndex...]
        }
        guard !head.isEmpty || !fraction.isEmpty else { return nil }
        if rest.first == "e" || rest.first == "E" {
            rest = rest.dropFirst()
            if rest.first == "+" || rest.first == "-" { rest = rest.dropFirst() }
            guard !rest.isEmpty else { return nil }
            rest = rest.drop { isDigit($0) }
        }
        guard rest.isEmpty else { return nil }
        guard let number = Double(text), number.isFinite else { return .tooBig }
        return .value(.number(number))
    }

    private static func isDigit(_ character: Character) -> Bool {
        ("0"..."9").contains(character) && character.isASCII
    }
}
