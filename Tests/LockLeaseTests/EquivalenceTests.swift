import LockLease
import TestSupport
import Testing
import Vocabulary

/// The same calls to the model and to a back end, which must answer alike.
@Suite struct `Random calls` {
    @Test(.tags(.randomized), .timeLimit(.minutes(2)), arguments: BackEnd.real)
    func `answer the same as the model does`(_ backEnd: BackEnd) async throws {
        for seed: UInt64 in 1...12 {
            var pair = try Pair(seed: seed, backEnd)
            for step in 0..<250 {
                let (call, model, real) = try await pair.step()
                guard model == real else {
                    Issue.record("seed \(seed), step \(step), \(call):\n\(model)\n\(real)")
                    return
                }
            }
            let (model, real) = try await pair.everything()
            #expect(model == real, "seed \(seed)")
            #expect(pair.won.count > 15, "seed \(seed) won too little to say anything")
        }
    }
}

/// Two stores, the clock both read, and what a random caller remembers of their answers.
private struct Pair {
    typealias Call = @Sendable (any LeaseStore) async throws -> String

    let clock = ManualClock(at: Bench.start)
    let model: InMemoryLeaseStore
    let stores: StorePair
    /// One of the two processes, by chance: neither may rely on what it remembers.
    var real: any LeaseStore
    var random: SeededGenerator
    var idCount = 0
    /// Every run that was ever open between two calls.
    var won: Set<RunID> = []

    var jobs: [ObjectRecord] = []
    var calendars: [ObjectRecord] = []
    var sessions: [SessionID] = []
    var grants: [(session: SessionID, grant: Grant)] = []
    /// Sent again now and then, as after a lost answer.
    var lastCall: (name: String, call: Call)?

    static let names = ["a", "b", "c", "d"]

    init(seed: UInt64, _ backEnd: BackEnd) throws {
        random = SeededGenerator(seed: seed)
        let clock = clock
        stores = try backEnd.open(clock, requestMemory: .seconds(300))
        real = stores.store
        model = InMemoryLeaseStore(requestMemory: .seconds(300)) { clock.now }
    }

    /// Makes one random call to both; answers what was called and what they said.
    mutating func step() async throws -> (String, String, String) {
        real = Bool.random(using: &random) ? stores.store : stores.other
        clock.advance(by: .milliseconds(Int64.random(in: 0...20_000, using: &random)))
        if Int.random(in: 0..<15, using: &random) == 0, let (name, call) = lastCall {
            return ("again \(name)", await answer(model, call), await answer(real, call))
        }
        let (name, call) = try await next()
        lastCall = (name, call)
        let outcomes = (name, await answer(model, call), await answer(real, call))
        try await learn()
        return outcomes
    }

    private func answer(_ store: any LeaseStore, _ call: Call) async -> String {
        do {
            return try await call(store)
        } catch {
            return "throws \(error)"
        }
    }

    /// Brings what the caller knows up to date with the model, a part of it now and then stale.
    private mutating func learn() async throws {
        if Int.random(in: 0..<4, using: &random) > 0 {
            let records = await model.snapshot(after: nil, limit: 100).records
            jobs = records.filter { $0.key.kind == .job }
            calendars = records.filter { $0.key.kind == .calendar }
        }
        let live = await model.sessions()
        if Int.random(in: 0..<4, using: &random) > 0 { sessions = live.map(\.id) }
        var filter = RunFilter()
        filter.states = [.open]
        grants = await model.runs(filter).map { run in
            let grant = Grant(
                run: run.id,
                key: run.key,
                cause: run.cause,
                fence: run.fence,
                digest: .zero
            )
            return (run.session, grant)
        }
        won.formUnion(grants.map(\.grant.run))
    }

    private mutating func id(_ prefix: String) -> String {
        idCount += 1
        return prefix + String(repeating: "0", count: 6 - "\(idCount)".count) + "\(idCount)"
    }

    private mutating func next() async throws -> (String, Call) {
        switch Int.random(in: 0..<100, using: &random) {
        case ..<11: commit()
        case ..<23: openSession()
        case ..<26: renew()
        case ..<28: try await expire()
        case ..<29: close()
        case ..<34: takeOver()
        case ..<68: try await claimInstants()
        case ..<78: try await claimTrigger()
        case ..<90: finish()
        case ..<93: trigger()
        case ..<95: backfill()
        case ..<98: kill()
        case ..<99 where Int.random(in: 0..<6, using: &random) == 0:
            ("acceptHistory", { "\(try await $0.acceptHistory().head)" })
        case _: ("prune", { store in "\(try await store.prune(Self.retention))" })
        }
    }

    private static var retention: StoreRetention {
        var retention = StoreRetention()
        retention.skips = .seconds(600)
        retention.tombstones = .seconds(400)
        retention.batches = 10
        return retention
    }

    private mutating func anyGate() -> JobGate {
        let overlaps: [OverlapPolicy] = [
            .forbid, .queue, .replace, .allow(limit: 2), .allow(limit: nil),
        ]
        let losses: [NodeLossPolicy] = [.lost, .retry(limit: 1)]
        return Bench.gate(
            overlaps.randomElement(using: &random) ?? .forbid,
            retries: Int.random(in: 0...2, using: &random),
            nodeLoss: losses.randomElement(using: &random) ?? .lost,
            isEnabled: Int.random(in: 0..<7, using: &random) > 0,
            keep: 30
        )
    }

    private mutating func commit() -> (String, Call) {
        let count = Int.random(in: 1...2, using: &random)
        var edits = (0..<count).map { _ in
            let name = Self.names.randomElement(using: &random) ?? "a"
            let version = Version(Int64.random(in: 1...4, using: &random))
            let expectations: [EditExpectation] = [.any, .any, .any, .absent, .version(version)]
            let isDeleting = Int.random(in: 0..<8, using: &random) == 0
            let body = Array("\(idCount)".utf8)
            return ObjectEdit(
                key: Bench.key(name),
                expecting: expectations.randomElement(using: &random) ?? .any,
                uid: UID(id("uid-")),
                change: isDeleting ? .delete : .put(body: body, gate: anyGate())
            )
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            let isDeleting = Int.random(in: 0..<4, using: &random) == 0 && !calendars.isEmpty
            let body = Array("\(Int.random(in: 0...2, using: &random))".utf8)
            edits.append(
                ObjectEdit(
                    key: ObjectKey(tenant: "default", kind: .calendar, name: "c"),
                    expecting: .any,
                    uid: UID(id("uid-")),
                    change: isDeleting ? .delete : .put(body: body, gate: nil)
                )
            )
        }
        let request = RequestID(id("request-"))
        return (
            "commit",
            { [edits] in "\(try await $0.commit(edits, id: request, author: "ann"))" }
        )
    }

    private mutating func openSession() -> (String, Call) {
        let node = Bench.node(Self.names.randomElement(using: &random) ?? "a")
        return ("openSession", { "\(try await $0.openSession(node, term: .seconds(10)))" })
    }

    private mutating func anySession() -> SessionID {
        sessions.randomElement(using: &random) ?? SessionID(77)
    }

    private mutating func renew() -> (String, Call) {
        let session = anySession()
        return (
            "renew",
            {
                // How writes are counted is each back end's own.
                let renewal = try await $0.renew(session)
                return "\(renewal.beat) \(renewal.head) \(renewal.kills)"
            }
        )
    }

    private mutating func expire() async throws -> (String, Call) {
        let session = anySession()
        let seen = await model.sessions().first { $0.id == session }?.beat ?? Beat(0)
        let beat = Beat(seen.rawValue - Int64.random(in: 0...1, using: &random))
        return ("expire", { "\(try await $0.expire(session, observed: beat))" })
    }

    private mutating func close() -> (String, Call) {
        let session = anySession()
        return ("close", { "\(try await $0.closeSession(session))" })
    }

    private mutating func takeOver() -> (String, Call) {
        let (dead, taker) = (anySession(), anySession())
        let limit = Int.random(in: 1...3, using: &random)
        return ("takeOver", { "\(try await $0.takeOver(dead, by: taker, limit: limit))" })
    }

    private mutating func claimInstants() async throws -> (String, Call) {
        var items: [ClaimItem] = []
        for job in jobs.shuffled(using: &random).prefix(2) {
            let at = await model.cursors(of: [job.uid])[job.uid] ?? Bench.start
            let from = at.advanced(by: .seconds(Int.random(in: 0..<9, using: &random) == 0 ? 1 : 0))
            let count = Int64.random(in: 0...3, using: &random)
            let cause: Cause = Bool.random(using: &random) ? .catchUp : .schedule
            let runs = (0..<count).map { index in
                PlannedRun(
                    instant: from.advanced(by: .seconds(index + 1)),
                    run: RunID(id("run-")),
                    cause: cause
                )
            }
            let end = from.advanced(by: .seconds(count + 2))
            let skip = SkipRange(
                from: from.advanced(by: .seconds(count)),
                through: end,
                count: 2,
                reason: .misfire
            )
            let subject = ClaimItem.Subject.instants(from: from, to: end, runs: runs, skips: [skip])
            let isRuled = Int.random(in: 0..<3, using: &random) == 0
            let marks = calendars.map { CalendarMark(name: $0.key.name, digest: $0.digest) }
            items.append(
                ClaimItem(
                    job: job.uid,
                    revision: job.revision,
                    subject: subject,
                    calendars: isRuled ? marks : []
                )
            )
        }
        return claim(items)
    }

    private mutating func claimTrigger() async throws -> (String, Call) {
        let all = await model.dueTriggers(limit: 100)
        let id = TriggerID(Int64.random(in: 1...30, using: &random))
        let chosen = all.randomElement(using: &random)
        guard let job = jobs.first(where: { $0.uid == chosen?.key.job }) ?? jobs.first else {
            return claim([])
        }
        let run = RunID(self.id("run-"))
        let item = ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .trigger(chosen?.id ?? id, run: run)
        )
        return claim([item])
    }

    private mutating func claim(_ items: [ClaimItem]) -> (String, Call) {
        let session = anySession()
        let request = RequestID(id("request-"))
        return ("claim", { "\(try await $0.claim(session, id: request, items: items))" })
    }

    private mutating func finish() -> (String, Call) {
        let states: [RunState] = [.succeeded, .failed, .failed, .timedOut, .killed]
        var session = anySession()
        let completions = grants.shuffled(using: &random).prefix(2).map { owner, grant in
            session = owner
            let wrong = Int.random(in: 0..<10, using: &random) == 0
            return Completion(
                run: grant.run,
                fence: wrong ? Fence(0) : grant.fence,
                state: states.randomElement(using: &random) ?? .failed,
                exit: .signal(9),
                reason: "because",
                retryDelay: .seconds(Int64.random(in: 0...30, using: &random))
            )
        }
        let owner = session
        return ("finish", { "\(try await $0.finish(owner, completions: completions))" })
    }

    private mutating func trigger() -> (String, Call) {
        let key = Bench.key(Self.names.randomElement(using: &random) ?? "a")
        let request = RequestID(id("request-"))
        return ("trigger", { "\(try await $0.trigger(key, id: request, author: "bob"))" })
    }

    private mutating func backfill() -> (String, Call) {
        let key = Bench.key(Self.names.randomElement(using: &random) ?? "a")
        let request = RequestID(id("request-"))
        let start = clock.now.advanced(by: .seconds(Int64.random(in: -60...5, using: &random)))
        let order = BackfillOrder(
            job: key,
            instants: (0..<4).map { start.advanced(by: .seconds($0)) },
            isAgain: Bool.random(using: &random),
            isPlan: Int.random(in: 0..<4, using: &random) == 0
        )
        return ("backfill", { "\(try await $0.backfill(order, id: request, author: "eve"))" })
    }

    private mutating func kill() -> (String, Call) {
        let number = Int.random(in: 0...max(1, idCount), using: &random)
        let zeros = String(repeating: "0", count: 6 - "\(number)".count)
        let run = grants.randomElement(using: &random)?.grant.run ?? RunID("run-\(zeros)\(number)")
        let order = KillOrder(run: run, author: "eve", grace: nil, requestedAt: clock.now)
        return ("kill", { "\(String(describing: try await $0.kill(order)))" })
    }

    /// All that can be read from both.
    func everything() async throws -> (String, String) {
        let call: Call = { store in
            var parts: [String] = []
            let list = try await store.snapshot(after: nil, limit: 1_000)
            parts.append("\(list)")
            for record in list.records {
                let at = try await store.cursors(of: [record.uid])
                let skips = try await store.skips(
                    of: record.uid,
                    from: .epoch,
                    through: Bench.at(10_000_000),
                    limit: 10_000
                )
                parts.append("\(at) \(skips)")
            }
            parts.append("\(try await store.sessions())")
            var filter = RunFilter()
            filter.limit = 10_000
            parts.append("\(try await store.runs(filter))")
            parts.append("\(try await store.dueTriggers(limit: 1_000))")
            parts.append("\(String(describing: try await store.nextTrigger()))")
            parts.append("\(try await store.pulse())")
            let head = list.position.revision
            let floor = Revision(epoch: head.epoch, sequence: max(10, head.sequence) - 10)
            parts.append("\(try await store.changes(after: floor, limit: 100))")
            return parts.joined(separator: "\n")
        }
        return (await answer(model, call), await answer(real, call))
    }
}
