// What tasks and the nemesis leave behind: true times, told by nobody who could be mistaken.

internal import LockLease
internal import PeerNode
internal import Vocabulary

/// Something that must never be and was.
package struct Violation: Equatable, Sendable {
    /// Such as `I3`; the list is in docs/simulation.md.
    package let invariant: String
    /// Milliseconds since the beginning.
    package let at: Int64
    /// The name of the job or node.
    package let subject: String
    package let text: String
}

/// The evidence of one scenario.
final class Evidence {
    struct Start {
        let run: RunID
        let key: RunKey
        let name: String
        let cause: Cause
        let fence: Fence
        let node: Int
        let session: SessionID?
        let at: Int64
        var endedAt: Int64?
    }

    struct Stretch {
        let from: Int64
        let to: Int64

        func touches(_ from: Int64, _ to: Int64) -> Bool { self.from <= to && from <= self.to }
    }

    var violations: [Violation] = []
    private(set) var starts: [Start] = []
    private var startPlaces: [RunID: Int] = [:]
    var tasks: [RunID: SimulatedTask] = [:]
    private var hosts: [Int: [SimulatedTask]] = [:]
    /// The digest of what a node was about to run, and whether it stood still right before.
    var bodies: [RunID: (digest: Digest, isStopped: Bool)] = [:]
    /// Records that pruning took out.
    private(set) var archived: [RunRecord] = []
    var isHealing = false

    /// Troubles of the store, or of all.
    private(set) var common: [Stretch] = []
    private var single: [Int: [Stretch]] = [:]
    /// Since when most clocks have been wrong alike.
    private var misledSince: Int64?
    /// Since when a node's clock has been one that keeps out of the race.
    private var doubtfulSince: [Int: Int64] = [:]

    // Counted, not forbidden.
    /// Executions that overlapped because the older one's node was cut off, stopped or dead.
    var unfencedOverlaps = 0
    /// Starts that a rolled-back store allowed once more before anybody could notice.
    var repeatsAfterRollback = 0
    /// Claims of instants, and how many of them won anything; those of triggers are not in it.
    var claims = 0
    var wonClaims = 0
    var triggerClaims = 0
    var finishes = 0
    var renewals = 0
    var rollbacks = 0
    /// How long everything was down, in milliseconds.
    var blackout: Int64 = 0
    var healedAt: Int64 = 0

    func report(_ invariant: String, at: Int64, _ subject: String, _ text: String) {
        guard violations.count < 50 else { return }
        violations.append(Violation(invariant: invariant, at: at, subject: subject, text: text))
    }

    // MARK: Tasks

    func started(_ order: RunOrder, _ task: SimulatedTask, _ world: World) {
        let grant = order.grant
        let node = world.nodes[task.host]
        tasks[grant.run] = task
        hosts[task.host, default: []].append(task)
        let start = Start(
            run: grant.run,
            key: grant.key,
            name: order.name.name,
            cause: grant.cause,
            fence: grant.fence,
            node: task.host,
            session: node.session,
            at: world.now
        )
        world.inspector.started(start, on: node, world)
        startPlaces[grant.run] = starts.count
        starts.append(start)
        world.mix(UInt64(bitPattern: grant.fence.rawValue) ^ UInt64(grant.key.attempt))
    }

    func taskEnded(_ run: RunID, at now: Int64) {
        guard let place = startPlaces[run] else { return }
        starts[place].endedAt = now
    }

    func living(on host: Int) -> [SimulatedTask] {
        let living = (hosts[host] ?? []).filter(\.isAlive)
        hosts[host] = living
        return living
    }

    func archive(_ before: [RunRecord], keptBy store: ModelStore) {
        archived += before.filter { store.run($0.id) == nil }
    }

    /// The store is as it was when `count` records had been pruned: the others are in it again, or
    /// it has never heard of them.
    func unarchive(downTo count: Int) { archived.removeLast(archived.count - count) }

    // MARK: Troubles

    /// Takes note that `node` was in trouble; `nil`: all were.
    func trouble(_ node: Int?, from: Int64, to: Int64) {
        let stretch = Stretch(from: from, to: to)
        guard let node else { return common.append(stretch) }
        single[node, default: []].append(stretch)
    }

    /// Takes note of whether most clocks are wrong alike: a trouble of all.
    func mislead(_ isMisled: Bool, at now: Int64, recovery: Int64) {
        if isMisled {
            misledSince = misledSince ?? now
        } else if let since = misledSince {
            misledSince = nil
            trouble(nil, from: since, to: now + recovery)
        }
    }

    /// Takes note of whether the clock of `node` is one that keeps it out of the race.
    func doubt(_ node: Int, _ isDoubtful: Bool, at now: Int64) {
        if isDoubtful {
            doubtfulSince[node] = doubtfulSince[node] ?? now
        } else if let since = doubtfulSince.removeValue(forKey: node) {
            trouble(node, from: since, to: now)
        }
    }

    func isCalm(_ node: Int, _ from: Int64, _ to: Int64) -> Bool {
        if let since = doubtfulSince[node], since <= to { return false }
        return !(single[node] ?? []).contains { $0.touches(from, to) }
    }

    func isCalmForAll(_ from: Int64, _ to: Int64) -> Bool {
        !common.contains { $0.touches(from, to) }
    }
}
