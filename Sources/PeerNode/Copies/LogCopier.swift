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
        list.withLock { $0.add(grant.run, job: grant.key.job, keep: order.spec.keep) }
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
            await turn(to: neighbour)
        }
    }

    /// Hands over what grew of all logs since the last turn; a neighbour that does not answer is
    /// left alone until the next one.
    func turn(to neighbour: Neighbour) async {
        let due = list.withLock { $0.turn(to: neighbour.name) }
        var rest = await grown(of: due)[...]
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<Self.parallel {
                guard let (run, copy) = rest.popFirst() else { break }
                group.addTask { await self.copy(run, copy, to: neighbour) }
            }
            while let isAnswered = await group.next() {
                if !isAnswered { rest = [] }
                guard let (run, copy) = rest.popFirst() else { continue }
                group.addTask { await self.copy(run, copy, to: neighbour) }
            }
        }
    }

    /// The logs that have something the neighbour does not.
    private func grown(of due: [RunID: CopyList.Copy]) async -> [(RunID, CopyList.Copy)] {
        guard !due.isEmpty, let stands = try? await logs.stands(of: Array(due.keys)) else {
            return []
        }
        return due.compactMap { run, copy in
            guard let stand = stands[run] else { return nil }
            if stand.isComplete, stand.end == 0 {
                // Nothing was printed, so nothing is lost: most short runs cost no request.
                list.withLock { $0.done(run) }
                return nil
            }
            return stand.end > copy.offset || stand.isComplete ? (run, copy) : nil
        }
    }

    /// Hands over what grew of one log; answers whether the neighbour answers.
    private func copy(_ run: RunID, _ copy: CopyList.Copy, to neighbour: Neighbour) async -> Bool {
        var offset = copy.offset
        for _ in 0..<Self.pagesPerTurn {
            guard let page = try? await logs.read(run, from: offset, limit: Self.pageBytes),
                page.next > offset || page.isComplete
            else { return true }
            switch await send(page, from: offset, of: run, copy, to: neighbour) {
            case .nothing: return false
            case .refusal: return true
            case .end(let end):
                if page.isComplete, end >= page.end {
                    list.withLock { $0.done(run) }
                    return true
                }
                list.withLock { $0.reached(end, of: run) }
                guard end != offset else { return true }
                offset = end
            }
        }
        return true
    }

    private enum Answer {
        /// The neighbour's copy ends there.
        case end(Int64)
        case refusal
        case nothing
    }

    private func send(
        _ page: LogPage,
        from offset: Int64,
        of run: RunID,
        _ copy: CopyList.Copy,
        to neighbour: Neighbour
    ) async -> Answer {
        let keep = copy.keep
        let query = """
            from=\(offset)&bytes=\(max(0, keep.logBytes))\
            &age=\(max(0, keep.age.components.seconds))\
            &job=\(PercentCoding.encode(copy.job.text))
            """
        let path = "/v1/copies/\(PercentCoding.encode(run.text))?\(query)"
        var call = HTTPCall(method: "POST", url: "http://\(neighbour.address)\(path)")
        call.headers = [
            (name: "Authorization", value: "Bearer \(token())"),
            (name: "Content-Type", value: "application/json"),
        ]
        call.body = JSON.bytes(page.value)
        call.timeout = .seconds(5)
        guard let answer = try? await client.send(call) else {
            note("nothing", neighbour)
            return .nothing
        }
        let value = answer.status == 200 ? try? JSON.parse(answer.body) : nil
        guard let end = value?["end"]?.integer, end >= 0 else {
            note("HTTP \(answer.status)", neighbour)
            return .refusal
        }
        note(nil, neighbour)
        return .end(end)
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
