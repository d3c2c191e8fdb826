// The change feed: every later change in order, then live, resumable on any node.

internal import LockLease
internal import Platform
internal import Synchronization
package import Vocabulary

/// What a watcher wants to see.
package struct FeedFilter: Equatable, Sendable {
    /// `nil`: every tenant's.
    package var tenants: Set<String>?
    /// Jobs alone unless told otherwise: other kinds may carry secrets.
    package var kinds: Set<ObjectKind>

    package init(tenants: Set<String>? = nil, kinds: Set<ObjectKind> = [.job]) {
        self.tenants = tenants
        self.kinds = kinds
    }

    package func matches(_ key: ObjectKey) -> Bool {
        kinds.contains(key.kind) && tenants?.contains(key.tenant) != false
    }
}

/// How much a watcher wants to hear of what lies behind.
package enum FeedMode: String, CaseIterable, Sendable {
    /// Every change, each once; as far back as the log goes.
    case every
    /// The newest state of everything that changed, deletions included; as far back as tombstones
    /// go, which is much further. What was changed twice comes once, in the place of its last
    /// change, so that an older revision may come with less than all of its changes.
    case latest
}

/// One thing a watcher is told.
package enum FeedItem: Equatable, Sendable {
    case put(ObjectRecord)
    case delete(ObjectRecord)
    /// Everything up to here has been handed over by this very cursor.
    case bookmark(Revision)
    /// The watcher is far behind `head`, by so many revisions; said once until it has caught up.
    case lagging(behind: UInt64, head: Revision)
}

/// Why a watcher gets nothing more.
package enum FeedError: Error, Equatable, Sendable {
    /// The wanted history is gone, or was never this list's: list again.
    case compacted(floor: Revision, head: Revision)
    /// The wanted revision is of a history that the store no longer has: list again.
    case reset(head: Revision)
    /// This copy has not got there in time: ask again later, or somebody else.
    case future(head: Revision)
    case unavailable(String)
    case cancelled
}

extension FeedError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .compacted(let floor, let head):
            """
            that revision is not in the kept history, which goes from \(floor) to \(head). \
            List again and watch from the list's revision
            """
        case .reset(let head):
            """
            that revision is of a history that ended when the store was restored; the list is at \
            \(head) now. List again and watch from the list's revision
            """
        case .future(let head): "this copy of the list stands at \(head). Ask again in a second"
        case .unavailable(let why): "the list cannot be read: \(why)"
        case .cancelled: "the watch was ended"
        }
    }
}

/// Settings of one ``ChangeFeed``.
package struct FeedSettings: Equatable, Sendable {
    /// How long a watcher may wait for a revision that this copy has not seen yet.
    package var futurePatience = Duration.seconds(5)
    /// How many batches or records a cursor reads at a time; also bounded by the replica's bytes.
    package var pageLimit = 1_000
    /// A watcher that is further behind than either is told so.
    package var lagRevisions: UInt64 = 100_000
    package var lagAge = Duration.seconds(300)

    package init() {}
}

/// Wakes cursors when the replica moves.
///
/// A watcher costs its cursor and nothing else: there is no queue that it could fall behind on,
/// since it reads from the replica's log at its own pace.
package final class ChangeFeed: Sendable {
    private struct State {
        /// `nil` until the replica first moved.
        var head: Revision?
        var waiters: [UInt64: Waiter] = [:]
        var waiterCount: UInt64 = 0
        /// When the armed timer rings.
        var alarm: MonotonicInstant?
    }

    private struct Waiter {
        let deadline: MonotonicInstant
        let continuation: CheckedContinuation<Void, Never>
    }

    let replica: Replica
    let settings: FeedSettings
    private let state: Mutex<State>

    /// A feed that follows `replica` by itself.
    package init(_ replica: Replica, settings: FeedSettings = FeedSettings()) {
        self.replica = replica
        self.settings = settings
        state = Mutex(State())
        replica.observe { [weak self] position in self?.advanced(to: position) }
    }

    /// Wakes every cursor that waits; called by the replica after each change.
    package func advanced(to position: Position) {
        let waiters = state.withLock { state in
            state.head = position.revision
            defer { state.waiters.removeAll() }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    /// A cursor that stands behind `revision`, or, for `nil`, before the whole list.
    ///
    /// Costs nothing until its first ``FeedCursor/next(timeout:)``.
    package func cursor(
        since revision: Revision?,
        filter: FeedFilter = FeedFilter(),
        mode: FeedMode = .every
    ) -> FeedCursor {
        FeedCursor(self, since: revision, filter: filter, mode: mode)
    }

    /// How many cursors are waiting right now.
    package var waiting: Int { state.withLock { $0.waiters.count } }

    /// Whether the replica is at `revision`, as far as it has told.
    func isKnown(toStandAt revision: Revision) -> Bool {
        state.withLock { $0.head == revision }
    }

    /// Returns once the replica is elsewhere than at `seen`, at `deadline`, or when woken.
    ///
    /// `handle` takes the number that ``wake(_:)`` knows this wait by, and answers whether to wait.
    func wait(
        whileAt seen: Revision,
        until deadline: MonotonicInstant,
        handle: (UInt64) -> Bool
    ) async {
        await withCheckedContinuation { continuation in
            let (number, alarm) = state.withLock { state -> (UInt64?, MonotonicInstant?) in
                // What was written between the caller's read and here must not be slept through.
                guard state.head == nil || state.head == seen else { return (nil, nil) }
                state.waiterCount += 1
                let waiter = Waiter(deadline: deadline, continuation: continuation)
                state.waiters[state.waiterCount] = waiter
                guard state.alarm.map({ deadline < $0 }) ?? true else {
                    return (state.waiterCount, nil)
                }
                state.alarm = deadline
                return (state.waiterCount, deadline)
            }
            guard let number else { return continuation.resume() }
            if let alarm { arm(alarm) }
            if !handle(number) { wake(number) }
        }
    }

    func wake(_ number: UInt64) {
        state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume()
    }

    private func arm(_ due: MonotonicInstant) {
        replica.loop.call(at: due) { [weak self] in self?.ring(at: due) }
    }

    /// Wakes who has waited long enough and arms one timer for the rest.
    private func ring(at due: MonotonicInstant) {
        let (expired, next) = state.withLock { state -> ([Waiter], MonotonicInstant?) in
            let expired = state.waiters.filter { $0.value.deadline <= due }
            for number in expired.keys { state.waiters[number] = nil }
            // An earlier timer than the armed one rang; the armed one is still to come.
            guard state.alarm == due else { return (Array(expired.values), nil) }
            state.alarm = state.waiters.values.map(\.deadline).min()
            return (Array(expired.values), state.alarm)
        }
        if let next { arm(next) }
        for waiter in expired { waiter.continuation.resume() }
    }
}
