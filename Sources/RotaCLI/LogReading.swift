// What runs printed: whole, the end of it, or as it comes.

internal import CommandTable
internal import Synchronization
internal import Vocabulary

/// The command that shows logs.
enum LogReading {
    private static let pageBytes = 1 << 20
    /// Of the first page: a log of any size starts printing at once.
    private static let firstPageBytes = 1 << 16
    /// How many lines a search prints at most.
    private static let hitLimit = 1_000

    static func logs(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        let id = try await runID(given.run, session)
        if let text = given.text("grep") { return try await search(text, in: id, session) }
        let lines = given.number("lines")
        let writer = LogWriter(session, holding: lines)
        if !given.flag("follow") || lines != nil { try await whole(id, writer, session) }
        if given.flag("follow") {
            let deadline = Deadline(nil, session.world.clock)
            let follower = LogFollower(run: id, session: session, deadline: deadline)
            try await follower.follow(writer, lines == nil ? .unreached : .reached)
        }
        return .done
    }

    /// The id itself, or that of the newest run of the job with this name.
    private static func runID(_ text: String, _ session: Session) async throws(Failure) -> String {
        // A ULID has capitals, which no job's name has.
        if text.utf8.count == 26, text.contains(where: \.isUppercase) { return text }
        let runs = try await session.api.get("/v1/runs", [("job", text), ("limit", "1")])
        guard let id = runs["items"]?.array?.first?["id"]?.string else {
            throw Failure(
                .notFound,
                "There is no run of a job \"\(text.plain)\"",
                next: "rota run list"
            )
        }
        return id
    }

    /// Prints the lines that have `text` in them.
    private static func search(
        _ text: String,
        in id: String,
        _ session: Session
    ) async throws(Failure) -> ExitCode {
        guard !text.isEmpty else { throw .usage("--grep needs a text to look for") }
        for other in ["follow", "lines"] where session.invocation.flag(other) {
            throw .usage("--grep and --\(other) exclude each other. Give one of them")
        }
        let answer = try await session.api.get(
            RunReading.path(id) + "/log:search",
            [("q", text), ("limit", "\(hitLimit)")]
        )
        let writer = LogWriter(session, holding: nil)
        let hits = answer["hits"]?.array ?? []
        for hit in hits { writer.take(hit) }
        writer.take(answer)
        let count = Int(answer["count"]?.integer ?? 0)
        if let words = writer.summary(ofHits: hits.count, of: count) { session.note(words) }
        if count > hits.count, writer.wanted != nil {
            let option = session.invocation.flag("stderr") ? "--stderr" : "--stdout"
            session.note(
                "  All of them: rota run logs \(id) \(option) | grep -F -e \(text.shellQuoted)"
            )
        }
        return .done
    }

    /// Prints pages of the log up to where it stands now.
    private static func whole(
        _ id: String,
        _ writer: LogWriter,
        _ session: Session
    ) async throws(Failure) {
        var offset: Int64 = 0
        var limit = firstPageBytes
        while true {
            writer.expectFoot()
            let body = try await session.api.text(
                RunReading.path(id) + "/log",
                [("offset", "\(offset)"), ("limit", "\(limit)")] + writer.streamQuery
            )
            limit = pageBytes
            var lines = LineCutter()
            writer.take(lines.take(body) + lines.finish())
            guard let foot = writer.foot else {
                throw Failure(
                    .unreachable,
                    "The log of run \(id) was cut at byte \(offset) or behind it",
                    why: "The answer has no end; the master may have been stopped meanwhile.",
                    next: "ask again"
                )
            }
            guard foot.next > offset, foot.next < foot.end else { break }
            offset = foot.next
        }
        writer.release()
    }
}

/// Follows one run's log to its end, across cuts of the connection.
struct LogFollower: Sendable {
    let run: String
    let session: Session
    let deadline: Deadline

    /// Prints the log to its end, with a limit of failures in a row without a single line.
    func follow(
        _ writer: LogWriter,
        _ beginning: Patience.Beginning
    ) async throws(Failure) {
        var patience = Patience(beginning)
        while true {
            let cutter = Mutex(LineCutter())
            let before = writer.count
            var failure = Failure(
                .unreachable,
                "The log of run \(run) was cut and could not be taken up again",
                next: "rota run logs \(run) -f"
            )
            do throws(Failure) {
                let answer = try await session.api.stream(
                    RunReading.path(run) + "/log",
                    [("follow", "1"), ("offset", "\(writer.resumeOffset)")] + writer.streamQuery,
                    until: deadline
                ) { bytes in
                    writer.take(cutter.withLock { $0.take(bytes) })
                }
                if answer != nil { writer.take(cutter.withLock { $0.finish() }) }
                if writer.hasEnded { return }
                patience.reach()
            } catch {
                failure = error
            }
            if writer.count > before { patience.renew() } else { try patience.bear(failure) }
            try await deadline.pause(Patience.pause, while: "run \(run) is still under way")
        }
    }
}

/// Cuts bytes into lines as they come.
struct LineCutter: Sendable {
    /// A longer line is no line of the API: its limit is far below.
    private static let limit = 8 << 20

    private var rest: [UInt8] = []

    mutating func take(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 0x0A) {
            lines.append(rest + bytes[start..<end])
            rest = []
            start = end + 1
        }
        if rest.count < Self.limit { rest += bytes[start...] }
        return lines
    }

    mutating func finish() -> [[UInt8]] {
        defer { rest = [] }
        return rest.isEmpty ? [] : [rest]
    }
}

/// Prints a log's lines, each once, whatever is sent again after a cut.
final class LogWriter: Sendable {
    struct Foot: Sendable {
        let next: Int64
        let end: Int64
    }

    private struct State {
        /// The offset of the last line, and how many lines had it: empty lines may share one.
        var lastOffset: Int64 = -1
        var seenAtLast = 0
        /// Lines at the last offset that will come once more and are to be passed over.
        var skipped = 0
        var count = 0
        /// How many of them were of a stream that is printed.
        var shown = 0
        var hasEnded = false
        var foot: Foot?
        var hasToldMissing = false
        var held: [String] = []
        var holding: Int?
    }

    private let session: Session
    private let streams: Set<String>
    private let state: Mutex<State>

    /// With `holding`, only the last so many lines before ``release()`` are printed.
    init(_ session: Session, holding: Int?) {
        self.session = session
        var streams: Set<String> = []
        if session.invocation.flag("stdout") { streams.insert("out") }
        if session.invocation.flag("stderr") { streams.insert("err") }
        self.streams = streams
        state = Mutex(State(holding: holding))
    }

    /// The one stream that is printed, if it is only one.
    var wanted: String? { streams.count == 1 ? streams.first : nil }

    /// Has the master leave out what would not be printed.
    var streamQuery: [(String, String)] { wanted.map { [("stream", $0)] } ?? [] }

    /// What there is to say of a search that answered `hits` of `count` lines, on any stream.
    func summary(ofHits hits: Int, of count: Int) -> String? {
        if count == 0 { return "No line of the log has this text." }
        guard let wanted else {
            return count > hits ? "(the first \(hits) of \(count.counted("line")))" : nil
        }
        let shown = state.withLock { $0.shown }
        if count > hits {
            return "(of \(count) lines with this text, on any stream, only the first \(hits) were "
                + "looked at: \(shown) of them \(shown == 1 ? "is" : "are") shown)"
        }
        let name = wanted == "err" ? "standard error" : "standard output"
        let others = count == 1 ? "1 other has" : "\(count) others have"
        return shown > 0 ? nil : "No line of \(name) has this text; \(others)."
    }

    var count: Int { state.withLock { $0.count } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    var foot: Foot? { state.withLock { $0.foot } }

    /// Where to read on; the line there was printed and is passed over.
    var resumeOffset: Int64 {
        state.withLock { state in
            state.skipped = 0
            return max(0, state.lastOffset)
        }
    }

    /// Takes lines of `application/x-ndjson`, and prints what comes of them together; what is none
    /// of the API's is passed over.
    func take(_ lines: [[UInt8]]) {
        var text = ""
        for line in lines {
            guard let value = Wire.value(line), value.object != nil else { continue }
            if value["o"] == nil, !text.isEmpty {
                // What is said of the log comes behind the lines before it.
                session.print(text)
                text = ""
            }
            text += shown(value) ?? ""
        }
        if !text.isEmpty { session.print(text) }
    }

    func take(_ value: Value) {
        if let text = shown(value) { session.print(text) }
    }

    /// What is to be printed of a line, if anything is now.
    private func shown(_ value: Value) -> String? {
        state.withLock { state -> String? in
            guard let offset = value["o"]?.integer else {
                note(value, in: &state)
                return nil
            }
            guard accepts(offset, in: &state) else { return nil }
            let stream = value.text("s")
            guard streams.isEmpty || streams.contains(stream) else { return nil }
            state.shown += 1
            let text = line(value, stream)
            guard let limit = state.holding else { return text }
            state.held.append(text)
            if state.held.count > 2 * limit + 64 {
                state.held.removeFirst(state.held.count - limit)
            }
            return nil
        }
    }

    /// Forgets the last foot, so that a page without one is noticed.
    func expectFoot() {
        state.withLock { $0.foot = nil }
    }

    /// Prints what was held back and holds no more.
    func release() {
        let text = state.withLock { state -> String in
            defer {
                state.held = []
                state.holding = nil
            }
            return state.held.suffix(state.holding ?? 0).joined()
        }
        if !text.isEmpty { session.print(text) }
    }

    private func note(_ value: Value, in state: inout State) {
        if value["end"]?.bool == true { state.hasEnded = true }
        if let next = value["next"]?.integer, let end = value["end"]?.integer {
            state.foot = Foot(next: next, end: end)
        }
        if !state.hasToldMissing, let missing = value["missing"]?.array, missing.count == 2,
            let from = missing[0].integer, let until = missing[1].integer, until > from
        {
            state.hasToldMissing = true
            let size = (until - from).counted("byte")
            session.note("(\(size) in the middle were dropped by the log's limit)")
        }
    }

    private func accepts(_ offset: Int64, in state: inout State) -> Bool {
        if offset < state.lastOffset { return false }
        if offset == state.lastOffset {
            if state.skipped < state.seenAtLast {
                state.skipped += 1
                return false
            }
            state.seenAtLast += 1
        } else {
            state.lastOffset = offset
            state.seenAtLast = 1
        }
        state.skipped = state.seenAtLast
        state.count += 1
        return true
    }

    private func line(_ value: Value, _ stream: String) -> String {
        var text = value.text("l")
        if stream == "note" { text = session.settings.paint.apply(.dim, "-- \(text)") }
        if session.invocation.flag("timestamps"), let at = value["t"]?.instant {
            text = session.settings.paint.apply(.dim, session.times.iso(at)) + " " + text
        }
        return text + "\n"
    }
}
