// What keeps this node out of the race for runs, by its own judgement.

internal import Gossip
internal import JobList
internal import Synchronization
internal import Vocabulary

/// The doubts a node has about itself; read from any thread.
final class RaceStanding: Sendable {
    struct Doubts: Equatable, Sendable {
        /// Its copy of the list has been behind the store's for too long.
        var isStale = false
        /// Its clock is off by more than the bound.
        var isClockOff = false
        /// Most clocks differ from each other: everybody's is to be doubted.
        var areClocksSplit = false
        /// How far the others' clocks are ahead of its own; `nil` without others.
        var clockOffset: Duration?
        /// What most of the others' time zone data is, if its own is of another release.
        var otherZoneData: String?
    }

    private let state = Mutex(Doubts())

    var doubts: Doubts { state.withLock(\.self) }

    /// Changes the doubts; answers what they were before.
    @discardableResult
    func change(_ change: (inout Doubts) -> Void) -> Doubts {
        state.withLock { doubts in
            let before = doubts
            change(&doubts)
            return before
        }
    }
}

extension [Member] {
    /// The alive nodes among them, `me` with the doubts that the others may not have heard of yet.
    func candidates(
        _ me: NodeName,
        isDraining: Bool,
        doubts: RaceStanding.Doubts
    ) -> [Candidate] {
        aliveNodes.map { member in
            var candidate = Candidate(member)
            // Those who doubt themselves as well may not have been heard yet.
            if doubts.areClocksSplit { candidate.isClockOff = true }
            guard member.name == me else { return candidate }
            candidate.isDraining = isDraining
            candidate.isStale = doubts.isStale
            candidate.isClockOff = doubts.isClockOff
            candidate.clockOffset = .zero
            return candidate
        }
    }
}
