// Values as JSON text. Foundation's encoder writes the same bytes, and with it came a quarter of
// what a program had to load.

internal import Vocabulary

/// Appends values to a text.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private let isPretty: Bool
    private var depth = 0

    /// `isPretty`: One member or item a line, two spaces for each level.
    init(isPretty: Bool) {
        self.isPretty = isPretty
    }

    mutating func write(_ value: Value) {
        switch value {
        case .null: write("null")
        case .bool(let flag): write(flag ? "true" : "false")
        case .integer(let number): write("\(number)")
        case .number(let number): write(number)
        case .string(let text): quote(text)
        case .array(let items):
            write(items, between: "[", "]") { writer, item in writer.write(item) }
        case .object(let members):
            // By bytes, as everybody can: `<` on texts goes by what they look like.
            let sorted = members.sorted {
                $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
            }
            write(sorted, between: "{", "}") { writer, member in
                writer.quote(member.key)
                writer.write(writer.isPretty ? " : " : ":")
                writer.write(member.value)
            }
        }
    }

    private mutating func write<Item>(
        _ items: [Item],
        between opening: StaticString,
        _ closing: StaticString,
        _ write: (inout Self, Item) -> Void
    ) {
        self.write(opening)
        depth += 1
        for (place, item) in items.enumerated() {
            if place > 0 { self.write(",") }
            startLine()
            write(&self, item)
        }
        depth -= 1
        if items.isEmpty, isPretty { self.write("\n") }
        startLine()
        self.write(closing)
    }

    private mutating func startLine() {
        guard isPretty else { return }
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: depth * 2))
    }

    /// The shortest digits that are read as the same number; JSON has no words for the others.
    private mutating func write(_ number: Double) {
        guard number.isFinite else { return write("null") }
        let text = number.description
        write(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    /// - SeeAlso: RFC 8259, section 7: what must be escaped is, and nothing else.
    private mutating func quote(_ text: String) {
        let plain = Array(text.utf8)
        var start = 0
        bytes.append(UInt8(ascii: "\""))
        // What needs no escape goes over in one piece: most texts do whole.
        for place in plain.indices where Self.needsEscape(plain[place]) {
            bytes.append(contentsOf: plain[start..<place])
            escape(plain[place])
            start = place + 1
        }
        bytes.append(contentsOf: plain[start...])
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): write("\\\"")
        case UInt8(ascii: "\\"): write("\\\\")
        case 0x08: write("\\b")
        case 0x0C: write("\\f")
        case UInt8(ascii: "\n"): write("\\n")
        case UInt8(ascii: "\r"): write("\\r")
        case UInt8(ascii: "\t"): write("\\t")
        case _:
            write("\\u00")
            bytes.append(contentsOf: [byte >> 4, byte & 15].map(Self.hexDigit))
        }
    }

    private static func hexDigit(_ number: UInt8) -> UInt8 {
        number < 10 ? UInt8(ascii: "0") + number : UInt8(ascii: "a") + number - 10
    }

    private mutating func write(_ text: StaticString) {
        unsafe bytes.append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        )
    }

    private mutating func write(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
