// One watcher's place in the list's history.

internal import LockLease
internal import Platform
internal import Synchronization
package import Vocabulary

/// A watcher's place: a revision, and nothing that grows while the watcher is slow.
///
/// Every change after the start is handed over exactly once, in order, and all changes of one
/// revision in one answer; a hole is an error, never a silence. A cursor has one reader: a second
/// ``next(timeout:)`` may only be called after the first one answered.
package final class FeedCursor: Sendable {
    private enum Phase {
        /// Nothing read yet; the wanted start.
        case starting(Revision?)
        /// Handing over the list as it was at `base`; `after` is the last key read.
        case listing(base: Revision, after: ObjectKey?)
        /// The list is through; what changed meanwhile, up to `goal`, comes before the bookmark.
        case settling(at: Revision, goal: Revision)
        case live(Revision)
        case ended(FeedError)
    }

    private struct State {
        var phase: Phase
        var waiter: UInt64?
        var isCancelled = false
    }

    private let feed: ChangeFeed
    private let filter: FeedFilter
    private let state: Mutex<State>

    init(_ feed: ChangeFeed, since revision: Revision?, filter: FeedFilter) {
        self.feed = feed
        self.filter = filter
        state = Mutex(State(phase: .starting(revision)))
    }

    /// From where a new cursor would go on without a hole; `nil` until the first bookmark of a
    /// listing, because half a list has no place in history.
    package var resumable: Revision? {
        switch state.withLock({ $0.phase }) {
        case .starting(let revision): revision
        case .live(let revision): revision
        case .listing, .settling, .ended: nil
        }
    }

    /// Ends the watch from anywhere; a `next` under way throws ``FeedError/cancelled``.
    package func cancel() {
        let waiter = state.withLock { state in
            state.isCancelled = true
            state.phase = .ended(.cancelled)
            return state.waiter
        }
        if let waiter { feed.wake(waiter) }
    }

    /// What comes next; waits for it, at most `timeout`.
    ///
    /// - Returns: At least one item: puts and deletes, or a bookmark when a listing is complete and
    ///   when nothing came for `timeout`.
    /// - Throws: ``FeedError``; the cursor has ended then and throws the same again.
    /// - Complexity: One page of the replica's log or list.
    package func next(timeout: Duration) async throws(FeedError) -> [FeedItem] {
        let deadline = SystemClock.monotonic.advanced(by: timeout)
        do throws(FeedError) {
            while true {
                if let items = try await step(until: deadline) { return items }
            }
        } catch {
            _ = move(to: .ended(error))
            throw error
        }
    }

    /// Checks the start, waiting for a revision that this copy has not seen yet, so that a refusal
    /// comes before anything was sent.
    ///
    /// - Throws: ``FeedError/compacted(floor:head:)``, ``FeedError/future(head:)``.
    package func prepare() async throws(FeedError) {
        guard case .starting(let revision) = state.withLock({ $0.phase }) else { return }
        do throws(FeedError) {
            try await start(revision)
        } catch {
            _ = move(to: .ended(error))
            throw error
        }
    }

    /// Goes on by one page; `nil` if there was nothing in it for this watcher.
    private func step(until deadline: MonotonicInstant) async throws(FeedError) -> [FeedItem]? {
        switch state.withLock({ $0.phase }) {
        case .starting(let revision):
            try await start(revision)
            return nil
        case .listing(let base, let key): return try await list(base: base, after: key)
        case .settling(let revision, let goal): return try await settle(at: revision, goal: goal)
        case .live(let revision): return try await follow(after: revision, until: deadline)
        case .ended(let error): throw error
        }
    }

    private func start(_ revision: Revision?) async throws(FeedError) {
        var head = await feed.replica.position().revision
        guard let revision else { return try advance(to: .listing(base: head, after: nil)) }
        let deadline = SystemClock.monotonic.advanced(by: feed.settings.futurePatience)
        while head < revision {
            guard SystemClock.monotonic < deadline else { throw .future(head: head) }
            try await wait(whileAt: head, until: deadline)
            head = await feed.replica.position().revision
        }
        _ = try await changes(after: revision, limit: 1)
        try advance(to: .live(revision))
    }

    /// One page of the list as it was at `base`.
    ///
    /// Records that changed since are left out here: their change comes after the list, once.
    private func list(
        base: Revision,
        after key: ObjectKey?
    ) async throws(FeedError) -> [FeedItem]? {
        let (records, position) = try await reading {
            () async throws(ReplicaError) -> (records: [ObjectRecord], position: Position) in
            try await feed.replica.snapshot(after: key, limit: feed.settings.pageLimit)
        }
        // A copy that started afresh meanwhile has no list to go on with.
        guard position.revision >= base else {
            throw .compacted(floor: position.revision, head: position.revision)
        }
        guard let last = records.last else {
            try advance(to: .settling(at: base, goal: position.revision))
            return nil
        }
        try advance(to: .listing(base: base, after: last.key))
        let items = records.compactMap { record -> FeedItem? in
            guard record.revision <= base, !record.isDeleted, filter.matches(record.key) else {
                return nil
            }
            return .put(record)
        }
        return items.isEmpty ? nil : items
    }

    private func settle(
        at revision: Revision,
        goal: Revision
    ) async throws(FeedError) -> [FeedItem]? {
        guard revision < goal else {
            try advance(to: .live(revision))
            return [.bookmark(revision)]
        }
        let batches = try await changes(after: revision, limit: feed.settings.pageLimit)
        let last = batches.last?.position.revision ?? goal
        try advance(to: .settling(at: last, goal: goal))
        let items = items(of: batches)
        return items.isEmpty ? nil : items
    }

    private func follow(
        after revision: Revision,
        until deadline: MonotonicInstant
    ) async throws(FeedError) -> [FeedItem]? {
        let batches = try await changes(after: revision, limit: feed.settings.pageLimit)
        guard let last = batches.last else {
            let head = await feed.replica.position().revision
            // The copy went back: a damaged file was set aside, and its successor starts empty.
            guard head >= revision else {
                throw .compacted(floor: await feed.replica.floor, head: head)
            }
            guard head == revision else { return nil }
            guard SystemClock.monotonic < deadline else { return [.bookmark(revision)] }
            try await wait(whileAt: revision, until: deadline)
            return nil
        }
        let reached = last.position.revision
        try advance(to: .live(reached))
        let items = items(of: batches)
        guard items.isEmpty else { return items }
        // Others' changes never end; a watcher of few still learns in time how far it is.
        return SystemClock.monotonic < deadline ? nil : [.bookmark(reached)]
    }

    private func items(of batches: [ChangeBatch]) -> [FeedItem] {
        batches.flatMap(\.records).compactMap { record in
            guard filter.matches(record.key) else { return nil }
            return record.isDeleted ? .delete(record) : .put(record)
        }
    }

    private func changes(
        after revision: Revision,
        limit: Int
    ) async throws(FeedError) -> [ChangeBatch] {
        try await reading { () async throws(ReplicaError) -> [ChangeBatch] in
            try await feed.replica.changes(after: revision, limit: limit)
        }
    }

    private func reading<Result: Sendable>(
        _ work: () async throws(ReplicaError) -> Result
    ) async throws(FeedError) -> Result {
        do throws(ReplicaError) {
            return try await work()
        } catch {
            guard case .compacted(let floor) = error else {
                throw .unavailable(error.description)
            }
            throw .compacted(floor: floor, head: await feed.replica.position().revision)
        }
    }

    /// Waits until the replica is elsewhere than at `seen`, the deadline, or the end of the watch.
    private func wait(
        whileAt seen: Revision,
        until deadline: MonotonicInstant
    ) async throws(FeedError) {
        await feed.wait(whileAt: seen, until: deadline) { number in
            state.withLock { state in
                state.waiter = number
                return !state.isCancelled
            }
        }
        let isCancelled = state.withLock { state in
            state.waiter = nil
            return state.isCancelled
        }
        if isCancelled { throw .cancelled }
    }

    private func advance(to phase: Phase) throws(FeedError) {
        if !move(to: phase) { throw .cancelled }
    }

    /// Takes the next phase, unless the watch has ended.
    private func move(to phase: Phase) -> Bool {
        state.withLock { state in
            guard !state.isCancelled else { return false }
            state.phase = phase
            return true
        }
    }
}
