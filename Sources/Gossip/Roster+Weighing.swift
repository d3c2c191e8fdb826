// Which of two claims about a member is believed, and for how long a suspect may object.

internal import Vocabulary

extension Roster {
    /// What a claim did.
    enum Verdict: Equatable {
        /// It says nothing new.
        case known
        /// It is believed; `isAppearance` when the member was not present before.
        case news(isAppearance: Bool)
        /// Another one suspects the same.
        case confirmed
        /// It is outdated, and whoever believes it should hear better.
        case outdated(Member)
    }

    /// Weighs one claim.
    ///
    /// A claim that somebody failed never makes an alive member failed here, only suspect: after
    /// a partition both sides hold such claims, and the accused must have its time to object.
    mutating func weigh(_ statement: Statement, at now: MonotonicInstant) -> Verdict {
        let claimed = statement.member.standing
        guard let place = place(of: statement.member.name) else {
            return meet(statement, at: now)
        }
        let held = records[place].member
        if claimed == held.standing {
            return confirm(place, by: statement.accuser, at: now)
        }
        if claimed < held.standing {
            let isPresentClaimed = statement.member.isPresent
            return held.isPresent == isPresentClaimed ? .known : .outdated(held)
        }
        if claimed.state == .failed, held.isPresent {
            return doubt(place, statement, at: now)
        }
        let suspicion =
            claimed.state == .suspect ? suspicion(by: statement.accuser, at: now) : nil
        adopt(statement, at: place, since: now - statement.age, suspicion: suspicion)
        return .news(isAppearance: !held.isPresent && records[place].member.isPresent)
    }

    /// Starts to suspect a member that did not answer us; `true` if that is news.
    mutating func suspect(_ name: NodeName, by me: NodeName, at now: MonotonicInstant) -> Bool {
        guard let place = place(of: name) else { return false }
        switch records[place].member.state {
        case .alive:
            let doubt = suspicion(by: me, at: now)
            update(place) { record in
                record.member.standing.state = .suspect
                record.since = now
                record.suspicion = doubt
            }
            return true
        case .suspect: return confirm(place, by: me, at: now) == .confirmed
        case .failed, .left: return false
        }
    }

    /// Forgets members that are gone for long, and the longest gone beyond the limit.
    ///
    /// - Returns: Where those were that failed: they may be there again some day.
    mutating func reap(at now: MonotonicInstant) -> [Member] {
        var reaped = gone.filter { member in
            guard let since = self[member.name]?.since else { return false }
            let kept = member.state == .left ? tuning.leftKept : tuning.failedKept
            return since.duration(to: now) >= kept
        }
        let excess = gonePlaces.count - reaped.count - goneLimit
        if excess > 0 {
            let names = Set(reaped.map(\.name))
            let oldest = gonePlaces.map { records[$0] }
                .filter { !names.contains($0.member.name) }
                .sorted { ($0.since, $0.member.name) < ($1.since, $1.member.name) }
            reaped += oldest.prefix(excess).map(\.member)
        }
        for member in reaped {
            if let place = place(of: member.name) { remove(place) }
        }
        return reaped
    }

    /// How many that are gone are remembered.
    var goneLimit: Int { max(tuning.goneLimit, 2 * presentCount) }

    private mutating func meet(_ statement: Statement, at now: MonotonicInstant) -> Verdict {
        guard records.count < RosterSheet.limit, !isForgotten(statement) else { return .known }
        // Whoever tells of many that are gone must not fill our memory before the next reaping.
        guard statement.member.isPresent || gonePlaces.count < 2 * goneLimit else {
            return .known
        }
        var record = Record(statement.member, since: now - statement.age)
        record.member.position = .start
        if statement.member.state == .suspect {
            record.suspicion = suspicion(by: statement.accuser, at: now)
        }
        insert(record)
        return .news(isAppearance: statement.member.isPresent)
    }

    /// Whether everybody forgets this claim by now; else two peers would keep it alive for ever.
    private func isForgotten(_ statement: Statement) -> Bool {
        switch statement.member.state {
        case .alive, .suspect: false
        case .failed: statement.age >= tuning.failedKept
        case .left: statement.age >= tuning.leftKept
        }
    }

    private mutating func confirm(
        _ place: Int,
        by accuser: NodeName,
        at now: MonotonicInstant
    ) -> Verdict {
        guard var suspicion = records[place].suspicion, suspicion.accusers.count < 3,
            !suspicion.accusers.contains(accuser)
        else { return .known }
        suspicion.accusers.append(accuser)
        suspicion.deadline = min(
            suspicion.deadline,
            suspicion.started + patience(confirmations: suspicion.accusers.count - 1)
        )
        update(place) { $0.suspicion = suspicion }
        return .confirmed
    }

    /// Somebody says that a member present here failed.
    private mutating func doubt(
        _ place: Int,
        _ statement: Statement,
        at now: MonotonicInstant
    ) -> Verdict {
        let held = records[place]
        if held.member.state == .suspect,
            !statement.member.standing.isNewerDescription(than: held.member.standing)
        {
            guard var suspicion = held.suspicion else { return .known }
            let soon = suspicion.started + patience(confirmations: 2)
            suspicion.deadline = min(suspicion.deadline, soon)
            update(place) { $0.suspicion = suspicion }
            return .known
        }
        var doubted = statement
        doubted.member.standing.state = .suspect
        var suspicion = suspicion(by: statement.accuser, at: now)
        suspicion.deadline = now + patience(confirmations: 2)
        adopt(doubted, at: place, since: now, suspicion: suspicion)
        return .news(isAppearance: false)
    }

    private mutating func adopt(
        _ statement: Statement,
        at place: Int,
        since: MonotonicInstant,
        suspicion: Suspicion?
    ) {
        update(place) { record in
            let held = record.member
            record.member = statement.member
            if held.bootEpoch == statement.member.bootEpoch {
                record.member.position = held.position
                record.member.load = held.load
                record.member.burden = held.burden
            } else {
                record.member.position = .start
            }
            record.member.clockOffset = held.clockOffset
            record.member.roundTrip = held.roundTrip
            record.since = since
            record.suspicion = suspicion
        }
    }

    private func suspicion(by accuser: NodeName, at now: MonotonicInstant) -> Suspicion {
        Suspicion(
            started: now,
            deadline: now + patience(confirmations: 0),
            accusers: [accuser]
        )
    }

    /// How long a suspect has, by how many others confirmed.
    ///
    /// - SeeAlso: Dadgar, Phillips and Currey, "Lifeguard", 2017, section IV-B; their formula for
    ///   two expected confirmations gives the three factors.
    private func patience(confirmations: Int) -> Duration {
        let count = presentCount + 1
        let least =
            tuning.probeInterval * Double(tuning.suspicionFactor)
            * max(1, RoughLogarithm.decimal(count))
        // With fewer than two others besides us and the suspect nobody could confirm.
        guard count >= 4 else { return least }
        let used = [0, 0.631, 1][min(confirmations, 2)]
        let most = least * Double(tuning.suspicionStretch)
        return most - (most - least) * used
    }
}

extension Statement {
    fileprivate var age: Duration { .seconds(Int64(clamping: ageInSeconds)) }
}
