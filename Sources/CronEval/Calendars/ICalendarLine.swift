// The lines of an iCalendar file, unfolded, and the properties they hold.

/// Lines without their folds: RFC 5545, section 3.1.
struct ICalendarLines {
    struct Line {
        /// Of its first part, from 1.
        let number: Int
        let bytes: [UInt8]
    }

    private let bytes: [UInt8]
    private var position: Int
    private var number = 1

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    init(bytes: [UInt8]) {
        self.bytes = bytes
        position = bytes.starts(with: Self.mark) ? Self.mark.count : 0
    }

    /// The next line, or `nil` at the end; lines end with LF, CRLF or, as some do, CR CR LF.
    mutating func next() throws(ICalendarError) -> Line? {
        guard position < bytes.count else { return nil }
        let first = number
        var content: [UInt8] = []
        var begin = position
        repeat {
            let end = bytes[begin...].firstIndex(of: 0x0A) ?? bytes.count
            var last = end
            while last > begin, bytes[last - 1] == 0x0D { last -= 1 }
            guard content.count + last - begin <= ICalendar.Limits.lineBytes else {
                throw .lineTooLong(line: first)
            }
            content += bytes[begin..<last]
            position = end + 1
            begin = end + 2
            number += 1
        } while position < bytes.count && bytes[position].isICalendarBlank
        return Line(number: first, bytes: content)
    }
}

/// A property: its name in capitals, its value, and the two parameters that matter for dates.
struct ICalendarProperty {
    let line: Int
    let name: String
    /// What the line has behind its name, beginning with `;` or `:`.
    private let rest: ArraySlice<UInt8>

    /// - Returns: `nil` if the line begins with no name.
    init?(_ line: ICalendarLines.Line) {
        let end = line.bytes.firstIndex { !$0.isICalendarName } ?? line.bytes.endIndex
        guard end > 0, end < line.bytes.endIndex, ":;".utf8.contains(line.bytes[end]) else {
            return nil
        }
        self.line = line.number
        name = String(decoding: line.bytes[..<end], as: UTF8.self).uppercased()
        rest = line.bytes[end...]
    }

    /// What stands behind the parameters.
    func value() throws(ICalendarError) -> [UInt8] {
        try Array(rest[(valueStart() + 1)...])
    }

    /// The value of a property that holds no text, without blanks around it.
    ///
    /// Time zone names with colons but without quotes are common enough to be skipped here: no
    /// date and no rule has a colon.
    func plainValue() throws(ICalendarError) -> [UInt8] {
        let value = rest[(try valueStart() + 1)...]
        let start = value.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? value.startIndex
        return value[start...].trimmed
    }

    /// The value of the parameter `name`, in capitals and without quotes, or `nil`.
    func parameter(_ name: String) throws(ICalendarError) -> String? {
        var rest = rest[..<(try valueStart())]
        while !rest.isEmpty {
            rest = rest.dropFirst()
            let part = rest.prefix(Self.lengthOutsideQuotes(of: rest, before: UInt8(ascii: ";")))
            rest = rest[part.endIndex...]
            let words = part.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard words.count == 2, String(decoding: words[0], as: UTF8.self).uppercased() == name
            else { continue }
            let value = words[1].filter { $0 != UInt8(ascii: "\"") }
            return String(decoding: value, as: UTF8.self).uppercased()
        }
        return nil
    }

    /// Where the colon before the value is: the first one outside of quotes.
    private func valueStart() throws(ICalendarError) -> Int {
        let length = Self.lengthOutsideQuotes(of: rest, before: UInt8(ascii: ":"))
        guard length < rest.count else { throw .malformedProperty(name, line: line) }
        return rest.startIndex + length
    }

    /// How many bytes stand before the first `mark` that is not in quotes.
    private static func lengthOutsideQuotes(of text: ArraySlice<UInt8>, before mark: UInt8) -> Int {
        var isQuoted = false
        for place in text.indices {
            if text[place] == UInt8(ascii: "\"") { isQuoted.toggle() }
            if text[place] == mark, !isQuoted { return place - text.startIndex }
        }
        return text.count
    }
}

// MARK: - Text

extension ICalendarProperty {
    /// The value as text, its escapes resolved: RFC 5545, section 3.3.11.
    func text() throws(ICalendarError) -> [UInt8] {
        try texts(separator: nil)[0]
    }

    /// The value as a list of texts, without empty ones.
    func textList() throws(ICalendarError) -> [[UInt8]] {
        try texts(separator: UInt8(ascii: ",")).map(\.trimmed).filter { !$0.isEmpty }
    }

    private func texts(separator: UInt8?) throws(ICalendarError) -> [[UInt8]] {
        var texts: [[UInt8]] = []
        var text: [UInt8] = []
        var isEscaped = false
        for byte in rest[(try valueStart() + 1)...] {
            if isEscaped {
                isEscaped = false
                text.append(byte | 0x20 == UInt8(ascii: "n") ? 0x0A : byte)
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == separator {
                texts.append(text)
                text = []
            } else {
                text.append(byte)
            }
        }
        return texts + [text]
    }
}

extension UInt8 {
    fileprivate var isICalendarBlank: Bool { self == 0x20 || self == 0x09 }

    fileprivate var isICalendarName: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        case _: (0x41...0x5A).contains(self & 0xDF)
        }
    }
}

extension Collection<UInt8> {
    /// Without blanks at both ends.
    var trimmed: [UInt8] {
        let tail = drop { $0.isICalendarBlank }
        let count = tail.reversed().drop { $0.isICalendarBlank }.count
        return Array(tail.prefix(count))
    }
}
