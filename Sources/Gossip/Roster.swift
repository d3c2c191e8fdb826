// What one peer believes about the others, and which claims change it.

internal import Vocabulary

/// The other members, in the order in which they became known.
struct Roster: Equatable, Sendable {
    struct Record: Equatable, Sendable {
        var member: Member
        /// Since when its state has been so.
        var since: MonotonicInstant
        /// While it is suspect.
        var suspicion: Suspicion?
        /// What its last answers said of its clock, the oldest first.
        var offsets: [Duration] = []
    }

    /// How long a suspect has left to object.
    struct Suspicion: Equatable, Sendable {
        let started: MonotonicInstant
        var deadline: MonotonicInstant
        /// Who found out, at most three.
        var accusers: [NodeName]
    }

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

    private(set) var records: [Record] = []
    private var places: [NodeName: Int] = [:]
    private let tuning: GossipTuning

    init(tuning: GossipTuning) {
        self.tuning = tuning
    }

    subscript(name: NodeName) -> Record? {
        places[name].map { records[$0] }
    }

    /// Alive and suspect members.
    var present: [Member] { records.map(\.member).filter(\.isPresent) }
    var presentCount: Int { records.count { $0.member.isPresent } }

    func member(at address: PeerAddress) -> Member? {
        records.first { $0.member.address == address && $0.member.isPresent }?.member
    }

    /// When the next suspect runs out of time.
    var nextDeadline: MonotonicInstant? { records.compactMap(\.suspicion?.deadline).min() }

    /// Weighs one claim.
    ///
    /// A claim that somebody failed never makes an alive member failed here, only suspect: after
    /// a partition both sides hold such claims, and the accused must have its time to object.
    mutating func weigh(_ statement: Statement, at now: MonotonicInstant) -> Verdict {
        let claimed = statement.member.standing
        guard let place = places[statement.member.name] else {
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
        adopt(statement.member, at: place, now: now)
        records[place].since = now - statement.age
        if claimed.state == .suspect {
            records[place].suspicion = suspicion(by: statement.accuser, at: now)
        }
        return .news(isAppearance: !held.isPresent && records[place].member.isPresent)
    }

    /// Starts to suspect a member that did not answer us; `true` if that is news.
    mutating func suspect(_ name: NodeName, by me: NodeName, at now: MonotonicInstant) -> Bool {
        guard let place = places[name] else { return false }
        switch records[place].member.state {
        case .alive:
            records[place].member.standing.state = .suspect
            records[place].since = now
            records[place].suspicion = suspicion(by: me, at: now)
            return true
        case .suspect: return confirm(place, by: me, at: now) == .confirmed
        case .failed, .left: return false
        }
    }

    /// Gives up suspects whose time is over, and returns their names.
    mutating func failOverdue(at now: MonotonicInstant) -> [NodeName] {
        var failed: [NodeName] = []
        for place in records.indices {
            guard let suspicion = records[place].suspicion, suspicion.deadline <= now else {
                continue
            }
            records[place].suspicion = nil
            records[place].member.standing.state = .failed
            records[place].since = now
            failed.append(records[place].member.name)
        }
        return failed
    }

    /// Gives every suspect `delay` more: we were away and may have missed its objection.
    mutating func postpone(by delay: Duration, atLeastTo floor: MonotonicInstant) {
        for place in records.indices {
            guard let deadline = records[place].suspicion?.deadline else { continue }
            records[place].suspicion?.deadline = max(deadline + delay, floor)
        }
    }

    /// Notes a sign of life: how its sender is, and how far its copy of the list.
    mutating func note(_ sender: Sender) {
        guard let place = places[sender.name],
            records[place].member.bootEpoch == sender.bootEpoch
        else { return }
        records[place].member.position = sender.position
        records[place].member.load = sender.vitals.load
        records[place].member.burden = sender.vitals.burden
    }

    /// Notes what one probe measured.
    mutating func note(_ name: NodeName, roundTrip: Duration, clockOffset: Duration?) {
        guard let place = places[name] else { return }
        records[place].member.roundTrip = roundTrip
        guard let clockOffset else { return }
        records[place].offsets.append(clockOffset)
        if records[place].offsets.count > ClockSkew.samplesPerMember {
            records[place].offsets.removeFirst()
        }
        records[place].member.clockOffset = ClockSkew.median(of: records[place].offsets)
    }

    /// Our own clock jumped: what was measured with it is corrected.
    mutating func shiftClocks(by step: Duration) {
        for place in records.indices where records[place].member.clockOffset != nil {
            records[place].offsets = records[place].offsets.map { $0 - step }
            records[place].member.clockOffset = ClockSkew.median(of: records[place].offsets)
        }
    }

    /// Forgets members that are gone for long, and the longest gone beyond the limit.
    mutating func reap(at now: MonotonicInstant) -> Bool {
        var kept = records.filter { record in
            switch record.member.state {
            case .alive, .suspect: true
            case .failed: record.since.duration(to: now) < tuning.failedKept
            case .left: record.since.duration(to: now) < tuning.leftKept
            }
        }
        let gone = kept.filter { !$0.member.isPresent }
        let excess = gone.count - max(tuning.goneLimit, 2 * (kept.count - gone.count))
        if excess > 0 {
            let oldest = gone.sorted { ($0.since, $0.member.name) < ($1.since, $1.member.name) }
            let dropped = Set(oldest.prefix(excess).map(\.member.name))
            kept.removeAll { dropped.contains($0.member.name) }
        }
        guard kept.count != records.count else { return false }
        records = kept
        places = [:]
        for (place, record) in kept.enumerated() { places[record.member.name] = place }
        return true
    }

    private mutating func meet(_ statement: Statement, at now: MonotonicInstant) -> Verdict {
        guard records.count < RosterSheet.limit, !isForgotten(statement) else { return .known }
        var record = Record(member: statement.member, since: now - statement.age)
        record.member.position = .start
        places[statement.member.name] = records.count
        records.append(record)
        if statement.member.state == .suspect {
            records[records.count - 1].suspicion = suspicion(by: statement.accuser, at: now)
        }
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
        records[place].suspicion = suspicion
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
            guard let suspicion = held.suspicion else { return .known }
            let soon = min(suspicion.deadline, suspicion.started + patience(confirmations: 2))
            records[place].suspicion?.deadline = soon
            return .known
        }
        adopt(statement.member, at: place, now: now)
        records[place].member.standing.state = .suspect
        var doubted = suspicion(by: statement.accuser, at: now)
        doubted.deadline = now + patience(confirmations: 2)
        records[place].suspicion = doubted
        return .news(isAppearance: false)
    }

    private mutating func adopt(_ member: Member, at place: Int, now: MonotonicInstant) {
        let held = records[place].member
        var adopted = member
        adopted.position = held.bootEpoch == member.bootEpoch ? held.position : .start
        adopted.load = held.load
        adopted.burden = held.burden
        adopted.clockOffset = held.clockOffset
        adopted.roundTrip = held.roundTrip
        records[place].member = adopted
        records[place].since = now
        records[place].suspicion = nil
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

extension MonotonicInstant {
    static func + (lhs: Self, rhs: Duration) -> Self { lhs.advanced(by: rhs) }
    static func - (lhs: Self, rhs: Duration) -> Self { lhs.advanced(by: .zero - rhs) }
}
