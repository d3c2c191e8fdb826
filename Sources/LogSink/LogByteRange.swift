// Part of a log by byte offsets, as RFC 9110 asks for it.

internal import HTTPService
internal import Synchronization
package import Vocabulary

/// What a `Range` header asks for: one range of bytes.
package enum LogByteRange: Equatable, Sendable {
    case from(Int64, through: Int64?)
    /// So many bytes before the end.
    case last(Int64)

    /// Reads `bytes=0-99`, `bytes=100-` or `bytes=-100`; `nil` for what may be ignored: other
    /// units, several ranges, and what is no range at all (RFC 9110, 14.2).
    package init?(header: String) {
        let parts = header.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let bounds = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count == 2 else { return nil }
        if bounds[0].isEmpty {
            guard let count = Self.number(bounds[1]) else { return nil }
            self = .last(count)
            return
        }
        guard let first = Self.number(bounds[0]) else { return nil }
        guard !bounds[1].isEmpty else {
            self = .from(first, through: nil)
            return
        }
        guard let last = Self.number(bounds[1]), last >= first else { return nil }
        self = .from(first, through: last)
    }

    private static func number(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        // A number too large for us is beyond every log.
        return Int64(text) ?? .max
    }

    /// The bytes to answer of a log that ends at `end` and lacks `missing`; `nil`: there are none.
    ///
    /// What is asked for is answered up to what is missing, or from behind it on: the answer says
    /// which bytes it has, and a client asks for the rest (RFC 9110, 15.3.7).
    package func bytes(end: Int64, missing: Range<Int64>) -> Range<Int64>? {
        var (lower, upper): (Int64, Int64)
        switch self {
        case .from(let first, let last):
            (lower, upper) = (first, last.map { $0 < .max ? $0 + 1 : $0 } ?? end)
        case .last(let count): (lower, upper) = (end - min(count, end), end)
        }
        upper = min(upper, end)
        if !missing.isEmpty {
            if missing.contains(lower) { lower = missing.upperBound }
            if lower < missing.lowerBound { upper = min(upper, missing.lowerBound) }
        }
        return lower < upper ? lower..<upper : nil
    }
}

/// Exactly these bytes of a log as a response body.
package actor LogBytes: HTTPBodyStream {
    private let reader: any LogReader
    private let run: RunID
    private let until: Int64
    private var offset: Int64
    private let isCancelled = Mutex(false)

    /// `range`: Within what is kept of the log of `run`, as ``LogByteRange`` answers it.
    package init(reader: any LogReader, run: RunID, range: Range<Int64>) {
        self.reader = reader
        self.run = run
        until = range.upperBound
        offset = range.lowerBound
    }

    package func next() async throws -> [UInt8]? {
        guard offset < until, !isCancelled.withLock({ $0 }) else { return nil }
        let page = try await reader.read(run, from: offset, limit: LogBody.pageBytes)
        guard let bytes = take(page), !bytes.isEmpty else {
            // Removed meanwhile: the answer is shorter than its head says.
            throw LogError.unavailable("what is at \(offset) has been dropped by the limit")
        }
        return bytes
    }

    /// The bytes of the page that are wanted; `nil` if it does not begin where the last one ended.
    private func take(_ page: LogPage) -> [UInt8]? {
        guard let first = page.lines.first, first.offset <= offset else { return nil }
        var bytes: [UInt8] = []
        var end = first.offset
        for (start, line) in page.lines {
            guard start == end, start < until else { break }
            bytes += line.text
            bytes.append(LogLine.newline)
            end = start + Int64(line.size)
        }
        let skipped = Int(offset - first.offset)
        let surplus = Int(max(0, end - until))
        offset = min(end, until)
        return Array(bytes.dropFirst(skipped).dropLast(surplus))
    }

    package nonisolated func cancel() {
        isCancelled.withLock { $0 = true }
    }
}
