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
        /// The watcher has been told that it is far behind, and is not through yet.
        var isLagging = false
        /// How often the copy had been mended when this cursor began.
        var mends: Int?
    }

    /// What one reading brought, and how far it goes.
    private struct Page {
        var records: [ObjectRecord]
        var reached: Revision
    }

    private let feed: ChangeFeed
    private let filter: FeedFilter
    private let mode: FeedMode
    private let state: Mutex<State>

    init(_ feed: ChangeFeed, since revision: Revision?, filter: FeedFilter, mode: FeedMode) {
        self.feed = feed
        self.filter = filter
        self.mode = mode
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
    /// - Throws: ``FeedError/compacted(floor:head:)``, ``FeedError/reset(head:)``,
    ///   ``FeedError/future(head:)``.
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
        try await noticeMending()
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

    /// What was mended has no revision of its own that would bring it: list again.
    private func noticeMending() async throws(FeedError) {
        let mends = feed.replica.mendCount.withLock(\.self)
        let before = state.withLock { state in
            state.mends = state.mends ?? mends
            return state.mends
        }
        guard before != mends else { return }
        let head = await feed.replica.position().revision
        throw .compacted(floor: head, head: head)
    }

    private func start(_ revision: Revision?) async throws(FeedError) {
        guard let revision else {
            let head = await feed.replica.position().revision
            return try advance(to: .listing(base: head, after: nil))
        }
        let deadline = SystemClock.monotonic.advanced(by: feed.settings.futurePatience)
        var place = try await place(of: revision)
        while place.head < revision {
            guard SystemClock.monotonic < deadline else { throw .future(head: place.head) }
            try await wait(whileAt: place.head, until: deadline)
            place = try await self.place(of: revision)
        }
        if let error = mode.refusal(of: revision, place) { throw error }
        try advance(to: .live(revision))
    }

    private func place(of revision: Revision) async throws(FeedError) -> FeedPlace {
        try await reading(at: revision) { () async throws(ReplicaError) -> FeedPlace in
            try await feed.replica.place(of: revision)
        }
    }

    /// One page of the list as it was at `base`.
    ///
    /// Records that changed since are left out here: their change comes after the list, once.
    private func list(
        base: Revision,
        after key: ObjectKey?
    ) async throws(FeedError) -> [FeedItem]? {
        let (records, position) = try await reading(at: base) {
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
        let page = try await page(after: revision)
        try advance(to: .settling(at: page?.reached ?? goal, goal: goal))
        let items = items(of: page?.records ?? [])
        return items.isEmpty ? nil : items
    }

    private func follow(
        after revision: Revision,
        until deadline: MonotonicInstant
    ) async throws(FeedError) -> [FeedItem]? {
        // What is known to have nothing new need not be read.
        if feed.isKnown(toStandAt: revision), SystemClock.monotonic < deadline {
            state.withLock { $0.isLagging = false }
            try await wait(whileAt: revision, until: deadline)
            return nil
        }
        guard let page = try await page(after: revision) else {
            state.withLock { $0.isLagging = false }
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
        let notice = await lag(at: revision, before: page)
        try advance(to: .live(page.reached))
        let items = notice + items(of: page.records)
        guard items.isEmpty else { return items }
        // Others' changes never end; a watcher of few still learns in time how far it is.
        return SystemClock.monotonic < deadline ? nil : [.bookmark(page.reached)]
    }

    /// The notice that the watcher is far behind, if it is and has not been told.
    private func lag(at revision: Revision, before page: Page) async -> [FeedItem] {
        guard !state.withLock({ $0.isLagging }) else { return [] }
        let head = await feed.replica.position().revision
        let isSameEpoch = head.epoch == revision.epoch && head.sequence >= revision.sequence
        let behind = isSameEpoch ? head.sequence - revision.sequence : head.sequence
        let isOld =
            page.records.first.map {
                $0.updatedAt.duration(to: SystemClock.wall) > feed.settings.lagAge
            } ?? false
        guard behind > feed.settings.lagRevisions || isOld else { return [] }
        state.withLock { $0.isLagging = true }
        return [.lagging(behind: behind, head: head)]
    }

    private func items(of records: [ObjectRecord]) -> [FeedItem] {
        records.compactMap { record in
            guard filter.matches(record.key) else { return nil }
            return record.isDeleted ? .delete(record) : .put(record)
        }
    }

    /// The next changes; `nil` if there are none.
    private func page(after revision: Revision) async throws(FeedError) -> Page? {
        let limit = feed.settings.pageLimit
        return try await reading(at: revision) { () async throws(ReplicaError) -> Page? in
            switch mode {
            case .every:
                let batches = try await feed.replica.changes(after: revision, limit: limit)
                return batches.last.map {
                    Page(records: batches.flatMap(\.records), reached: $0.position.revision)
                }
            case .latest:
                let (records, position) = try await feed.replica.latest(
                    after: revision,
                    limit: limit
                )
                if let last = records.last {
                    return Page(records: records, reached: last.revision)
                }
                guard position.revision > revision else { return nil }
                return Page(records: [], reached: position.revision)
            }
        }
    }

    private func reading<Result>(
        at revision: Revision,
        _ work: () async throws(ReplicaError) -> Result
    ) async throws(FeedError) -> Result {
        do throws(ReplicaError) {
            return try await work()
        } catch {
            guard case .compacted(let floor) = error else {
                throw .unavailable(error.description)
            }
            let head = await feed.replica.position().revision
            guard revision.isOfOtherEpoch(than: head) else {
                throw .compacted(floor: floor, head: head)
            }
            throw .reset(head: head)
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

extension FeedMode {
    /// Why a watch cannot begin behind `revision`, or `nil`.
    fileprivate func refusal(of revision: Revision, _ place: FeedPlace) -> FeedError? {
        // Where an earlier stretch of history ended is in the log or nowhere.
        if !place.isKnown, revision.isOfOtherEpoch(than: place.head) {
            return .reset(head: place.head)
        }
        switch self {
        case .every:
            return place.isKnown ? nil : .compacted(floor: place.floor, head: place.head)
        case .latest:
            guard revision < place.tombFloor else { return nil }
            return .compacted(floor: place.tombFloor, head: place.head)
        }
    }
}

extension Revision {
    /// Whether it belongs to an earlier stretch of history; before all of them is no stretch.
    fileprivate func isOfOtherEpoch(than head: Revision) -> Bool {
        epoch != head.epoch && epoch > 0 && head.epoch > 0
    }
}
