import LockLease
import Synchronization
import Testing
import Vocabulary

/// One store seen by two processes, with the words that tests are told in.
final class Bench: Sendable {
    static let start = Instant(unixSeconds: 1_800_000_000)

    let clock = ManualClock(at: start)
    let store: any LeaseStore
    /// The same store as another process sees it.
    let other: any LeaseStore
    private let pair: StorePair
    private let count = Atomic(0)

    init(_ backEnd: BackEnd) throws {
        pair = try backEnd.open(clock)
        store = pair.store
        other = pair.other
    }

    /// Ends the process behind ``other``, whose session is `session`.
    func loseOther(_ session: SessionID) async {
        if let model = store as? InMemoryLeaseStore {
            await model.loseProcess(of: session)
        } else if let sqlite = other as? SQLiteLeaseStore {
            await sqlite.shutDown()
        }
    }

    func fresh(_ prefix: String) -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return prefix + String(repeating: "0", count: 6 - "\(number)".count) + "\(number)"
    }

    func request() -> RequestID { RequestID(fresh("request-")) }

    static func node(_ name: String) -> NodeIdentity {
        NodeIdentity(
            name: NodeName(name),
            bootID: "boot-1",
            processID: 4711,
            address: "127.0.0.1:7000"
        )
    }

    func session(_ name: String = "a") async throws -> SessionID {
        try await store.openSession(Self.node(name), term: .seconds(10))
    }

    static func key(_ name: String) -> ObjectKey {
        ObjectKey(tenant: "default", kind: .job, name: name)
    }

    static func gate(
        _ overlap: OverlapPolicy = .forbid,
        retries: Int = 0,
        nodeLoss: NodeLossPolicy = .lost,
        isEnabled: Bool = true,
        keep: Int = 100
    ) -> JobGate {
        var policy = RetryPolicy()
        policy.limit = retries
        var retention = Retention()
        retention.runs = keep
        return JobGate(
            isEnabled: isEnabled,
            overlap: overlap,
            retries: policy,
            nodeLoss: nodeLoss,
            keep: retention
        )
    }

    func put(
        _ name: String = "job",
        body: String = "{}",
        expecting: EditExpectation = .any,
        gate: JobGate = Bench.gate()
    ) async throws -> ObjectRecord {
        let edit = ObjectEdit(
            key: Self.key(name),
            expecting: expecting,
            uid: UID(fresh("uid-")),
            change: .put(body: Array(body.utf8), gate: gate)
        )
        let batch = try await store.commit([edit], id: request(), author: "ann")
        return batch.records[0]
    }

    /// Puts, or with `nil` deletes, the calendar called `name`.
    @discardableResult
    func calendar(
        _ name: String = "workdays",
        body: String?,
        tenant: String = "default"
    ) async throws -> ObjectRecord {
        let edit = ObjectEdit(
            key: ObjectKey(tenant: tenant, kind: .calendar, name: name),
            expecting: .any,
            uid: UID(fresh("uid-")),
            change: body.map { .put(body: Array($0.utf8), gate: nil) } ?? .delete
        )
        return try await store.commit([edit], id: request(), author: "ann").records[0]
    }

    @discardableResult
    func delete(_ name: String = "job") async throws -> ObjectRecord {
        let edit = ObjectEdit(
            key: Self.key(name),
            expecting: .any,
            uid: UID("unused"),
            change: .delete
        )
        return try await store.commit([edit], id: request(), author: "ann").records[0]
    }

    /// A claim item for the next runs of `job`, `seconds` after the bench's start.
    func item(
        _ job: ObjectRecord,
        from: Int64 = 0,
        runs seconds: [Int64],
        to end: Int64? = nil,
        cause: Cause = .schedule,
        skips: [SkipRange] = [],
        by calendars: [ObjectRecord] = []
    ) -> ClaimItem {
        ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(
                from: Self.at(from),
                to: Self.at(end ?? seconds.last ?? from),
                runs: seconds.map {
                    PlannedRun(instant: Self.at($0), run: RunID(fresh("run-")), cause: cause)
                },
                skips: skips
            ),
            calendars: calendars.map { CalendarMark(name: $0.key.name, digest: $0.digest) }
        )
    }

    func item(_ job: ObjectRecord, _ trigger: Trigger) -> ClaimItem {
        ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .trigger(trigger.id, run: RunID(fresh("run-")))
        )
    }

    static func at(_ seconds: Int64) -> Instant { start.advanced(by: .seconds(seconds)) }

    func claim(_ session: SessionID, _ item: ClaimItem) async throws -> ClaimOutcome {
        try await store.claim(session, id: request(), items: [item])[0]
    }

    /// Moves the clock to `seconds` after the start and claims the run that is due then.
    func run(
        _ session: SessionID,
        _ job: ObjectRecord,
        from: Int64 = 0,
        at seconds: Int64 = 60
    ) async throws -> Grant {
        advance(to: seconds)
        return try await claim(session, item(job, from: from, runs: [seconds])).grant()
    }

    func advance(to seconds: Int64) {
        clock.advance(by: clock.now.duration(to: Self.at(seconds)))
    }

    @discardableResult
    func finish(
        _ session: SessionID,
        _ grant: Grant,
        as state: RunState = .succeeded,
        fence: Fence? = nil,
        retryDelay: Duration = .zero
    ) async throws -> FinishOutcome {
        let completion = Completion(
            run: grant.run,
            fence: fence ?? grant.fence,
            state: state,
            exit: .code(state == .succeeded ? 0 : 1),
            reason: "",
            retryDelay: retryDelay
        )
        return try await store.finish(session, completions: [completion])[0]
    }

    /// Expires `session` as somebody who watched its beat.
    func expire(_ session: SessionID) async throws {
        for view in try await store.sessions() where view.id == session {
            _ = try await store.expire(session, observed: view.beat)
        }
    }

    func skips(_ job: ObjectRecord) async throws -> [SkipRange] {
        try await store.skips(
            of: job.uid,
            from: .epoch,
            through: Self.at(1_000_000),
            limit: 100
        )
    }

    func due() async throws -> [Trigger] { try await store.dueTriggers(limit: 100) }

    func order(_ run: RunID) -> KillOrder {
        KillOrder(run: run, author: "ann", grace: .seconds(3), requestedAt: clock.now)
    }
}

/// What a test expected to be there and was not.
struct Missing: Error {
    let what: String
}

extension ClaimOutcome {
    var grants: [Grant] {
        guard case .won(let grants) = self else { return [] }
        return grants
    }

    /// The only grant.
    func grant() throws -> Grant {
        guard case .won(let grants) = self, grants.count == 1 else {
            throw Missing(what: "one grant in \(self)")
        }
        return grants[0]
    }
}
