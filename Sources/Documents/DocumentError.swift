// What is wrong with a document, where, and what to write instead.

/// A JSON or YAML text that cannot be read.
package struct DocumentError: Error, Equatable, Sendable {
    package enum Problem: Equatable, Sendable {
        case empty
        case tooLarge(bytes: Int, limit: Int)
        case tooDeep(limit: Int)
        case tooManyValues(limit: Int)
        case notUTF8
        case unexpected(String, wanted: String)
        case endsEarly(wanted: String)
        case unknownWord(String)
        case trailingComma
        case leadingZero(String)
        case numberOutOfRange(String)
        case controlCharacter(UInt32)
        case invalidEscape(String)
        case duplicateKey(String, firstLine: Int?)
        case keyIsNoText
        case alias(String)
        case tag(String)
        case tab
        case reservedStart(String)
        case notFinite(String)
        /// What libyaml says, with our advice.
        case syntax(String, advice: String)
    }

    package let problem: Problem
    /// Counted from 1; 0 where the document as a whole is at fault.
    package let line: Int
    /// Counted in characters from 1; 0 where the document as a whole is at fault.
    package let column: Int

    package init(_ problem: Problem, line: Int = 0, column: Int = 0) {
        self.problem = problem
        self.line = line
        self.column = column
    }

    /// What is wrong and what to write instead, without the place.
    package var message: String {
        switch problem {
        case .empty: "there is nothing here; write a value"
        case .tooLarge(let bytes, let limit):
            "the document has \(bytes) bytes; at most \(limit) are read. Split it"
        case .tooDeep(let limit): "this is nested more than \(limit) deep; flatten it"
        case .tooManyValues(let limit):
            "the document has more than \(limit) values; split it"
        case .notUTF8: "these bytes are not UTF-8; save the file as UTF-8"
        case .controlCharacter(let code):
            "the control character \(Self.codePoint(code)) is not allowed here; remove it, or write"
                + " it as an escape in double quotes"
        case .duplicateKey(let key, let firstLine):
            "the key \(quoted(key)) is already "
                + (firstLine.map { "on line \($0)" } ?? "in this object")
                + "; remove one of the two"
        case .keyIsNoText: "a key must be plain text, not a list or mapping"
        default: syntaxMessage
        }
    }

    private var syntaxMessage: String {
        switch problem {
        case .unexpected(let found, let wanted): "expected \(wanted), found \(found)"
        case .endsEarly(let wanted): "the document ends here; expected \(wanted)"
        case .unknownWord(let word):
            "\(quoted(word)) is no JSON value; write true, false, null, a number, or text in"
                + " double quotes"
        case .trailingComma: "nothing follows this comma; remove it"
        case .leadingZero(let number):
            "\(quoted(number)) starts with a zero; remove it, or put the number in quotes to"
                + " keep it"
        case .numberOutOfRange(let number):
            "\(quoted(number)) does not fit in 64 bits; put it in quotes to keep it as text"
        case .invalidEscape(let escape):
            "\(quoted(escape)) is no escape; to write a backslash, write two"
        case .alias(let name):
            "anchors and aliases are not read, and this is \(quoted(name)); write the value out,"
                + " or put a text that starts with & or * in quotes"
        case .tag(let tag):
            "tags are not read, and this is \(quoted(tag)); put the value in quotes to make it text"
        case .tab: "a tab stands where YAML wants spaces; indent with spaces only"
        case .reservedStart(let value):
            "a value cannot start with \(value.prefix(1)) unless it is in quotes; write"
                + " \"\(value.prefix(40))\""
        case .notFinite(let number):
            "\(quoted(number)) is no number that can be stored; write a finite one, or put it in"
                + " quotes"
        case .syntax(let words, let advice): advice.isEmpty ? words : "\(words); \(advice)"
        case _: ""
        }
    }

    /// `text` in backquotes, cut after 40 characters: it comes from whoever wrote the document.
    private func quoted(_ text: String) -> String {
        let clean = text.unicodeScalars.prefix(40).map { scalar in
            scalar.value < 0x20 || scalar.value == 0x7F ? "·" : String(scalar)
        }.joined()
        return "`\(clean)\(text.unicodeScalars.count > 40 ? "…" : "")`"
    }

    private static func codePoint(_ code: UInt32) -> String {
        let digits = String(code, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension DocumentError: CustomStringConvertible {
    package var description: String {
        line == 0 ? message : "line \(line), column \(column): \(message)"
    }
}
