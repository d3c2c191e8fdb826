// The log of a run on the node that holds it, or on one that has a copy.

internal import Documents
internal import HTTPClient
internal import HTTPService
internal import JobList
internal import LogSink
internal import Platform
internal import Vocabulary

/// Reads a log page by page from a node, so that a browser or CLI never needs to reach that node.
///
/// Pages are asked for as the reader takes them: a slow reader costs no memory here, and a cut
/// connection to the node is taken up again at the same offset.
struct RemoteLog: LogReader {
    /// Where on a node the log is.
    enum Place: Equatable, Sendable {
        /// With the node that ran it.
        case own
        /// With another, as far as it came before the first one, named here, was gone.
        case copy(of: NodeName)
    }

    /// Who is asked.
    let node: NodeName
    let place: Place
    private let address: String
    private let client: HTTPClient
    private let token: String

    init(node: NodeName, at address: String, _ place: Place, _ master: MasterParts) {
        self.node = node
        self.place = place
        self.address = address
        client = master.client
        token = master.memberToken
    }

    func read(_ run: RunID, from offset: Int64, limit: Int) async throws(LogError) -> LogPage {
        let page = try await stored(run, from: offset, limit: limit, patience: .seconds(5))
        guard case .copy(let holder) = place else { return page }
        return Self.noting(page, from: offset, holder, node, at: SystemClock.wall)
    }

    /// A page as the node has it; waits at most `patience` for it.
    func stored(
        _ run: RunID,
        from offset: Int64,
        limit: Int,
        patience: Duration
    ) async throws(LogError) -> LogPage {
        let query = "log?offset=\(offset)&limit=\(min(limit, 65_536))"
        let value = try await value(of: run, query, patience)
        guard let page = LogPage(value), Self.isAnswer(page, from: offset) else {
            throw .unavailable("\(address) answered no page of a log")
        }
        return page
    }

    /// Whether `page` leads on from `offset`: one that leads back would be read for ever.
    static func isAnswer(_ page: LogPage, from offset: Int64) -> Bool {
        page.next >= min(offset, page.end)
    }

    /// The last page of a copy that is not complete says so, and is the end of it: nobody knows
    /// when more will come.
    static func noting(
        _ page: LogPage,
        from offset: Int64,
        _ holder: NodeName,
        _ node: NodeName,
        at now: Instant
    ) -> LogPage {
        guard page.next >= page.end, !page.isComplete else { return page }
        let text = """
            \(holder), which holds this log, does not answer; \(node) has a copy up to byte \
            \(page.end)
            """
        // Who has had it all is not told again.
        let isNews = page.next > offset
        let note = LogLine(stream: .note, at: now, text: Array(text.utf8))
        return LogPage(
            lines: page.lines + (isNews ? [(page.end, note)] : []),
            next: page.next,
            end: page.end,
            isComplete: true,
            missing: page.missing
        )
    }

    func facts(of run: RunID) async throws(LogError) -> RunFacts {
        guard let facts = RunFacts(try await value(of: run, "facts", .seconds(1))) else {
            throw .unavailable("\(address) answered no facts of a run")
        }
        return facts
    }

    /// Has the node look, which spares the way of the whole log.
    func search(_ run: RunID, _ question: LogQuestion) async throws(LogError) -> Value {
        try await value(of: run, "log:search?\(question.query)", .seconds(60))
    }

    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        let wait = min(timeout, .seconds(25))
        let query = "log?offset=\(offset)&limit=0&wait=\(wait.milliseconds)"
        if (try? await ask(run, query, .seconds(30))) == nil {
            // The node is away: the next read tells the reader; do not ask in a tight loop.
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func value(
        of run: RunID,
        _ query: String,
        _ patience: Duration
    ) async throws(LogError) -> Value {
        let answer = try await ask(run, query, patience)
        guard answer.status != 404 else { throw .noSuchLog(run) }
        guard answer.status == 200, let value = try? JSON.parse(answer.body) else {
            throw .unavailable("\(address) answered HTTP \(answer.status)")
        }
        return value
    }

    private func ask(
        _ run: RunID,
        _ query: String,
        _ patience: Duration
    ) async throws(LogError) -> HTTPAnswer {
        let folder = place == .own ? "runs" : "copies"
        let path = "/v1/\(folder)/\(PercentCoding.encode(run.text))/\(query)"
        var call = HTTPCall(method: "GET", url: "http://\(address)\(path)")
        call.headers = [(name: "Authorization", value: "Bearer \(token)")]
        call.timeout = patience
        do {
            return try await client.send(call)
        } catch {
            throw .unavailable("\(error)")
        }
    }
}
