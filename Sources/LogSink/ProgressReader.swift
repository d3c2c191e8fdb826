// What a task says of itself between its lines of output: how far it is, and what came of it.

internal import Platform
internal import Vocabulary

/// Something a task has said of itself.
package enum ProgressLine: Equatable, Sendable {
    /// `::progress 40 dumping`: so many of a hundred, and in which words.
    case progress(percent: Int, text: String)
    /// `::set name=value`.
    case result(name: String, value: String)

    package static let nameLimit = 64
    /// The most bytes of a value, and of the words beside a percentage.
    package static let textLimit = 1_024
    package static let resultLimit = 64

    /// Reads one line without its newline, or `nil` for what is plain output.
    ///
    /// A number with a dot is a fraction of one, `0.4`, and one without is of a hundred, `40`; both
    /// are rounded down, so that 100 means done. A carriage return at the end is left out.
    package init?(_ line: [UInt8]) {
        guard line.starts(with: Self.mark), line.count <= 2 * Self.textLimit else { return nil }
        let text = line.last == 0x0D ? line.dropLast() : line[...]
        guard let text = String(validating: text.dropFirst(Self.mark.count), as: UTF8.self) else {
            return nil
        }
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let rest = words.count > 1 ? words[1] : ""
        switch words[0] {
        case "progress": self.init(progress: rest)
        case "set": self.init(result: rest)
        case _: return nil
        }
    }

    static let mark = Array("::".utf8)

    private init?(progress text: Substring) {
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let rest = words.count > 1 ? String(words[1]) : ""
        guard let number = words.first, let percent = Self.percent(number),
            rest.utf8.count <= Self.textLimit
        else { return nil }
        self = .progress(percent: percent, text: rest)
    }

    private init?(result text: Substring) {
        guard let equals = text.firstIndex(of: "=") else { return nil }
        let name = text[..<equals]
        let value = text[equals...].dropFirst()
        guard !name.isEmpty, name.utf8.count <= Self.nameLimit,
            name.utf8.allSatisfy(Self.isNameByte), value.utf8.count <= Self.textLimit
        else { return nil }
        self = .result(name: String(name), value: String(value))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x30...0x39, 0x5F, 0x2E, 0x2D: true
        case _: false
        }
    }

    private static func percent(_ text: Substring) -> Int? {
        let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        let digits = parts.allSatisfy { $0.allSatisfy { (0x30...0x39).contains($0) } }
        guard digits, text.utf8.count <= 12, !parts[0].isEmpty else { return nil }
        if parts.count == 1 { return Int(text).flatMap { $0 <= 100 ? $0 : nil } }
        guard parts.count == 2, !parts[1].isEmpty, let whole = Int(Substring(parts[0])) else {
            return nil
        }
        // By digits: 0.29 of a hundred is 29, which a floating-point product is not.
        guard whole <= 1 else { return nil }
        guard whole == 0 else { return parts[1].allSatisfy { $0 == 0x30 } ? 100 : nil }
        let two = parts[1].prefix(2).map { Int($0) - 0x30 } + [0]
        return two[0] * 10 + two[1]
    }
}

/// Finds in a run's output what its task says of itself.
///
/// Of 80-byte lines of plain output, a gigabyte takes a few tenths of a second.
package struct ProgressReader: Equatable, Sendable {
    /// Names that were set; no more than ``ProgressLine/resultLimit`` are.
    private var names: Set<String> = []

    package init() {}

    /// What `batch` says, in order: of progress and of each name only the last.
    ///
    /// Everything stays in the output as well. A name beyond the limit is plain output.
    package mutating func read(_ batch: LogBatch) -> [ProgressLine] {
        var progress: ProgressLine?
        var results: [(name: String, line: ProgressLine)] = []
        Self.eachMarked(in: batch) { bytes in
            switch ProgressLine(bytes) {
            case nil: break
            case .progress(let percent, let text):
                progress = .progress(percent: percent, text: text)
            case .result(let name, let value):
                guard names.contains(name) || names.count < ProgressLine.resultLimit else { return }
                names.insert(name)
                results.removeAll { $0.name == name }
                results.append((name, .result(name: name, value: value)))
            }
        }
        return (progress.map { [$0] } ?? []) + results.map(\.line)
    }

    /// Calls `body` with each line of a task's that begins with the mark.
    private static func eachMarked(in batch: LogBatch, _ body: ([UInt8]) -> Void) {
        let text = batch.text
        let colon = ProgressLine.mark[0]
        var start = 0
        for stretch in batch.stretches {
            let end = start + stretch.size
            while start < end, stretch.stream != .note {
                if text[start] == colon, start + 1 < end, text[start + 1] == colon {
                    let newline = text.firstIndex(of: LogLine.newline, in: start..<end) ?? end - 1
                    body(Array(text[start..<newline]))
                }
                start = (text.firstIndex(of: LogLine.newline, in: start..<end) ?? end - 1) + 1
            }
            start = end
        }
    }
}
