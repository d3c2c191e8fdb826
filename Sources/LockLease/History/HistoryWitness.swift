// Remembers how far the store's history went, over restarts, and notices when it went back.

internal import Platform
internal import Synchronization
internal import Vocabulary

/// What one member has seen of its store's history.
///
/// A restored backup, or a failover that lost its tail, would let runs start again that have run.
/// Whoever has seen more than the store now knows refuses it, until its history is accepted.
package final class HistoryWitness: Sendable {
    private struct State {
        var seen: HistoryMark?
        var refusal: StoreError?
        /// Whether somebody must look at the store before it is used.
        var isInDoubt = true
        var savedAt: MonotonicInstant?
    }

    /// How often the file is written at most; an older mark only notices a little less.
    private static let saveInterval = Duration.seconds(10)

    private let path: String?
    private let state: Mutex<State>

    /// A witness that remembers in the file at `path`, or only in memory.
    package init(path: String? = nil) {
        self.path = path
        let bytes = path.flatMap { try? FileStore.read($0, limit: 4_096) }
        let seen = bytes.flatMap { HistoryMark(String(decoding: $0, as: UTF8.self)) }
        state = Mutex(State(seen: seen))
    }

    /// How far the store had gone, for ``admit(_:since:)``.
    var seen: HistoryMark? { state.withLock { $0.seen } }

    var isInDoubt: Bool { state.withLock { $0.isInDoubt } }

    /// Has the next caller look at the store's history first.
    func doubt() {
        state.withLock { $0.isInDoubt = true }
    }

    /// Takes note of a commit that the store has acknowledged.
    func saw(_ revision: Revision) {
        state.withLock { state in
            guard let seen = state.seen else { return }
            state.seen = seen.further(
                HistoryMark(storeID: seen.storeID, revision: revision, writes: seen.writes)
            )
        }
    }

    /// Throws why the store is refused, if it is.
    func check() throws(StoreError) {
        if let refusal = state.withLock({ $0.refusal }) { throw refusal }
    }

    /// Takes note of what the store answered to a question sent after `seen` had been seen.
    ///
    /// Answers may overtake each other, so one is compared with what was known when it was asked.
    func admit(_ found: HistoryMark, since seen: HistoryMark?) throws(StoreError) {
        do throws(StoreError) {
            try seen?.check(found)
        } catch {
            state.withLock { $0.refusal = error }
            throw error
        }
        let saved = state.withLock { state -> HistoryMark? in
            let isNewEpoch = found.revision.epoch > (state.seen?.revision.epoch ?? 0)
            let mark = state.seen?.further(found) ?? found
            state.seen = mark
            state.isInDoubt = false
            if isNewEpoch { state.refusal = nil }
            guard state.refusal == nil else { return nil }
            let now = SystemClock.monotonic
            let isDue = state.savedAt.map { $0.duration(to: now) >= Self.saveInterval } ?? true
            guard isDue || isNewEpoch else { return nil }
            state.savedAt = now
            return mark
        }
        if let saved, let path { try? FileStore.replace(path, with: Array("\(saved)\n".utf8)) }
    }
}
