// Finding who can show the log of a run: the node that ran it, else one that has a copy.

internal import Gossip
internal import LockLease
internal import LogSink
internal import Vocabulary

/// Looks for logs among the nodes.
struct LogFinding {
    /// How long a node is waited for that is to show where the log stands.
    private static let patience = Duration.seconds(5)
    /// How long one is waited for that may have a copy, and how many are asked.
    private static let copyPatience = Duration.seconds(2)
    private static let copyLimit = 16
    let origin: LogOrigin

    /// The log of `run` where it can be read, and its first line or so.
    func find(_ run: RunRecord) async throws(Problem) -> (log: RemoteLog, page: LogPage) {
        let refusal: Problem
        do throws(Problem) {
            let own = try await holder(of: run)
            do throws(LogError) {
                let page = try await own.stored(run.id, from: 0, limit: 1, patience: Self.patience)
                return (own, page)
            } catch {
                refusal = Self.problem(error, of: run)
            }
        } catch {
            refusal = error
        }
        guard let copy = await copy(of: run) else { throw refusal }
        return copy
    }

    /// The node that ran `run`, by gossip, or by the sessions in the store.
    private func holder(of run: RunRecord) async throws(Problem) -> RemoteLog {
        let known = origin.members().first { $0.name == run.node }?.httpAddress
        if let known { return RemoteLog(node: run.node, at: known, .own, origin) }
        let views: [SessionView]
        do throws(StoreError) {
            views = try await origin.store.sessions()
        } catch {
            throw Problem(error)
        }
        guard let view = views.last(where: { $0.node.name == run.node }) else {
            throw Problem(
                .nodeDown,
                "The log of run \(run.id) is on \(run.node), which is not in the cluster.",
                hint: "rota node list"
            )
        }
        return RemoteLog(node: run.node, at: view.node.address, .own, origin)
    }

    /// Asks the other nodes, those first that are the likeliest to have a copy.
    private func copy(of run: RunRecord) async -> (log: RemoteLog, page: LogPage)? {
        let nodes = origin.members().aliveNodes
        for name in CopyChoice.ranked(nodes.map(\.name), for: run.node).prefix(Self.copyLimit) {
            guard let address = nodes.first(where: { $0.name == name })?.httpAddress else {
                continue
            }
            let log = RemoteLog(node: name, at: address, .copy(of: run.node), origin)
            let page = try? await log.stored(
                run.id,
                from: 0,
                limit: 1,
                patience: Self.copyPatience
            )
            if let page { return (log, page) }
        }
        return nil
    }

    /// What `run` has said of itself; `nil` if its node does not say so within a second.
    func facts(of run: RunRecord) async -> RunFacts? {
        guard let log = try? await holder(of: run) else { return nil }
        return try? await log.facts(of: run.id)
    }

    static func problem(_ error: LogError, of run: RunRecord) -> Problem {
        switch error {
        case .noSuchLog:
            Problem(
                .notFound,
                "The log of run \(run.id) is not on \(run.node); retention may have removed it."
            )
        case .full, .unavailable, .closed, .gap, .misconfigured:
            Problem(
                .nodeDown,
                "The log of run \(run.id) is on \(run.node), which does not answer: \(error)",
                hint: "rota node list"
            )
        }
    }
}
