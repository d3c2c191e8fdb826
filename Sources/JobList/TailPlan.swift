// What to ask the store for next, decided without asking.

internal import LockLease
package import Vocabulary

/// One catching-up, as a value: where the copy is, where the store was, and what comes next.
package struct TailPlan: Equatable, Sendable {
    package enum Step: Equatable, Sendable {
        case changes(after: Revision)
        case snapshot
        case done(TailReport)
    }

    package private(set) var next: Step
    private var hasSnapshot = false

    /// - Parameters:
    ///   - have: Where the copy stands.
    ///   - head: Where the store stands.
    package init(have: Position, head: Position) {
        if have == head {
            next = .done(.current(have))
        } else if have == .start {
            // A fresh copy: one snapshot is less than a whole history.
            next = .snapshot
        } else if head.revision <= have.revision {
            next = .done(.regressed(have: have, store: head))
        } else {
            next = .changes(after: have.revision)
        }
    }

    /// What became of the page asked for; `nil` if the store no longer has that history.
    package mutating func took(_ page: (batches: [ChangeBatch], outcome: ApplyOutcome)?) {
        guard let page else { return wantSnapshot() }
        switch page.outcome {
        case .applied(let position):
            next =
                page.batches.isEmpty
                ? .done(.current(position)) : .changes(after: position.revision)
        // The store's own answer does not join on to this copy: only a snapshot will.
        case .gap, .diverged: wantSnapshot()
        }
    }

    package mutating func installed(_ position: Position) {
        hasSnapshot = true
        next = .changes(after: position.revision)
    }

    /// Twice in one go would be a store that contradicts itself; the next call tries again.
    private mutating func wantSnapshot() {
        next =
            hasSnapshot
            ? .done(.replicaFailed(.refused("the store's changes do not join its snapshot")))
            : .snapshot
    }
}
