// Many schedulers and one store in virtual time, with faults drawn from a seed.

import CronEval
import LockLease
import Scheduler
import Vocabulary

/// How badly things go.
struct FleetFaults {
    /// In percent of the calls to the store.
    var refused = 0
    var unknownBefore = 0
    var unknownAfter = 0
    var readsFailed = 0
    /// In percent of the notes sent to each node.
    var notesLost = 0
    /// The longest a note takes, in milliseconds.
    var noteDelay: Int64 = 30
    /// The most a node's wall clock is off, in milliseconds.
    var clockOffset: Int64 = 0
}

/// The simulation: nodes, their messages, and what the judge has to know.
struct Fleet {
    struct Node {
        var machine: SchedulerMachine
        var session: Int
        var isUp = true
        /// Counts restarts: messages to a former life are dropped.
        var life = 0
        /// Until then it stands still; its messages wait.
        var stalledUntil: Int64 = 0
        var offset: Int64 = 0
        var open = 0
        var known: [UID: Revision] = [:]
        var claiming: [RequestID: [UID]] = [:]
        /// Of these, those that the store may have taken: a refused repetition settles nothing.
        var unsettled: Set<RequestID> = []
        var nextWake: Int64?
    }

    enum Message {
        case event(SchedulerEvent)
        case put(UID)
        case members
        case triggers
        case claim(RequestID, [ClaimItem], session: Int)
        case read([UID])
        case finished
        case renew
        case wake
        case crash(length: Int64)
        case restart
    }

    struct Envelope: Comparable {
        let at: Int64
        let order: Int
        let node: Int
        let life: Int?
        let message: Message

        static func < (lhs: Self, rhs: Self) -> Bool { (lhs.at, lhs.order) < (rhs.at, rhs.order) }
        static func == (lhs: Self, rhs: Self) -> Bool { lhs.order == rhs.order }
    }

    static let begin: Int64 = 1_000_000_000_000
    static let slots = 20
    static let zones = ZoneCatalog(load: { _ in nil })

    var now: Int64 = 0
    var store = StoreOfTheFleet()
    var nodes: [Node] = []
    var faults = FleetFaults()
    /// While it lasts, every call to the store fails.
    var outage: ClosedRange<Int64>?
    var random: SeededGenerator
    private var queue = EnvelopeQueue()
    private var order = 0

    var starts: [RunKey: Int] = [:]
    var runIDs: Set<RunID> = []
    var lateness: [Int64] = []
    var notes = 0
    var wakes = 0
    var reads = 0
    var violations: [String] = []
    var trace: UInt64 = 0

    init(nodes count: Int, seed: UInt64, faults: FleetFaults = FleetFaults()) {
        random = SeededGenerator(seed: seed)
        self.faults = faults
        for index in 0..<count {
            nodes.append(makeNode(index))
            let bound = faults.clockOffset
            nodes[index].offset = .random(in: -bound...bound, using: &random)
        }
        for index in 0..<count { welcome(index) }
    }

    static func instant(_ milliseconds: Int64) -> Instant {
        Instant(unixMilliseconds: begin + milliseconds)
    }

    static func name(_ index: Int) -> NodeName { NodeName("node-\(index)") }

    var storeNow: Instant { Self.instant(now) }

    private mutating func makeNode(_ index: Int) -> Node {
        Node(
            machine: SchedulerMachine(
                me: Self.name(index),
                settings: SchedulerSettings(),
                zones: Self.zones,
                seed: random.next()
            ),
            session: store.openSession(at: storeNow)
        )
    }

    private mutating func welcome(_ index: Int) {
        announceMembers(within: 5)
        for uid in store.jobs.keys.sorted() { send(to: index, within: 20, .put(uid)) }
        send(to: index, within: 5, .event(.slots(free: Self.slots)))
        send(to: index, within: 5, .renew)
        send(to: index, within: 5, .triggers)
    }

    private mutating func announceMembers(within delay: Int64) {
        for index in nodes.indices where nodes[index].isUp {
            send(to: index, within: delay, .members)
        }
    }

    // MARK: What happens from outside

    /// Commits a job's new state; nodes hear of it after delays of their own.
    mutating func edit(
        _ uid: UID,
        period: Int64?,
        isPaused: Bool,
        _ change: (inout JobSpec) -> Void
    ) {
        let revision = store.nextRevision()
        var row =
            store.jobs[uid]
            ?? StoreOfTheFleet.JobRow(
                entry: .init(revision: revision, job: job(every: 1)),
                cursor: storeNow,
                edits: []
            )
        var job = row.entry.job
        if let last = row.edits.last {
            job.eras.append(
                Era(
                    schedule: last.period.map { "@every \($0)s" },
                    timeZone: "UTC",
                    isPaused: last.isPaused,
                    until: storeNow
                )
            )
            job.eras = Array(job.eras.suffix(JobSpec.eraLimit))
        }
        job.spec.schedule = period.map { "@every \($0)s" }
        change(&job.spec)
        job.pause = isPaused ? Pause(reason: "", since: storeNow) : nil
        row.entry = .init(revision: revision, job: job)
        row.edits.append(.init(at: storeNow, period: period, isPaused: isPaused))
        store.jobs[uid] = row
        for index in nodes.indices { send(to: index, within: 300, .put(uid)) }
    }

    mutating func delete(_ uid: UID) {
        let (now, revision) = (storeNow, store.nextRevision())
        store.jobs[uid]?.deletedAt = now
        store.jobs[uid]?.entry.revision = revision
        for index in nodes.indices { send(to: index, within: 300, .put(uid)) }
    }

    mutating func trigger(_ uid: UID, number: Int64) {
        let name = ObjectKey(tenant: "t", kind: .job, name: uid.text)
        store.triggers.append(
            Trigger(
                id: TriggerID(number),
                key: RunKey(job: uid, instant: storeNow.advanced(by: .microseconds(1_500))),
                name: name,
                cause: .manual(by: "somebody"),
                notBefore: storeNow
            )
        )
        tellTriggers()
    }

    private mutating func tellTriggers() {
        for index in nodes.indices where nodes[index].isUp {
            send(to: index, within: 200, .triggers)
        }
    }

    mutating func crash(_ index: Int, in delay: Int64, for length: Int64) {
        send(to: index, in: delay, .crash(length: length))
    }

    mutating func stall(_ index: Int, for length: Int64) {
        nodes[index].stalledUntil = now + length
    }

    // MARK: Messages

    private mutating func send(
        to node: Int,
        in delay: Int64,
        anyLife: Bool = false,
        _ message: Message
    ) {
        order += 1
        queue.insert(
            Envelope(
                at: now + max(delay, 0),
                order: order,
                node: node,
                life: anyLife ? nil : nodes.indices.contains(node) ? nodes[node].life : 0,
                message: message
            )
        )
    }

    private mutating func send(to node: Int, within delay: Int64, _ message: Message) {
        send(to: node, in: .random(in: 1...max(delay, 1), using: &random), message)
    }

    /// Runs until `end` milliseconds after the beginning.
    mutating func run(until end: Int64) {
        while let next = queue.popFirst(through: end) {
            now = max(now, next.at)
            if let life = next.life, life != nodes[next.node].life { continue }
            let stall = nodes[next.node].stalledUntil - now
            if stall > 0, isForNode(next.message) {
                send(to: next.node, in: stall, next.message)
            } else {
                trace = SeededGenerator.mixed(trace ^ UInt64(now) ^ UInt64(next.node) << 48)
                deliver(next.message, to: next.node)
            }
        }
        now = end
    }

    /// What is on its way to the store gets there although its sender stands still.
    private func isForNode(_ message: Message) -> Bool {
        switch message {
        case .claim, .read, .crash, .restart: false
        case .event, .put, .members, .triggers, .finished, .renew, .wake: true
        }
    }

    private mutating func deliver(_ message: Message, to index: Int) {
        switch message {
        case .event(let event): handle(event, on: index)
        case .put(let uid): deliverJob(uid, to: index)
        case .members:
            let up = nodes.indices.filter { nodes[$0].isUp }
            let members = up.map {
                Candidate(name: Self.name($0), tags: ["even": "\($0 % 2 == 0)"])
            }
            handle(.members(members), on: index)
        case .triggers: handle(.triggers(store.triggers), on: index)
        case .claim(let id, let items, let session): claim(id, items, session, from: index)
        case .read(let uids): read(uids, from: index)
        case .finished:
            nodes[index].open -= 1
            handle(.slots(free: Self.slots - nodes[index].open), on: index)
        case .renew: renew(index)
        case .wake:
            wakes += 1
            nodes[index].nextWake = nil
            handle(.deadlineReached, on: index)
        case .crash(let length):
            nodes[index].isUp = false
            nodes[index].life += 1
            announceMembers(within: 4_000)
            send(to: index, in: length, anyLife: true, .restart)
        case .restart:
            let (life, offset) = (nodes[index].life + 1, nodes[index].offset)
            nodes[index] = makeNode(index)
            nodes[index].life = life
            nodes[index].offset = offset
            welcome(index)
        }
    }

    private mutating func deliverJob(_ uid: UID, to index: Int) {
        guard let row = store.jobs[uid] else { return }
        nodes[index].known[uid] = row.entry.revision
        guard row.deletedAt == nil else { return handle(.removed([uid]), on: index) }
        handle(
            .put([
                JobEntry(
                    uid: uid,
                    name: ObjectKey(tenant: "t", kind: .job, name: uid.text),
                    revision: row.entry.revision,
                    job: row.entry.job,
                    createdAt: row.edits.first?.at ?? .epoch
                )
            ]),
            on: index
        )
    }

    // MARK: The store's side

    private var isStoreAway: Bool { outage?.contains(now) ?? false }

    private mutating func renew(_ index: Int) {
        send(to: index, in: 2_500, .renew)
        guard !isStoreAway else { return }
        let sent = MonotonicInstant(sinceBoot: .milliseconds(now))
        if !store.renew(nodes[index].session, at: storeNow) {
            handle(.trusted(until: nil), on: index)
            nodes[index].claiming = [:]
            nodes[index].unsettled = []
            nodes[index].session = store.openSession(at: storeNow)
        }
        send(to: index, within: 10, .event(.trusted(until: sent.advanced(by: .seconds(6)))))
    }

    private mutating func claim(
        _ id: RequestID,
        _ items: [ClaimItem],
        _ session: Int,
        from index: Int
    ) {
        let dice = Int.random(in: 0..<100, using: &random)
        let lost = faults.refused + faults.unknownBefore
        if dice < faults.refused || (isStoreAway && dice < 50) {
            return send(to: index, within: 20, .event(.claimRefused(id)))
        }
        if dice < lost || isStoreAway {
            return send(to: index, within: 20, .event(.claimUnknown(id)))
        }
        let triggersBefore = store.triggers.count
        let outcomes = store.claim(session, id, items, at: storeNow)
        if store.triggers.count != triggersBefore { tellTriggers() }
        guard let outcomes, session == nodes[index].session else {
            return send(to: index, within: 20, .event(.claimRefused(id)))
        }
        let isAnswerLost = dice < lost + faults.unknownAfter
        let answer: SchedulerEvent = isAnswerLost ? .claimUnknown(id) : .claimed(id, outcomes)
        send(to: index, within: 20, .event(answer))
    }

    private mutating func read(_ uids: [UID], from index: Int) {
        reads += 1
        let dice = Int.random(in: 0..<100, using: &random)
        guard !isStoreAway, dice >= faults.readsFailed else {
            return send(to: index, within: 20, .event(.cursorsUnavailable(uids)))
        }
        var cursors: [UID: Instant] = [:]
        for uid in uids { cursors[uid] = store.jobs[uid]?.cursor }
        send(to: index, within: 20, .event(.cursors(cursors)))
    }

    // MARK: The nodes' side

    mutating func handle(_ event: SchedulerEvent, on index: Int) {
        switch event {
        case .claimed(let id, _): nodes[index].claiming[id] = nil
        case .claimUnknown(let id): nodes[index].unsettled.insert(id)
        case .claimRefused(let id):
            if !nodes[index].unsettled.contains(id) { nodes[index].claiming[id] = nil }
        case _: break
        }
        let moment = Moment(
            wall: Self.instant(now + nodes[index].offset),
            monotonic: MonotonicInstant(sinceBoot: .milliseconds(now))
        )
        var wakes = 0
        var claims = 0
        for action in nodes[index].machine.handle(event, at: moment) {
            switch action {
            case .claim(let id, let items):
                claims += 1
                inspect(id, items, of: index, at: moment)
                send(to: index, within: 20, .claim(id, items, session: nodes[index].session))
            case .start(let grant): start(grant, on: index)
            case .readCursors(let uids): send(to: index, within: 20, .read(uids))
            case .settle(let notes):
                self.notes += 1
                tell(.settled(notes), from: index)
            case .pass(let notes): tell(.passed(notes, by: Self.name(index)), from: index)
            case .ran(let placements): tell(.ran(placements), from: index)
            case .wake(let instant):
                wakes += 1
                wake(index, at: instant, moment)
            case .refresh(let uids):
                for uid in uids { send(to: index, within: 50, .put(uid)) }
            }
        }
        if wakes > 1 || claims > 1 { violations.append("\(wakes) wakes, \(claims) claims") }
    }

    /// What may never leave a machine, whatever the store would say to it.
    private mutating func inspect(
        _ id: RequestID,
        _ items: [ClaimItem],
        of index: Int,
        at moment: Moment
    ) {
        let isNew = nodes[index].claiming[id] == nil
        nodes[index].claiming[id] = items.compactMap { item in
            switch item.subject {
            case .instants: item.job
            case .trigger: nil
            }
        }
        if nodes[index].claiming.count > 2 { violations.append("three claims at once") }
        guard isNew else { return }
        var planned = 0
        for item in items {
            if let known = nodes[index].known[item.job], item.revision < known {
                violations.append("\(item.job) claimed under \(item.revision), knew \(known)")
            }
            switch item.subject {
            case .instants(_, let to, let runs, _):
                planned += runs.count
                if to > moment.wall { violations.append("\(item.job) claimed ahead of time") }
                let busy = nodes[index].claiming.values.joined().filter { $0 == item.job }
                if busy.count > 1 {
                    violations.append("\(item.job) claimed twice at once")
                }
            case .trigger: planned += 1
            }
        }
        if planned > Self.slots - nodes[index].open { violations.append("more runs than slots") }
    }

    private mutating func start(_ grant: Grant, on index: Int) {
        starts[grant.key, default: 0] += 1
        if !runIDs.insert(grant.run).inserted { violations.append("\(grant.run) started twice") }
        lateness.append(now - (grant.key.instant.unixMilliseconds - Self.begin))
        nodes[index].open += 1
        if nodes[index].open > Self.slots { violations.append("node \(index) is overfull") }
        send(to: index, within: 900, .finished)
    }

    private mutating func tell(_ news: SchedulerEvent, from index: Int) {
        for other in nodes.indices where other != index && nodes[other].isUp {
            guard Int.random(in: 0..<100, using: &random) >= faults.notesLost else { continue }
            send(to: other, within: faults.noteDelay, .event(news))
        }
    }

    private mutating func wake(_ index: Int, at instant: Instant, _ moment: Moment) {
        let delay = moment.wall.duration(to: instant).milliseconds
        if delay < 1 { violations.append("woken in the past") }
        let at = now + min(delay, 1_000)
        if let next = nodes[index].nextWake, next <= at, next > now { return }
        nodes[index].nextWake = at
        send(to: index, in: at - now, .wake)
    }
}

/// Messages by time, first sent first.
struct EnvelopeQueue {
    private var heap: [Fleet.Envelope] = []

    mutating func insert(_ envelope: Fleet.Envelope) {
        heap.append(envelope)
        var index = heap.count - 1
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst(through end: Int64) -> Fleet.Envelope? {
        guard let first = heap.first, first.at <= end else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != index else { return first }
            heap.swapAt(index, least)
            index = least
        }
    }
}
