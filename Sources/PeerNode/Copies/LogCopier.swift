// Hands the output of this node's runs to one neighbour, so that it is not lost with this node.

internal import Documents
internal import HTTPClient
internal import HTTPService
internal import LockLease
internal import LogSink
internal import Platform
internal import Synchronization
internal import Vocabulary

/// Copies logs to a neighbour, once a second, only what grew.
final class LogCopier: Sendable {
    /// A node that copies can be handed to.
    struct Neighbour: Equatable, Sendable {
        let name: NodeName
        /// Where it serves HTTP, `host:port`.
        let address: String
    }

    private static let interval = Duration.seconds(1)
    /// A page of empty lines is some fifty times as long on the wire.
    private static let pageBytes = 32_768
    /// How much of one log goes in one turn, so that others get theirs.
    private static let pagesPerTurn = 128
    private static let parallel = 8

    private let list = Mutex(CopyList())
    private let isFailing = Mutex(false)
    private let logs: any LogReader
    private let client = HTTPClient()
    private let token: @Sendable () -> String
    private let neighbour: @Sendable () -> Neighbour?
    private let log: DaemonLog

    /// Nothing is copied before ``run()``.
    ///
    /// `token`: What this node signs in with at others.
    /// `neighbour`: Who keeps its copies now, if anybody does.
    init(
        logs: any LogReader,
        token: @escaping @Sendable () -> String,
        neighbour: @escaping @Sendable () -> Neighbour?,
        log: DaemonLog
    ) {
        self.logs = logs
        self.token = token
        self.neighbour = neighbour
        self.log = log
    }

    func track(_ order: RunOrder) {
        let grant = order.grant
        list.withLock { $0.add(grant.run, job: grant.key.job, bytes: order.spec.keep.logBytes) }
    }

    /// Its log will be complete soon.
    func ended(_ run: RunID) {
        list.withLock { $0.ended(run) }
    }

    /// Copies until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
            guard !Task.isCancelled, let neighbour = neighbour() else { continue }
            let due = list.withLock { $0.turn(to: neighbour.name) }
            await withTaskGroup(of: Void.self) { group in
                var rest = Array(due)[...]
                for _ in 0..<Self.parallel {
                    guard let (run, copy) = rest.popFirst() else { break }
                    group.addTask { await self.copy(run, copy, to: neighbour) }
                }
                while await group.next() != nil {
                    guard let (run, copy) = rest.popFirst() else { continue }
                    group.addTask { await self.copy(run, copy, to: neighbour) }
                }
            }
        }
    }

    /// Hands over what grew of one log.
    private func copy(_ run: RunID, _ copy: CopyList.Copy, to neighbour: Neighbour) async {
        var offset = copy.offset
        for _ in 0..<Self.pagesPerTurn {
            guard let page = try? await logs.read(run, from: offset, limit: Self.pageBytes),
                page.next > offset || page.isComplete,
                let end = await send(page, from: offset, of: run, copy, to: neighbour)
            else { return }
            if page.isComplete, end >= page.end { return list.withLock { $0.done(run) } }
            list.withLock { $0.reached(end, of: run) }
            guard end != offset else { return }
            offset = end
        }
    }

    /// Answers where the neighbour's copy ends, or `nil` if it does not say.
    private func send(
        _ page: LogPage,
        from offset: Int64,
        of run: RunID,
        _ copy: CopyList.Copy,
        to neighbour: Neighbour
    ) async -> Int64? {
        let query = "from=\(offset)&bytes=\(copy.bytes)&job=\(PercentCoding.encode(copy.job.text))"
        let path = "/v1/copies/\(PercentCoding.encode(run.text))?\(query)"
        var call = HTTPCall(method: "POST", url: "http://\(neighbour.address)\(path)")
        call.headers = [
            (name: "Authorization", value: "Bearer \(token())"),
            (name: "Content-Type", value: "application/json"),
        ]
        call.body = JSON.bytes(page.value)
        call.timeout = .seconds(5)
        let answer = try? await client.send(call)
        let value = answer.flatMap { $0.status == 200 ? try? JSON.parse($0.body) : nil }
        let end = value?["end"]?.integer
        note(end == nil ? "HTTP \(answer?.status ?? 0)" : nil, neighbour)
        return end
    }

    /// Tells when a neighbour begins to fail, and when it takes copies again.
    private func note(_ failure: String?, _ neighbour: Neighbour) {
        let isNews = isFailing.withLock { isFailing in
            defer { isFailing = failure != nil }
            return isFailing != (failure != nil)
        }
        guard isNews else { return }
        if let failure {
            log.warning("copies.refused", ["by": neighbour.name.text, "answer": failure])
        } else {
            log.info("copies.taken", ["by": neighbour.name.text])
        }
    }
}
