// A cluster's schedulers in one process, under a seed: virtual time, real cores, a model store.

import CronEval
import LockLease
import Platform
import Scheduler
import Synchronization
import Vocabulary

/// Drives several schedulers against one store, with faults drawn from a seed.
final class Simulation {
    /// How often things go wrong, in percent.
    struct Faults {
        var refused = 0
        var unknownApplied = 0
        var unknownLost = 0
        var notesLost = 0
        var clockOffset = 0
    }

    struct Node {
        var machine: SchedulerMachine
        var session: SessionID
        var isUp = true
        /// Messages to a node that stands still wait until then.
        var stalledUntil: Int64 = 0
        /// A former life's messages are dropped.
        var life = 0
        var offset: Int64
        var freeSlots = 50
    }

    struct Start: Hashable {
        let job: UID
        let instant: Instant
        let attempt: Int
    }

    private enum What {
        case event(SchedulerEvent)
        case claim(RequestID, [ClaimItem], SessionID)
        case readCursors([UID])
        case ended(Grant, SessionID)
        case heartbeat
        case crash
        case restart
    }

    private struct Scheduled {
        let at: Int64
        let order: Int
        let node: Int
        let life: Int
        let what: What
    }

    static let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))

    let store: InMemoryLeaseStore
    var nodes: [Node] = []
    var entries: [UID: JobEntry] = [:]
    var starts: [Start: Int] = [:]
    var lateness: [Int64] = []
    var claims = 0
    var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    private var random: SeededGenerator
    private var faults: Faults
    private var pending: [Scheduled] = []
    private var order = 0
    private let begin: Int64

    init(nodes count: Int, seed: UInt64, faults: Faults = Faults()) async throws {
        random = SeededGenerator(seed: seed)
        self.faults = faults
        let box = Box()
        store = InMemoryLeaseStore(clock: { Instant(unixMilliseconds: box.now.withLock { $0 }) })
        begin = 1_000_000_000_000
        self.box = box
        box.now.withLock { $0 = begin }
        for index in 0..<count {
            let offset = Int64.random(
                in: -Int64(faults.clockOffset)...Int64(faults.clockOffset),
                using: &random
            )
            nodes.append(try await makeNode(index, offset: offset))
        }
        for index in nodes.indices { announce(index) }
    }

    private final class Box: Sendable {
        let now = Mutex(Int64(0))
    }
    private let box: Box

    var now: Int64 { box.now.withLock { $0 } }

    static func name(_ index: Int) -> NodeName { NodeName("n\(index + 1)") }

    private func makeNode(_ index: Int, offset: Int64) async throws -> Node {
        let identity = NodeIdentity(
            name: Self.name(index),
            bootID: "boot",
            processID: Int32(index),
            address: "a"
        )
        let session = try await store.openSession(identity, term: .seconds(10))
        let machine = SchedulerMachine(
            me: Self.name(index),
            settings: SchedulerSettings(),
            zones: Self.zones,
            seed: random.next()
        )
        return Node(machine: machine, session: session, offset: offset)
    }

    /// Tells a new or restarted node all it has to know.
    private func announce(_ index: Int) {
        let members = nodes.indices.filter { nodes[$0].isUp }.map { Candidate(name: Self.name($0)) }
        for other in nodes.indices where nodes[other].isUp {
            schedule(other, in: 1, .event(.members(members)))
        }
        schedule(index, in: 1, .event(.put(entries.values.sorted { $0.uid < $1.uid })))
        schedule(index, in: 1, .event(.slots(free: nodes[index].freeSlots)))
        schedule(index, in: 2, .heartbeat)
    }

    // MARK: The list

    /// Commits a job and tells every node, each after a delay of its own.
    func put(_ job: Job, named name: String) async throws {
        let key = ObjectKey(tenant: "t", kind: .job, name: name)
        let batch = try await store.commit(
            [
                ObjectEdit(
                    key: key,
                    expecting: .any,
                    uid: UID(Digest(high: StableHash.of(name), low: 1).description),
                    change: .put(body: Array("\(job)".utf8), gate: JobGate(job))
                )
            ],
            id: RequestID("edit \(name) \(order)"),
            author: "test"
        )
        guard let record = batch.records.first else { return }
        let entry = JobEntry(
            uid: record.uid,
            name: key,
            revision: record.revision,
            job: job,
            createdAt: record.createdAt
        )
        entries[record.uid] = entry
        for index in nodes.indices {
            schedule(index, in: .random(in: 1...300, using: &random), .event(.put([entry])))
        }
    }

    func crash(_ index: Int, at delay: Int64, for length: Int64) {
        schedule(index, in: delay, .crash)
        schedule(index, in: delay + length, .restart, anyLife: true)
    }

    func stall(_ index: Int, until instant: Int64) {
        nodes[index].stalledUntil = begin + instant
    }

    // MARK: Time

    private func schedule(_ node: Int, in delay: Int64, _ what: What, anyLife: Bool = false) {
        order += 1
        let life = anyLife ? -1 : nodes.indices.contains(node) ? nodes[node].life : 0
        let entry = Scheduled(
            at: now + max(0, delay),
            order: order,
            node: node,
            life: life,
            what: what
        )
        let place =
            pending.firstIndex { ($0.at, $0.order) < (entry.at, entry.order) } ?? pending.endIndex
        pending.insert(entry, at: place)
    }

    /// Runs until `length` milliseconds have passed since the beginning.
    func run(through length: Int64) async throws {
        while let next = pending.last, next.at <= begin + length {
            pending.removeLast()
            box.now.withLock { $0 = max($0, next.at) }
            guard next.life == -1 || next.life == nodes[next.node].life else { continue }
            let stalled = nodes[next.node].stalledUntil
            if stalled > now, next.life != -1 {
                schedule(next.node, in: stalled - now, next.what)
                continue
            }
            note(next)
            try await perform(next.what, on: next.node)
        }
        box.now.withLock { $0 = begin + length }
    }

    /// Two runs under one seed are the same run.
    private func note(_ next: Scheduled) {
        for value in [UInt64(next.at), UInt64(next.order), UInt64(next.node)] {
            trace = (trace ^ value) &* 0x100_0000_01B3
        }
    }

    private func perform(_ what: What, on index: Int) async throws {
        switch what {
        case .event(let event): handle(event, index)
        case .claim(let id, let items, let session): try await claim(id, items, session, index)
        case .readCursors(let uids):
            let cursors = await store.cursors(of: uids)
            schedule(index, in: .random(in: 1...10, using: &random), .event(.cursors(cursors)))
        case .ended(let grant, let session): try await finish(grant, session, index)
        case .heartbeat: try await heartbeat(index)
        case .crash:
            nodes[index].isUp = false
            nodes[index].life += 1
            await store.loseProcess(of: nodes[index].session)
            announceMembers()
            try await takeOver(nodes[index].session, notBy: index)
        case .restart:
            let life = nodes[index].life
            nodes[index] = try await makeNode(index, offset: nodes[index].offset)
            nodes[index].life = life + 1
            announce(index)
        }
    }

    private func announceMembers() {
        let members = nodes.indices.filter { nodes[$0].isUp }.map { Candidate(name: Self.name($0)) }
        for other in nodes.indices where nodes[other].isUp {
            schedule(other, in: .random(in: 500...4_000, using: &random), .event(.members(members)))
        }
    }

    private func takeOver(_ dead: SessionID, notBy index: Int) async throws {
        guard let survivor = nodes.indices.first(where: { $0 != index && nodes[$0].isUp }) else {
            return
        }
        for view in await store.sessions() where view.id == dead && view.isLive {
            guard await store.expire(dead, observed: view.beat) else { return }
            _ = try await store.takeOver(dead, by: nodes[survivor].session, limit: 1_000)
        }
    }

    private func heartbeat(_ index: Int) async throws {
        do throws(StoreError) {
            _ = try await store.renew(nodes[index].session)
        } catch {
            let life = nodes[index].life
            nodes[index].session = try await makeNode(index, offset: 0).session
            nodes[index].life = life
            handle(.trusted(until: nil), index)
        }
        handle(.trusted(until: moment(index).monotonic.advanced(by: .seconds(6))), index)
        schedule(index, in: 2_500, .heartbeat)
    }

    // MARK: The store, with faults

    private func claim(
        _ id: RequestID,
        _ items: [ClaimItem],
        _ session: SessionID,
        _ index: Int
    ) async throws {
        claims += 1
        let delay = Int64.random(in: 1...15, using: &random)
        let dice = Int.random(in: 0..<100, using: &random)
        if dice < faults.refused { return schedule(index, in: delay, .event(.claimRefused(id))) }
        if dice < faults.refused + faults.unknownLost {
            return schedule(index, in: delay, .event(.claimUnknown(id)))
        }
        do throws(StoreError) {
            let outcomes = try await store.claim(session, id: id, items: items)
            let isAnswerLost = dice < faults.refused + faults.unknownLost + faults.unknownApplied
            schedule(
                index,
                in: delay,
                .event(isAnswerLost ? .claimUnknown(id) : .claimed(id, outcomes))
            )
        } catch {
            schedule(index, in: delay, .event(.claimRefused(id)))
        }
    }

    private func finish(_ grant: Grant, _ session: SessionID, _ index: Int) async throws {
        let completion = Completion(
            run: grant.run,
            fence: grant.fence,
            state: .succeeded,
            exit: .code(0),
            reason: "",
            retryDelay: .zero
        )
        _ = await store.finish(session, completions: [completion])
        nodes[index].freeSlots += 1
        handle(.slots(free: nodes[index].freeSlots), index)
    }

    // MARK: The machines

    private func moment(_ index: Int) -> Moment {
        Moment(
            wall: Instant(unixMilliseconds: now + nodes[index].offset),
            monotonic: MonotonicInstant(sinceBoot: .milliseconds(now))
        )
    }

    private func handle(_ event: SchedulerEvent, _ index: Int) {
        for action in nodes[index].machine.handle(event, at: moment(index)) {
            switch action {
            case .claim(let id, let items):
                schedule(
                    index,
                    in: .random(in: 0...5, using: &random),
                    .claim(id, items, nodes[index].session)
                )
            case .start(let grant): start(grant, index)
            case .readCursors(let uids):
                schedule(index, in: .random(in: 0...5, using: &random), .readCursors(uids))
            case .settle(let notes): tell(.settled(notes), from: index)
            case .pass(let notes): tell(.passed(notes, by: Self.name(index)), from: index)
            case .ran(let placements): tell(.ran(placements), from: index)
            case .wake(let instant):
                let local = instant.unixMilliseconds - nodes[index].offset
                schedule(index, in: max(1, local - now), .event(.deadlineReached))
            case .refresh(let uids):
                let fresh = uids.compactMap { entries[$0] }
                schedule(index, in: .random(in: 1...50, using: &random), .event(.put(fresh)))
            }
        }
    }

    private func start(_ grant: Grant, _ index: Int) {
        let key = Start(job: grant.key.job, instant: grant.key.instant, attempt: grant.key.attempt)
        starts[key, default: 0] += 1
        lateness.append(now - grant.key.instant.unixMilliseconds)
        nodes[index].freeSlots -= 1
        schedule(
            index,
            in: .random(in: 10...700, using: &random),
            .ended(grant, nodes[index].session)
        )
    }

    private func tell(_ news: SchedulerEvent, from index: Int) {
        for other in nodes.indices where other != index && nodes[other].isUp {
            guard Int.random(in: 0..<100, using: &random) >= faults.notesLost else { continue }
            schedule(other, in: .random(in: 1...20, using: &random), .event(news))
        }
    }
}
