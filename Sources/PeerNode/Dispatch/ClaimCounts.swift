// How many claims a node has made, and how many of them were in vain.

internal import LockLease

/// Counts since the node's start.
package struct ClaimCounts: Equatable, Sendable {
    /// Calls of the store, repetitions included.
    package var sent = 0
    /// Jobs and triggers in them.
    package var items = 0
    package private(set) var won = 0
    /// Items that others had decided already.
    package private(set) var taken = 0

    package init() {}

    mutating func note(_ outcomes: [ClaimOutcome]) {
        for outcome in outcomes {
            switch outcome {
            case .won: won += 1
            case .taken: taken += 1
            case .stale, .disabled, .gone, .early: break
            }
        }
    }
}
