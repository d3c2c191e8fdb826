// The log of one run as a response body: whole, in part, or followed while it grows.

internal import Documents
internal import HTTPService
internal import Synchronization
package import Vocabulary

/// How a log is written into a response.
package enum LogFormat: Sendable {
    /// The bytes as printed.
    case plain
    /// One JSON object a line: `{"o":offset,"t":time,"s":"out","l":"text"}`.
    case lines
    /// The same objects as server-sent events, with the offset as `id`.
    case events

    /// The form that an `Accept` header asks for; plain text for whoever has no wish.
    package init(accept: String?) {
        let accept = accept ?? ""
        self =
            accept.contains("text/event-stream")
            ? .events : accept.contains("json") ? .lines : .plain
    }

    package var contentType: String {
        switch self {
        case .plain: "text/plain; charset=utf-8"
        case .lines: "application/x-ndjson"
        case .events: "text/event-stream"
        }
    }
}

/// Which of a log's lines are wanted.
package enum LogStreams: String, Sendable {
    case out
    case err
    /// Those of Rota's own as well.
    case both

    func includes(_ stream: LogStream) -> Bool {
        switch self {
        case .out: stream == .out
        case .err: stream == .err
        case .both: true
        }
    }
}

/// Reads a log page by page, and goes on as it grows if asked to follow.
///
/// Where the limit has dropped what should come next, a stream of events says so:
/// `event: truncated` with `{"missing":[from,until]}`, as this reader missed it. Behind a line
/// that tells how far the run is comes `event: progress` with `{"percent":40,"text":"dumping"}`.
/// A log that cannot be read on cuts the connection: it would look whole otherwise.
package actor LogBody: HTTPBodyStream {
    static let pageBytes = 65_536
    private static let patience = Duration.seconds(15)

    private let reader: any LogReader
    private let run: RunID
    private let format: LogFormat
    private let streams: LogStreams
    private let follows: Bool
    private var offset: Int64
    private var rest: Int
    private var hasBegun = false
    private var hasEnded = false
    private var last: LogPage?
    private var lastTime: (at: Instant, text: String)?
    private let isCancelled = Mutex(false)

    /// Reads the log of one run.
    ///
    /// `offset`: Where to start, in bytes of text; if negative, so many before where the log ends
    /// now, from the beginning of the line there.
    /// `limit`: At most this many bytes of text, of those lines that are wanted; one line at least.
    /// `follows`: Wait for more until the log is complete.
    package init(
        reader: any LogReader,
        run: RunID,
        format: LogFormat,
        streams: LogStreams = .both,
        offset: Int64,
        limit: Int,
        follows: Bool
    ) {
        self.reader = reader
        self.run = run
        self.format = format
        self.streams = streams
        self.offset = offset
        self.follows = follows
        rest = limit
    }

    package func next() async throws -> [UInt8]? {
        if offset < 0 { try await findStart() }
        while !hasEnded, !isCancelled.withLock({ $0 }) {
            guard rest > 0 else { return end() }
            let page = try await page()
            let start = offset
            let bytes = encode(page, from: start)
            last = page
            if !bytes.isEmpty { return bytes }
            if rest == 0 { return end() }
            // A page may be all of lines that are not wanted.
            if offset > start, offset < page.end { continue }
            // What cannot be read would be asked for again and again.
            if offset < page.end { return end() }
            if page.isComplete || !follows { return end() }
            await reader.wait(for: run, beyond: offset, timeout: Self.patience)
            if format == .events, await isQuiet() { return Array(": waiting\n\n".utf8) }
        }
        return nil
    }

    private func findStart() async throws(LogError) {
        let end = try await reader.read(run, from: 0, limit: 1).end
        offset = max(0, end + max(offset, -end))
    }

    package nonisolated func cancel() {
        isCancelled.withLock { $0 = true }
    }

    private func page() async throws(LogError) -> LogPage {
        // Of a page that is looked through for some lines, the others do not count.
        let limit = streams == .both ? min(rest, Self.pageBytes) : Self.pageBytes
        return try await reader.read(run, from: offset, limit: limit)
    }

    private func isQuiet() async -> Bool {
        guard let page = try? await reader.read(run, from: offset, limit: 1) else { return false }
        return page.end == offset && !page.isComplete
    }

    /// The lines of `page` that are wanted, as many as there is room for; goes on behind them.
    private func encode(_ page: LogPage, from start: Int64) -> [UInt8] {
        var bytes: [UInt8] = []
        var reached = start
        for (offset, line) in page.lines {
            let isWanted = streams.includes(line.stream)
            if isWanted, hasBegun, line.size > rest {
                rest = 0
                self.offset = reached
                return bytes
            }
            if offset > reached { noteGap(reached..<offset, &bytes) }
            reached = offset + Int64(line.size)
            guard isWanted else { continue }
            hasBegun = true
            rest = max(0, rest - line.size)
            switch format {
            case .plain:
                bytes += line.text
                bytes.append(LogLine.newline)
            case .lines:
                bytes += JSON.bytes(value(offset, line))
                bytes.append(LogLine.newline)
            case .events:
                bytes += Array("event: log\nid: \(reached)\n".utf8)
                bytes += Array("data: ".utf8) + JSON.bytes(value(offset, line)) + [0x0A, 0x0A]
                noteProgress(line, &bytes)
            }
        }
        if page.next > reached { noteGap(reached..<page.next, &bytes) }
        offset = page.next
        return bytes
    }

    private func noteProgress(_ line: LogLine, _ bytes: inout [UInt8]) {
        guard line.stream != .note, case .progress(let percent, let text) = ProgressLine(line.text)
        else { return }
        let progress = RunFacts.Progress(percent: percent, text: text)
        bytes += Array("event: progress\ndata: ".utf8) + JSON.bytes(progress.value) + [0x0A, 0x0A]
    }

    private func noteGap(_ missing: Range<Int64>, _ bytes: inout [UInt8]) {
        guard format == .events else { return }
        let range: Value = [.integer(missing.lowerBound), .integer(missing.upperBound)]
        bytes += Array("event: truncated\nid: \(missing.upperBound)\ndata: ".utf8)
        bytes += JSON.bytes(["missing": range]) + [0x0A, 0x0A]
    }

    private func value(_ offset: Int64, _ line: LogLine) -> Value {
        // Lines come in stretches of one time, and a time is dear to write.
        if lastTime?.at != line.at { lastTime = (line.at, line.at.description) }
        return Self.value(offset, line, lastTime?.text ?? "")
    }

    static func value(_ offset: Int64, _ line: LogLine) -> Value {
        value(offset, line, line.at.description)
    }

    private static func value(_ offset: Int64, _ line: LogLine, _ time: String) -> Value {
        [
            "o": .integer(offset), "t": .string(time),
            "s": .string(line.stream.rawValue),
            "l": .string(String(decoding: line.text, as: UTF8.self)),
        ]
    }

    /// The closing line: where to read on, where the log stands, and what is missing.
    private func end() -> [UInt8]? {
        hasEnded = true
        let isComplete = last?.isComplete ?? false
        var members: [String: Value] = ["next": .integer(offset), "complete": .bool(isComplete)]
        members["end"] = follows ? .bool(isComplete) : .integer(last?.end ?? offset)
        if let missing = last?.missing, !missing.isEmpty {
            members["missing"] = [.integer(missing.lowerBound), .integer(missing.upperBound)]
        }
        switch format {
        case .plain: return nil
        case .lines: return JSON.bytes(.object(members)) + [0x0A]
        case .events:
            return Array("event: end\ndata: ".utf8) + JSON.bytes(.object(members)) + [0x0A, 0x0A]
        }
    }
}
