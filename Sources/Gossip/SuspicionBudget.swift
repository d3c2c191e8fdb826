// How many members may fall under suspicion in a while.

internal import Vocabulary

/// Suspicions that may still begin here; objections are never held back.
///
/// Without it a network that loses much ends in everybody accusing everybody.
struct SuspicionBudget: Equatable, Sendable {
    private var left = 0.0
    private var filled: MonotonicInstant?

    /// Takes one, if there is one, when `count` members are known.
    mutating func take(at now: MonotonicInstant, members count: Int) -> Bool {
        let rate = 2 + Double(count) / 100
        let most = 2 * rate
        if let filled {
            let seconds = Double(filled.duration(to: now).milliseconds) / 1_000
            left = min(most, left + seconds * rate)
        } else {
            left = most
        }
        filled = now
        guard left >= 1 else { return false }
        left -= 1
        return true
    }
}

extension GossipMachine {
    /// Whether doubt about a member may be believed: there is a budget, and those who doubt their
    /// own health have no say.
    mutating func mayDoubt(_ statement: Statement, at now: MonotonicInstant) -> Bool {
        switch statement.member.state {
        case .alive, .left: return true
        case .suspect, .failed: break
        }
        guard let held = roster[statement.member.name]?.member, held.isPresent else { return true }
        if let accuser = roster[statement.accuser]?.member,
            Int(accuser.burden) >= Prober.burdenWithoutVote
        {
            return false
        }
        guard held.state == .alive, statement.member.standing > held.standing else { return true }
        return budget.take(at: now, members: roster.presentCount)
    }
}
