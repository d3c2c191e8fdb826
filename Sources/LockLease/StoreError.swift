// What can go wrong at the store, told apart so that callers know what they may do next.

package import Vocabulary

/// Why a call to the store did not do what was asked.
package enum StoreError: Error, Equatable, Sendable {
    /// Certainly not applied; try again later.
    case unavailable(String)
    /// May have been applied: send the same request id again.
    case unknown(String)
    case sessionLost
    /// Another live session has this node name.
    case nodeNameInUse(SessionView)
    /// An edit expected another version; nothing was applied.
    case conflict(EditConflict)
    /// The wanted history is gone; start from a snapshot.
    case compacted(floor: Revision)
    case noSuchJob(ObjectKey)
    /// The run under way that forbids another.
    case jobBusy(RunID)
    /// The store is behind what this member has seen of it.
    case historyRegressed(seen: HistoryMark, found: HistoryMark)
    /// Another store than the one this member has worked with.
    case anotherStore(seen: HistoryMark, found: HistoryMark)
    /// More than the store takes at once; nothing was changed.
    case tooLarge(String)
    case full(String)
    case corrupt(String)
    /// The file is a store of a newer release, or no store at all.
    case incompatible(String)
}

/// The edit that did not apply, and what is there.
package struct EditConflict: Error, Equatable, Sendable {
    package let key: ObjectKey
    package let expected: EditExpectation
    /// `nil`: there is no such object.
    package let current: ObjectRecord?

    package init(key: ObjectKey, expected: EditExpectation, current: ObjectRecord?) {
        self.key = key
        self.expected = expected
        self.current = current
    }
}

extension StoreError: CustomStringConvertible {
    /// One sentence: what happened, with the value, and what to do.
    package var description: String {
        switch self {
        case .unavailable(let why): "the store is away (nothing was changed): \(why)"
        case .unknown(let why): "the store's answer was lost; send the same request again: \(why)"
        case .sessionLost: "this node's session in the store has ended; open a new one"
        case .nodeNameInUse(let view):
            """
            another node is alive under the name \(view.node.name) (pid \(view.node.processID)). \
            Stop it, or start this one with another --name
            """
        case .conflict(let conflict):
            "\(conflict.key) is not at the expected \(conflict.expected). Read it again, then retry"
        case .compacted(let floor):
            "history before \(floor) is gone; list again and watch from the list's revision"
        case .noSuchJob(let key): "there is no job \(key.name)"
        case .jobBusy(let run): "run \(run) is under way and the job forbids overlap"
        case .historyRegressed(let seen, let found):
            """
            the store is at \(found.progress), behind \(seen.progress) which was seen before: \
            it was restored, or lost its tail. Nothing runs until somebody accepts that: \
            rota-master store accept --store URL
            """
        case .anotherStore(let seen, let found):
            """
            this is the store \(found.storeID), and so far it was \(seen.storeID). \
            Correct --store, or give this member an empty --data folder
            """
        case .tooLarge(let why): "more than the store takes at once (nothing was changed): \(why)"
        case .full(let why): "the store's disk is full (nothing was changed): \(why). Free space"
        case .corrupt(let why): "the store is damaged: \(why). Restore it from a backup"
        case .incompatible(let why): why
        }
    }
}
