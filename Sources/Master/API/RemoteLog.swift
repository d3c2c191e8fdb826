// The log of a run on the node that holds it.

internal import Documents
internal import Gossip
internal import HTTPClient
internal import HTTPService
internal import JobList
internal import LockLease
internal import LogSink
internal import Vocabulary

/// Reads a log page by page from its node, so that a browser or CLI never needs to reach that node.
///
/// Pages are asked for as the reader takes them: a slow reader costs no memory here, and a cut
/// connection to the node is taken up again at the same offset.
struct RemoteLog: LogReader {
    private let address: String
    private let client: HTTPClient
    private let token: String

    private init(address: String, client: HTTPClient, token: String) {
        self.address = address
        self.client = client
        self.token = token
    }

    /// Finds the node of `run` by gossip, or by the sessions in the store.
    static func of(_ run: RunRecord, _ master: MasterParts) async throws(Problem) -> RemoteLog {
        let known = master.gossip.members.first { $0.name == run.node }?.httpAddress
        let address: String
        if let known {
            address = known
        } else {
            let views = try await master.ask { store async throws(StoreError) in
                try await store.sessions()
            }
            guard let view = views.last(where: { $0.node.name == run.node }) else {
                throw Problem(
                    .nodeDown,
                    "The log of run \(run.id) is on \(run.node), which is not in the cluster.",
                    hint: "rota node list"
                )
            }
            address = view.node.address
        }
        return RemoteLog(address: address, client: master.client, token: master.memberToken)
    }

    func read(_ run: RunID, from offset: Int64, limit: Int) async throws(LogError) -> LogPage {
        let answer = try await ask(run, "offset=\(offset)&limit=\(min(limit, 65_536))", patience: 5)
        guard answer.status != 404 else { throw .noSuchLog(run) }
        guard answer.status == 200, let value = try? JSON.parse(answer.body),
            let page = LogPage(value)
        else { throw .unavailable("\(address) answered HTTP \(answer.status)") }
        return page
    }

    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        let wait = min(timeout, .seconds(25))
        let query = "offset=\(offset)&limit=0&wait=\(wait.milliseconds)"
        if (try? await ask(run, query, patience: 30)) == nil {
            // The node is away: the next read tells the reader; do not ask in a tight loop.
            try? await Task.sleep(for: .milliseconds(500))
        }
    }

    private func ask(
        _ run: RunID,
        _ query: String,
        patience: Int
    ) async throws(LogError) -> HTTPAnswer {
        var call = HTTPCall(
            method: "GET",
            url: "http://\(address)/v1/runs/\(PercentCoding.encode(run.text))/log?\(query)"
        )
        call.headers = [(name: "Authorization", value: "Bearer \(token)")]
        call.timeout = .seconds(patience)
        do {
            return try await client.send(call)
        } catch {
            throw .unavailable("\(error)")
        }
    }
}
