// What all races share: where things are, and how long to wait for them.

internal import Platform
internal import Vocabulary

/// One call of the program.
final class Race: Sendable {
    let tools: String
    let node: String
    /// The command line's program, which stands beside the node's.
    let rota: String
    let folder: String
    let isShort: Bool

    init(_ words: Words) throws {
        tools = try words.needed("tools")
        let node = try words.needed("node")
        self.node = node
        rota = (node.lastIndex(of: "/").map { node[...$0] } ?? "") + "rota"
        folder = try words.needed("folder")
        isShort = words.text("short") == "yes"
        try FileStore.makeFolder(folder)
    }

    /// A command that leaves a line in `evidence` as soon as it runs, and then does `more`.
    func stamping(_ evidence: String, then more: String? = nil) -> String {
        let stamp = "\(tools)/stamp \(evidence)"
        return more.map { "\(stamp); \($0)" } ?? "exec \(stamp)"
    }

    /// Holds a race in a cluster of its own, which is gone afterwards.
    func with(
        nodes: Int,
        slots: Int = 64,
        term: String = "10s",
        _ body: (NodeCluster) async throws -> Void
    ) async throws {
        let cluster = try await NodeCluster(
            race: self,
            nodes: nodes,
            slots: slots,
            term: term
        )
        do {
            try await body(cluster)
        } catch {
            await cluster.end()
            throw error
        }
        await cluster.end()
    }
}

/// Looks every 20 ms until there is an answer, at most so long.
func until<Answer>(
    within limit: Duration,
    _ look: () async throws -> Answer?
) async throws -> Answer? {
    let deadline = SystemClock.monotonic.advanced(by: limit)
    while SystemClock.monotonic < deadline {
        if let answer = try await look() { return answer }
        try await Task.sleep(for: .milliseconds(20))
    }
    return nil
}

/// Waits until the wall clock shows `instant`.
func sleep(until instant: Instant) async throws {
    while case let rest = SystemClock.wall.duration(to: instant), rest > .zero {
        try await Task.sleep(for: min(rest, .milliseconds(500)))
    }
}
