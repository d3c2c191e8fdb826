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
        if session.settings.format == .name {
            session.print("run/\(id)\n")
            return .done
        }
        if let text = given.text("grep") { return try await search(text, in: id, session) }
        let lines = given.number("lines")
        let writer = LogWriter(session, holding: lines, LogForm(session.settings.format))
        if !given.flag("follow") || lines != nil { try await whole(id, writer, session) }
        if given.flag("follow") {
            let deadline = Deadline(nil, session.world.clock)
            let follower = LogFollower(run: id, session: session, deadline: deadline)
            try await follower.follow(writer, lines == nil ? .unreached : .reached)
        }
        writer.finish()
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
        let writer = LogWriter(session, holding: nil, LogForm(session.settings.format))
        let hits = answer["hits"]?.array ?? []
        for hit in hits { writer.take(hit) }
        writer.take(answer)
        writer.finish()
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
