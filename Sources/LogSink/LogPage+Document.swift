// A page of a log on the wire between members.

internal import Documents
package import Vocabulary

extension LogPage {
    /// The page as a document; text that is no UTF-8 goes as hexadecimal digits.
    package var value: Value {
        var members: [String: Value] = [
            "lines": .array(lines.map { Self.value($0.offset, $0.line) }),
            "next": .integer(next), "end": .integer(end), "complete": .bool(isComplete),
        ]
        if !missing.isEmpty {
            members["missing"] = [.integer(missing.lowerBound), .integer(missing.upperBound)]
        }
        return .object(members)
    }

    /// Reads what ``value`` wrote, or `nil` for anything else, and for a page that no log has.
    package init?(_ value: Value) {
        guard let items = value["lines"]?.array, let next = value["next"]?.integer,
            let end = value["end"]?.integer, let isComplete = value["complete"]?.bool
        else { return nil }
        var lines: [(offset: Int64, line: LogLine)] = []
        for item in items {
            guard let line = Self.line(item) else { return nil }
            lines.append(line)
        }
        let bounds = value["missing"]?.array?.compactMap(\.integer) ?? [0, 0]
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return nil }
        self.init(
            lines: lines,
            next: next,
            end: end,
            isComplete: isComplete,
            missing: bounds[0]..<bounds[1]
        )
        guard isSound else { return nil }
    }

    private static func value(_ offset: Int64, _ line: LogLine) -> Value {
        var members: [String: Value] = [
            "o": .integer(offset), "t": .integer(line.at.unixMilliseconds),
            "s": .string(line.stream.rawValue),
        ]
        if let text = String(validating: line.text, as: UTF8.self) {
            members["l"] = .string(text)
        } else {
            members["x"] = .string(
                line.text.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            )
        }
        return .object(members)
    }

    private static func line(_ value: Value) -> (offset: Int64, line: LogLine)? {
        guard let offset = value["o"]?.integer, let time = value["t"]?.integer,
            let stream = value["s"]?.string.flatMap(LogStream.init(rawValue:)),
            let text = value["l"]?.string.map({ Array($0.utf8) })
                ?? value["x"]?.string.flatMap(bytes(ofHexadecimal:))
        else { return nil }
        let line = LogLine(stream: stream, at: Instant(unixMilliseconds: time), text: text)
        return (offset, line)
    }

    private static func bytes(ofHexadecimal text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard
                let byte = UInt8(
                    String(decoding: digits[index...index + 1], as: UTF8.self),
                    radix: 16
                )
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
