// Values as YAML that people like to read: block style, quotes only where they are needed.

internal import Vocabulary

struct YAMLWriter {
    private let keyOrder: [String: Int]
    private var text = ""

    init(keyOrder: [String]) {
        self.keyOrder = Dictionary(
            zip(keyOrder, 0...),
            uniquingKeysWith: { first, _ in first }
        )
    }

    mutating func document(_ value: Value) -> String {
        switch value {
        case .array(let items) where !items.isEmpty: write(items, indent: 0)
        case .object(let members) where !members.isEmpty: write(members, indent: 0)
        case _: text += "\(scalar(value))\n"
        }
        return text
    }

    private mutating func write(_ items: [Value], indent: Int) {
        for (index, item) in items.enumerated() {
            if index > 0 { text += spaces(indent) }
            text += "-"
            switch item {
            case .array(let items) where !items.isEmpty:
                text += " "
                write(items, indent: indent + 2)
            case .object(let members) where !members.isEmpty:
                text += " "
                write(members, indent: indent + 2)
            case _: writeLeaf(item, indent: indent + 2)
            }
        }
    }

    private mutating func write(_ members: [String: Value], indent: Int) {
        let sorted = members.sorted { rank($0.key) < rank($1.key) }
        for (index, (key, value)) in sorted.enumerated() {
            if index > 0 { text += spaces(indent) }
            text += quotedIfNeeded(key) + ":"
            switch value {
            case .array(let items) where !items.isEmpty:
                text += "\n" + spaces(indent + 2)
                write(items, indent: indent + 2)
            case .object(let members) where !members.isEmpty:
                text += "\n" + spaces(indent + 2)
                write(members, indent: indent + 2)
            case _: writeLeaf(value, indent: indent + 2)
            }
        }
    }

    /// A scalar behind `key:` or `-`, with the line's end.
    private mutating func writeLeaf(_ value: Value, indent: Int) {
        if case .string(let string) = value, Self.fitsBlock(string) {
            text += string.hasSuffix("\n") ? " |\n" : " |-\n"
            let body = string.hasSuffix("\n") ? string.dropLast() : string[...]
            for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
                text += line.isEmpty ? "\n" : "\(spaces(indent))\(line)\n"
            }
        } else {
            text += " \(scalar(value))\n"
        }
    }

    private func rank(_ key: String) -> (Int, String) {
        (keyOrder[key] ?? .max, key)
    }

    private func spaces(_ count: Int) -> String {
        String(repeating: " ", count: count)
    }

    private func scalar(_ value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(let number): number.isFinite ? "\(number)" : "null"
        case .string(let text): quotedIfNeeded(text)
        case .array: "[]"
        case .object: "{}"
        }
    }

    // MARK: Quotes

    private func quotedIfNeeded(_ text: String) -> String {
        Self.isPlain(text) ? text : quoted(text)
    }

    /// Whether `text` without quotes reads back as itself, here and in YAML 1.1.
    private static func isPlain(_ text: String) -> Bool {
        guard PlainScalar(text) == .value(.string(text)), !readsOtherwiseElsewhere(text),
            let first = text.unicodeScalars.first, let last = text.unicodeScalars.last
        else { return false }
        let opensPlain =
            first.properties.isAlphabetic
            || "0123456789/._+($".unicodeScalars
                .contains(first)
        return opensPlain && last != ":" && last != " " && !text.utf8.contains(": ".utf8)
            && !text.utf8.contains(" #".utf8) && !text.hasPrefix("...")
            && text.unicodeScalars.allSatisfy { $0 == " " || isVisible($0) }
    }

    /// What YAML 1.1 readers such as PyYAML take for something else than text.
    private static func readsOtherwiseElsewhere(_ text: String) -> Bool {
        if ["y", "n", "yes", "no", "on", "off"].contains(text.lowercased()) { return true }
        guard let first = text.first, first.isNumber || first == "+" || first == "." else {
            return false
        }
        return text.allSatisfy { $0.isHexDigit || ":-_+.TZtzxo ".contains($0) }
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x21...0x7E: true
        case 0xA1...0xD7FF: !(0x2028...0x2029).contains(scalar.value)
        case 0xE000...0xFFFD: scalar.value != 0xFEFF
        case 0x1_0000...0x10_FFFF: true
        case _: false
        }
    }

    /// Whether `text` can stand in a block with `|`, as scripts of several lines should.
    private static func fitsBlock(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard scalars.contains("\n"), let first = scalars.first, isVisible(first) else {
            return false
        }
        let isEndClean = !text.hasSuffix("\n\n")
        return isEndClean
            && scalars.allSatisfy { $0 == "\n" || $0 == " " || $0 == "\t" || isVisible($0) }
            && !text.split(separator: "\n").contains { line in
                line.allSatisfy { $0 == " " || $0 == "\t" }
            }
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar == " " || Self.isVisible(scalar):
                result.unicodeScalars.append(scalar)
            case _:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return result + "\""
    }
}
