// Remembers how far the store's history went, over restarts, and notices when it went back.

internal import Platform
internal import Synchronization
package import Vocabulary

/// What one member has seen of its store's history.
///
/// A restored backup, or a failover that lost its tail, would let runs start again that have run.
/// Whoever has seen more than the store now knows refuses it, until its history is accepted.
package final class HistoryWitness: Sendable {
    /// What was known when a question was sent: answers may overtake each other, so each is
    /// compared with that.
    package struct View: Equatable, Sendable {
        package let seen: HistoryMark?
        fileprivate let looks: Int
    }

    private struct State {
        var seen: HistoryMark?
        /// How often the store has been looked at.
        var looks = 0
        var refusal: StoreError?
        /// Whether somebody must look at the store before it is used.
        var isInDoubt = true
        /// Requests whose answer was lost: whether they were counted is not known.
        var unknown: Set<RequestID> = []
    }

    private static let unknownLimit = 10_000

    private let path: String?
    private let state: Mutex<State>

    /// A witness that remembers in the file at `path`, or only in memory.
    package init(path: String? = nil) {
        self.path = path
        let bytes = path.flatMap { try? FileStore.read($0, limit: 4_096) }
        let seen = bytes.flatMap { HistoryMark(String(decoding: $0, as: UTF8.self)) }
        state = Mutex(State(seen: seen))
    }

    /// A witness whose past is known; it remembers in memory only.
    package init(seen: HistoryMark?) {
        path = nil
        state = Mutex(State(seen: seen))
    }

    /// To be taken before a question is sent.
    package var view: View { state.withLock { View(seen: $0.seen, looks: $0.looks) } }

    package var isInDoubt: Bool { state.withLock { $0.isInDoubt } }

    /// Has the next caller look at the store's history first.
    ///
    /// - Parameter request: Whose answer was lost, if it may have been applied.
    package func doubt(_ request: RequestID? = nil) {
        state.withLock { state in
            state.isInDoubt = true
            guard let request else { return }
            if state.unknown.count >= Self.unknownLimit { state.unknown = [] }
            state.unknown.insert(request)
        }
    }

    /// Throws why the store is refused, if it is.
    package func check() throws(StoreError) {
        if let refusal = state.withLock({ $0.refusal }) { throw refusal }
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

    /// Counts a write that the store has acknowledged to us, as it counted it itself.
    ///
    /// So the very last claims are missed as well. One that was sent before the latest look may be
    /// in what that saw, and one that was sent twice was counted once; neither is counted here.
    package func wrote(_ request: RequestID, since view: View) {
        state.withLock { state in
            guard state.unknown.remove(request) == nil, state.looks == view.looks,
                let seen = state.seen
            else { return }
            state.seen = HistoryMark(
                storeID: seen.storeID,
                revision: seen.revision,
                writes: seen.writes + 1
            )
        }
    }

    /// Takes note of where the store says it is, in answer to a question sent at `view`.
    ///
    /// The question itself may have been one or more `writes`. Throws why the store is refused.
    package func admit(
        _ found: HistoryMark,
        since view: View,
        after writes: Int64 = 0
    ) throws(StoreError) {
        do throws(StoreError) {
            // Its own write must not make up for one that is gone.
            let before = HistoryMark(
                storeID: found.storeID,
                revision: found.revision,
                writes: found.writes - writes
            )
            try view.seen?.check(before)
        } catch {
            throw state.withLock { state in
                // Until its history is accepted every caller looks: nobody else would notice.
                state.isInDoubt = true
                let first = state.refusal ?? error
                state.refusal = first
                return first
            }
        }
        let mark = state.withLock { state -> HistoryMark? in
            let isNewEpoch = found.revision.epoch > (state.seen?.revision.epoch ?? 0)
            let mark = state.seen?.further(found) ?? found
            state.seen = mark
            state.looks += 1
            if isNewEpoch { state.refusal = nil }
            state.isInDoubt = state.refusal != nil
            return state.refusal == nil ? mark : nil
        }
        if let mark, let path { try? FileStore.rewrite(path, with: Array("\(mark)\n".utf8)) }
    }
}
