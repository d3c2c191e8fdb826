// Which logs are still to be copied, and how far each is.

internal import Vocabulary

/// The runs of a node whose output its neighbour does not have to the end.
struct CopyList: Equatable, Sendable {
    struct Copy: Equatable, Sendable {
        let job: UID
        /// What the job says of its logs.
        let keep: Retention
        /// What lies before it is with the neighbour.
        var offset: Int64 = 0
        /// Turns since the run ended; `nil`: it has not.
        var turnsSinceEnd: Int?
    }

    /// The most runs that are looked after; further ones have no copy.
    static let limit = 20_000
    /// A run that has ended and whose log is still not complete after so many turns never will be.
    static let patience = 60

    private(set) var copies: [RunID: Copy] = [:]
    private var neighbour: NodeName?

    mutating func add(_ run: RunID, job: UID, keep: Retention) {
        guard copies.count < Self.limit, copies[run] == nil else { return }
        copies[run] = Copy(job: job, keep: keep)
    }

    mutating func ended(_ run: RunID) {
        copies[run]?.turnsSinceEnd = 0
    }

    /// What is to be copied to `neighbour` in this turn; another one than before has nothing yet.
    mutating func turn(to neighbour: NodeName) -> [RunID: Copy] {
        for (run, copy) in copies {
            if neighbour != self.neighbour { copies[run]?.offset = 0 }
            guard let turns = copy.turnsSinceEnd else { continue }
            copies[run]?.turnsSinceEnd = turns + 1
            if turns >= Self.patience { copies[run] = nil }
        }
        self.neighbour = neighbour
        return copies
    }

    /// The neighbour has `run` up to `offset`.
    mutating func reached(_ offset: Int64, of run: RunID) {
        copies[run]?.offset = offset
    }

    mutating func done(_ run: RunID) {
        copies[run] = nil
    }
}
