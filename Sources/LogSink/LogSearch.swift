// Finding lines in a log by what is in them.

internal import Documents
internal import Platform
package import Vocabulary

/// The bytes that are looked for.
package struct LogNeedle: Equatable, Sendable {
    /// Whether `A` is to match `a`: of ASCII letters only.
    package enum Letters: Equatable, Sendable {
        case exact
        case anyCase
    }

    package let bytes: [UInt8]
    package let letters: Letters
    /// What the first byte may be.
    private let firsts: [UInt8]

    /// An empty needle is in every line.
    package init(_ bytes: [UInt8], _ letters: Letters = .exact) {
        self.bytes = letters == .anyCase ? bytes.map(Self.lower) : bytes
        self.letters = letters
        let first = self.bytes.first
        let upper = first.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }
        firsts = letters == .anyCase && first != upper ? [first, upper].compactMap { $0 } : []
    }

    /// Whether it is somewhere in `text`.
    package func isIn(_ text: [UInt8]) -> Bool {
        guard let first = bytes.first else { return true }
        var place = 0
        while place + bytes.count <= text.count {
            let range = place..<text.count - bytes.count + 1
            let found =
                firsts.isEmpty
                ? text.firstIndex(of: first, in: range)
                : firsts.compactMap { text.firstIndex(of: $0, in: range) }.min()
            guard let found else { return false }
            if matches(text, at: found) { return true }
            place = found + 1
        }
        return false
    }

    private func matches(_ text: [UInt8], at place: Int) -> Bool {
        for index in bytes.indices {
            let byte = text[place + index]
            if (letters == .anyCase ? Self.lower(byte) : byte) != bytes[index] { return false }
        }
        return true
    }

    private static func lower(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
    }
}

/// What a search found.
package struct LogHits: Equatable, Sendable {
    /// The first lines that match, with the offset each starts at.
    package fileprivate(set) var lines: [(offset: Int64, line: LogLine)] = []
    /// How many lines match in all that is kept.
    package fileprivate(set) var count = 0
    /// The log's end when it was searched: what comes later is not in it.
    package fileprivate(set) var end: Int64 = 0
    /// What could not be searched, since the limit had dropped it.
    package fileprivate(set) var missing: Range<Int64> = 0..<0

    package static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.count == rhs.count && lhs.end == rhs.end && lhs.missing == rhs.missing
            && lhs.lines.elementsEqual(rhs.lines) { $0.offset == $1.offset && $0.line == $1.line }
    }

    /// The hits as a document, each line as a log shows it.
    package var value: Value {
        var members: [String: Value] = [
            "count": .integer(Int64(count)), "end": .integer(end),
            "hits": .array(lines.map { LogBody.value($0.offset, $0.line) }),
        ]
        if !missing.isEmpty {
            members["missing"] = [.integer(missing.lowerBound), .integer(missing.upperBound)]
        }
        return .object(members)
    }
}

extension LogReader {
    /// Looks for `needle` in every line of the log of `run` that is kept, up to where it ends now.
    ///
    /// The log is read page by page, between which others get on; memory is bounded by a page and
    /// `limit` lines. Takes about a second for each 60 MB.
    ///
    /// - Parameters:
    ///   - run: Whose log it is.
    ///   - needle: What is looked for; lines of Rota's own are searched as well.
    ///   - limit: How many lines to answer at most; all are counted.
    /// - Returns: The first lines that match, and how many do.
    /// - Throws: ``LogError/noSuchLog(_:)``.
    package func search(
        _ run: RunID,
        for needle: LogNeedle,
        limit: Int
    ) async throws(LogError) -> LogHits {
        var hits = LogHits()
        var offset: Int64 = 0
        var end: Int64?
        repeat {
            let page = try await read(run, from: offset, limit: LogBody.pageBytes)
            let stop = end ?? page.end
            for (offset, line) in page.lines where offset < stop && needle.isIn(line.text) {
                hits.count += 1
                if hits.lines.count < limit { hits.lines.append((offset, line)) }
            }
            hits.missing = page.missing
            hits.end = stop
            end = stop
            guard page.next > offset else { break }
            offset = page.next
            await Task.yield()
        } while offset < hits.end
        return hits
    }
}
