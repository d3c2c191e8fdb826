// JSON's grammar. `JSONDecoder` reads `[1,]`, takes the last of two equal members in silence, makes
// 18446744073709551616 a rounded number and names no place; hence this reader.

internal import Vocabulary

struct JSONReader {
    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    private var count = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(DocumentError) -> Value {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        skipSpace()
        guard position < bytes.count else { throw DocumentError(.empty) }
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw unexpected(wanted: "nothing after the value") }
        return value
    }

    private mutating func value() throws(DocumentError) -> Value {
        count += 1
        guard count <= DocumentLimits.values else {
            throw failure(.tooManyValues(limit: DocumentLimits.values))
        }
        switch current ?? 0 {
        case UInt8(ascii: "\""): return .string(try text())
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
            return try word()
        case _: throw unexpected(wanted: "a value")
        }
    }

    /// Steps over the opening bracket.
    private mutating func enter() throws(DocumentError) {
        depth += 1
        guard depth <= DocumentLimits.depth else {
            throw failure(.tooDeep(limit: DocumentLimits.depth))
        }
        position += 1
        skipSpace()
    }

    private mutating func object() throws(DocumentError) -> Value {
        try enter()
        defer { depth -= 1 }
        var members: [String: Value] = [:]
        if take("}") { return .object(members) }
        while true {
            let start = position
            guard current == UInt8(ascii: "\"") else {
                throw unexpected(wanted: "a name in double quotes")
            }
            let name = try text()
            skipSpace()
            guard take(":") else { throw unexpected(wanted: "`:` after a name") }
            skipSpace()
            guard members.updateValue(try value(), forKey: name) == nil else {
                throw failure(.duplicateKey(name, firstLine: nil), at: start)
            }
            skipSpace()
            if take("}") { return .object(members) }
            try takeComma(before: "}")
        }
    }

    private mutating func array() throws(DocumentError) -> Value {
        try enter()
        defer { depth -= 1 }
        var items: [Value] = []
        if take("]") { return .array(items) }
        while true {
            items.append(try value())
            skipSpace()
            if take("]") { return .array(items) }
            try takeComma(before: "]")
        }
    }

    private mutating func takeComma(before close: Unicode.Scalar) throws(DocumentError) {
        let comma = position
        guard take(",") else { throw unexpected(wanted: "`,` or `\(close)`") }
        skipSpace()
        guard current != UInt8(ascii: close) else { throw failure(.trailingComma, at: comma) }
    }

    private mutating func word() throws(DocumentError) -> Value {
        let start = position
        while let byte = current, Self.isWord(byte) { position += 1 }
        let word = String(decoding: bytes[start..<position], as: UTF8.self)
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        case _: throw failure(.unknownWord(word), at: start)
        }
    }

    // MARK: Numbers

    private mutating func number() throws(DocumentError) -> Value {
        let start = position
        _ = take("-")
        let digits = position
        skipDigits()
        guard position > digits else { throw unexpected(wanted: "a digit") }
        let hasLeadingZero = bytes[digits] == UInt8(ascii: "0") && position > digits + 1
        var isWhole = true
        if take(".") {
            isWhole = false
            try requireDigits()
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            try requireDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard !hasLeadingZero else { throw failure(.leadingZero(text), at: start) }
        if isWhole {
            guard let number = Int64(text) else {
                throw failure(.numberOutOfRange(text), at: start)
            }
            return .integer(number)
        }
        guard let number = Double(text), number.isFinite else {
            throw failure(.numberOutOfRange(text), at: start)
        }
        return .number(number)
    }

    private mutating func skipDigits() {
        while let byte = current, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
    }

    private mutating func requireDigits() throws(DocumentError) {
        let start = position
        skipDigits()
        guard position > start else { throw unexpected(wanted: "a digit") }
    }

    // MARK: Text

    private mutating func text() throws(DocumentError) -> String {
        let open = position
        position += 1
        var start = position
        var unescaped: [UInt8] = []
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                defer { position += 1 }
                if unescaped.isEmpty { return try string(bytes[start..<position], at: open) }
                return try string((unescaped + bytes[start..<position])[...], at: open)
            case UInt8(ascii: "\\"):
                unescaped += bytes[start..<position]
                unescaped += String(try escape()).utf8
                start = position
            case 0..<0x20: throw failure(.controlCharacter(UInt32(byte)))
            case _: position += 1
            }
        }
        throw failure(.endsEarly(wanted: "the closing quote of this text"), at: open)
    }

    private func string(_ slice: ArraySlice<UInt8>, at open: Int) throws(DocumentError) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw failure(.notUTF8, at: open)
        }
        return text
    }

    private mutating func escape() throws(DocumentError) -> Unicode.Scalar {
        let start = position
        position += 2
        switch start + 1 < bytes.count ? bytes[start + 1] : 0 {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): if let scalar = unicodeEscape() { return scalar }
        case _: break
        }
        let isUnicode = bytes[start...].starts(with: "\\u".utf8)
        let escape = String(decoding: bytes[start...].prefix(isUnicode ? 6 : 2), as: UTF8.self)
        throw failure(.invalidEscape(escape), at: start)
    }

    /// Behind `\u`: four digits, or two times four for a character beyond U+FFFF.
    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let high = codeUnit(at: position) else { return nil }
        position += 4
        guard UTF16.isLeadSurrogate(high) else { return Unicode.Scalar(high) }
        guard position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u"), let low = codeUnit(at: position + 2),
            UTF16.isTrailSurrogate(low)
        else { return nil }
        position += 6
        return Unicode.Scalar(0x1_0000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
    }

    private func codeUnit(at start: Int) -> UInt16? {
        guard start + 4 <= bytes.count else { return nil }
        var code: UInt16 = 0
        for byte in bytes[start..<(start + 4)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            code = code << 4 | UInt16(digit)
        }
        return code
    }

    // MARK: Places

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = current, Self.isSpace(byte) { position += 1 }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        case _: false
        }
    }

    private func unexpected(wanted: String) -> DocumentError {
        guard let byte = current else { return failure(.endsEarly(wanted: wanted)) }
        let rest = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        let found = byte < 0x20 ? "byte \(byte)" : "`\(rest.unicodeScalars.first ?? "?")`"
        let advice =
            switch byte {
            case UInt8(ascii: "'"): "\(wanted) (JSON quotes with \")"
            case UInt8(ascii: "/"), UInt8(ascii: "#"): "\(wanted) (JSON has no comments)"
            case _: wanted
            }
        return failure(.unexpected(found, wanted: advice))
    }

    private func failure(_ problem: DocumentError.Problem, at offset: Int? = nil) -> DocumentError {
        let before = bytes[..<min(offset ?? position, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = String(decoding: before[lineStart...], as: UTF8.self).unicodeScalars.count + 1
        return DocumentError(problem, line: line, column: column)
    }
}
