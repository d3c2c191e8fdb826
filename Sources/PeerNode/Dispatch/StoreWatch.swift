// Watches the store for what gossip may have missed: edits, triggers, kills.

package import LockLease
package import JobList
package import Platform
package import Vocabulary

/// Asks the store several times a second what has moved, and fetches it.
package struct StoreWatch: Sendable {
    /// What the watch has found.
    package enum News: Sendable {
        case triggers([Trigger])
        case kills
        /// The list here has been behind the store's for ``patienceWithList``, or is so no more.
        case stale(Bool)
    }

    /// What this node lacks, and since when.
    private struct Arrears {
        /// Where the store stood then.
        let head: Position
        let since: MonotonicInstant
    }

    /// How long gossip has to bring what this node lacks.
    private static let gossipPatience = Duration.seconds(1)
    /// How long the list may be behind before it is too old to decide by.
    private static let patienceWithList = Duration.seconds(2)

    /// How long the store is asked to wait for something new.
    private static let patience = Duration.seconds(1)
    /// The pause while something is outstanding, or the store is away.
    private static let interval = Duration.milliseconds(200)
    /// How long a tailer asks the store to wait while edits come: it looks more often then.
    private static let briskPatience = Duration.milliseconds(50)
    /// How long edits are taken to be coming after one has.
    private static let briskness = Duration.seconds(5)
    /// How many triggers are asked for at once.
    static let triggerLimit = 1_000

    private let store: any LeaseStore
    private let tailer: StoreTailer
    private let replica: Replica
    /// Whether this node is among those that fetch edits at once, rather than wait for gossip.
    private let isTailer: @Sendable () -> Bool
    private let log: DaemonLog
    private let tell: @Sendable (News) async -> Void

    package init(
        store: any LeaseStore,
        tailer: StoreTailer,
        replica: Replica,
        isTailer: @escaping @Sendable () -> Bool,
        log: DaemonLog,
        tell: @escaping @Sendable (News) async -> Void
    ) {
        self.store = store
        self.tailer = tailer
        self.replica = replica
        self.isTailer = isTailer
        self.log = log
        self.tell = tell
    }

    /// Watches until the surrounding task is cancelled.
    package func run() async {
        var last: StorePulse?
        var nextTrigger: Instant?
        var arrears: Arrears?
        var movedAt: MonotonicInstant?
        var freshness = Freshness(patience: Self.patienceWithList)
        while !Task.isCancelled {
            do throws(StoreError) {
                let pulse = try await next(
                    after: last,
                    nextTrigger,
                    behindSince: arrears?.since,
                    movedAt: movedAt
                )
                if let last, last.head != pulse.head { movedAt = SystemClock.monotonic }
                arrears = await follow(pulse.head, arrears)
                let isLevel = await isLevel(with: pulse.head, last: last?.head)
                if let isStale = freshness.news(isLevel: isLevel, at: SystemClock.monotonic) {
                    await tell(.stale(isStale))
                }
                let isDue = nextTrigger.map { $0 <= SystemClock.wall } ?? false
                if pulse.triggers != last?.triggers || isDue {
                    nextTrigger = try await tellTriggers()
                }
                if pulse.kills != last?.kills { await tell(.kills) }
                last = pulse
            } catch {
                log.debug("store.pulse-failed", ["error": "\(error)"])
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Tells what triggers there are now; answers when there may be others although none moves.
    private func tellTriggers() async throws(StoreError) -> Instant? {
        let due = try await store.dueTriggers(limit: Self.triggerLimit)
        await tell(.triggers(due))
        let next = try await store.nextTrigger()
        let now = SystemClock.wall
        let times = [
            next.map { TriggerAlarm.time(of: $0, at: now) },
            // More than one answer holds: the rest comes up as these are done with.
            due.count < Self.triggerLimit ? nil : now.advanced(by: Self.patience),
        ]
        return times.compactMap(\.self).min()
    }

    /// The next pulse: at once at the start, soon while this node is behind or a trigger comes due.
    private func next(
        after last: StorePulse?,
        _ nextTrigger: Instant?,
        behindSince: MonotonicInstant?,
        movedAt: MonotonicInstant?
    ) async throws(StoreError) -> StorePulse {
        guard let last else { return try await store.pulse() }
        var limit = Self.patience
        if let behindSince {
            // Soon enough to see what gossip has not brought in time, and not with every edit.
            let left = Self.gossipPatience - behindSince.duration(to: SystemClock.monotonic)
            limit = max(Self.interval, min(limit, left))
        }
        if let movedAt, movedAt.duration(to: SystemClock.monotonic) < Self.briskness, isTailer() {
            limit = Self.briskPatience
        }
        if let nextTrigger {
            limit = max(.milliseconds(1), min(limit, SystemClock.wall.duration(to: nextTrigger)))
        }
        return try await store.pulse(after: last, within: limit)
    }

    /// Whether the list here is where the store is, or, while edits come all the time, where the
    /// store was at the last look.
    private func isLevel(with head: Position, last: Position?) async -> Bool {
        let have = await replica.position()
        if have == head { return true }
        guard let last else { return false }
        return have.revision >= last.revision && head.revision > have.revision
    }

    /// Fetches edits if this node is a tailer, or if gossip has not brought them within a second.
    ///
    /// While edits come all the time this node is always a little behind, which is no reason to
    /// fetch: what it lacked a second ago has to be what it still lacks.
    private func follow(_ head: Position, _ known: Arrears?) async -> Arrears? {
        let have = await replica.position()
        guard have != head else { return nil }
        let now = SystemClock.monotonic
        var arrears = known ?? Arrears(head: head, since: now)
        if have.revision >= arrears.head.revision, head.revision > have.revision {
            arrears = Arrears(head: head, since: now)
        }
        if isTailer() || arrears.since.duration(to: now) > Self.gossipPatience {
            _ = await tailer.catchUp()
            return nil
        }
        return arrears
    }
}

/// Whether a copy of the list is too old to decide by.
package struct Freshness: Sendable {
    private let patience: Duration
    private var behindSince: MonotonicInstant?
    private var isStale = false

    package init(patience: Duration) {
        self.patience = patience
    }

    /// Whether it is stale now, if that has changed.
    package mutating func news(isLevel: Bool, at now: MonotonicInstant) -> Bool? {
        behindSince = isLevel ? nil : behindSince ?? now
        let wasStale = isStale
        isStale = behindSince.map { $0.duration(to: now) >= patience } ?? false
        return isStale == wasStale ? nil : isStale
    }
}
