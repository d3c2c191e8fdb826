// Two hundred schedulers in one process: real cores, a model of the store, gossip that takes time.

internal import CronEval
internal import LockLease
internal import Scheduler
internal import Vocabulary

/// Counts what a herd asks of the store in health: gossip takes 5 to 50 ms, a call 1 to 15 ms, one
/// note in a hundred is lost, and clocks differ by up to 20 ms.
struct HerdSimulation {
    private struct Node {
        var machine: SchedulerMachine
        let offset: Int64
        var open = 0
        var nextWake: Int64?
    }

    private enum Message {
        case event(SchedulerEvent)
        case claim(RequestID, [ClaimItem])
        case read([UID])
        case ended
        case wake
    }

    private struct Envelope: Comparable {
        let at: Int64
        let order: Int
        let node: Int
        let message: Message

        static func < (lhs: Self, rhs: Self) -> Bool { (lhs.at, lhs.order) < (rhs.at, rhs.order) }
        static func == (lhs: Self, rhs: Self) -> Bool { lhs.order == rhs.order }
    }

    private static let begin = Instant(unixSeconds: 1_000_000_000)
    private static let slots = 64

    private(set) var starts = 0
    private(set) var doubles = 0
    private(set) var claims = 0
    private(set) var items = 0
    private(set) var reads = 0
    private(set) var worstLateness: Int64 = 0

    private var nodes: [Node] = []
    private var cursors: [UID: Instant] = [:]
    private var started: Set<RunKey> = []
    private var queue = HerdQueue<Envelope>()
    private var now: Int64 = 0
    private var order = 0
    private var fence: Int64 = 0
    private var random: SeededGenerator

    init(nodes count: Int, jobs: Int, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let names = (0..<count).map { NodeName("n\($0)") }
        let entries = (0..<jobs).map { number in
            JobEntry(
                uid: UID("job-\(number)"),
                name: ObjectKey(tenant: "t", kind: .job, name: "job-\(number)"),
                revision: Revision(epoch: 1, sequence: UInt64(number + 1)),
                job: Job(spec: RaceJobs.spec("@every 1s", ":")),
                createdAt: Self.begin.advanced(by: .milliseconds(500))
            )
        }
        for entry in entries { cursors[entry.uid] = entry.createdAt }
        for index in 0..<count {
            nodes.append(
                Node(
                    machine: SchedulerMachine(
                        me: names[index],
                        settings: SchedulerSettings(),
                        zones: ZoneCatalog(load: { _ in nil }),
                        seed: random.next()
                    ),
                    offset: .random(in: -20...20, using: &random)
                )
            )
        }
        for index in 0..<count {
            handle(.members(names.map { Candidate(name: $0) }), on: index)
            handle(.slots(free: Self.slots), on: index)
            handle(.trusted(until: MonotonicInstant(sinceBoot: .seconds(1_000_000))), on: index)
            handle(.put(entries), on: index)
        }
    }

    /// Goes on for so long; what is due in the last second counts if it starts in time.
    mutating func run(seconds: Int) {
        while let next = queue.popFirst(where: { $0.at <= Int64(seconds) * 1_000 }) {
            now = next.at
            switch next.message {
            case .event(let event): handle(event, on: next.node)
            case .claim(let id, let items): claim(id, items, by: next.node)
            case .read(let uids): read(uids, by: next.node)
            case .ended:
                nodes[next.node].open -= 1
                handle(.slots(free: Self.slots - nodes[next.node].open), on: next.node)
            case .wake:
                nodes[next.node].nextWake = nil
                handle(.deadlineReached, on: next.node)
            }
        }
    }

    private mutating func send(to node: Int, in range: ClosedRange<Int64>, _ message: Message) {
        order += 1
        let delay = Int64.random(in: range, using: &random)
        queue.insert(Envelope(at: now + delay, order: order, node: node, message: message))
    }

    private mutating func handle(_ event: SchedulerEvent, on index: Int) {
        let moment = Moment(
            wall: Self.begin.advanced(by: .milliseconds(now + nodes[index].offset)),
            monotonic: MonotonicInstant(sinceBoot: .milliseconds(now))
        )
        for action in nodes[index].machine.handle(event, at: moment) {
            switch action {
            case .claim(let id, let items): send(to: index, in: 1...5, .claim(id, items))
            case .start: nodes[index].open += 1
            case .readCursors(let uids): send(to: index, in: 1...5, .read(uids))
            case .settle(let notes): tell(.settled(notes), from: index)
            case .pass(let notes): tell(.passed(notes, by: NodeName("n\(index)")), from: index)
            case .ran(let placements): tell(.ran(placements), from: index)
            case .wake(let instant): wake(index, in: moment.wall.duration(to: instant))
            case .refresh: break
            }
        }
    }

    private mutating func wake(_ index: Int, in delay: Duration) {
        let at = now + min(max(1, delay.milliseconds), 1_000)
        if let next = nodes[index].nextWake, next <= at, next > now { return }
        nodes[index].nextWake = at
        send(to: index, in: (at - now)...(at - now), .wake)
    }

    private mutating func tell(_ news: SchedulerEvent, from index: Int) {
        for other in nodes.indices where other != index {
            guard Int.random(in: 0..<100, using: &random) > 0 else { continue }
            send(to: other, in: 5...50, .event(news))
        }
    }

    private mutating func claim(_ id: RequestID, _ items: [ClaimItem], by index: Int) {
        claims += 1
        self.items += items.count
        let outcomes = items.map { item -> ClaimOutcome in
            guard case .instants(let from, let to, let runs, _) = item.subject,
                let cursor = cursors[item.job]
            else { return .gone }
            guard cursor == from else { return .taken(cursor: cursor) }
            cursors[item.job] = to
            return .won(runs.map { start($0, of: item.job, on: index) })
        }
        send(to: index, in: 1...10, .event(.claimed(id, outcomes)))
    }

    private mutating func start(_ run: PlannedRun, of job: UID, on index: Int) -> Grant {
        fence += 1
        let key = RunKey(job: job, instant: run.instant)
        if started.insert(key).inserted { starts += 1 } else { doubles += 1 }
        let due = Self.begin.duration(to: run.instant).milliseconds
        worstLateness = max(worstLateness, now - due)
        send(to: index, in: 10...400, .ended)
        return Grant(run: run.run, key: key, cause: run.cause, fence: Fence(fence), digest: .zero)
    }

    private mutating func read(_ uids: [UID], by index: Int) {
        reads += 1
        let found = uids.reduce(into: [UID: Instant]()) { $0[$1] = cursors[$1] }
        send(to: index, in: 1...10, .event(.cursors(found)))
    }
}

/// A heap.
struct HerdQueue<Element: Comparable> {
    private var heap: [Element] = []

    mutating func insert(_ element: Element) {
        heap.append(element)
        var index = heap.count - 1
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst(where isWanted: (Element) -> Bool) -> Element? {
        guard let first = heap.first, isWanted(first) else { return nil }
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
