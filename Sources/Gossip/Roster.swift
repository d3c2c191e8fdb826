// What one peer believes about the others, and which claims change it.

internal import Vocabulary

/// The other members; what happens often costs the same however many there are.
struct Roster: Equatable, Sendable {
    struct Record: Equatable, Sendable {
        var member: Member
        /// Since when its state has been so.
        var since: MonotonicInstant
        /// While it is suspect.
        var suspicion: Suspicion?
        /// What its last answers said of its clock, the oldest first.
        var offsets: [Duration] = []
        /// Where it is in the list of those present, or of those gone.
        fileprivate var seat = 0
        /// What it adds to the digest.
        fileprivate(set) var mark: UInt64 = 0

        init(_ member: Member, since: MonotonicInstant, suspicion: Suspicion? = nil) {
            self.member = member
            self.since = since
            self.suspicion = suspicion
        }
    }

    /// How long a suspect has left to object.
    struct Suspicion: Equatable, Sendable {
        let started: MonotonicInstant
        var deadline: MonotonicInstant
        /// Who found out, at most three.
        var accusers: [NodeName]
    }

    /// Ordered by chance and by what happened; every record is in one of the two lists.
    private(set) var records: [Record] = []
    private var places: [NodeName: Int] = [:]
    private(set) var presentPlaces: [Int] = []
    private(set) var gonePlaces: [Int] = []
    private var suspectPlaces: [Int] = []
    /// Who holds an address, as far as known: the last that claimed it.
    private var homes: [PeerAddress: NodeName] = [:]
    /// The same for two peers that believe the same of who is present, this peer not included.
    private(set) var digest: UInt64 = 0
    let tuning: GossipTuning

    init(tuning: GossipTuning) {
        self.tuning = tuning
    }

    subscript(name: NodeName) -> Record? {
        places[name].map { records[$0] }
    }

    /// Alive and suspect members.
    ///
    /// - Complexity: O(members).
    var present: [Member] { presentPlaces.map { records[$0].member } }
    var presentCount: Int { presentPlaces.count }
    /// One of each that is present.
    var marks: [UInt64] { presentPlaces.map { records[$0].mark } }
    var suspectCount: Int { suspectPlaces.count }
    var gone: [Member] { gonePlaces.map { records[$0].member } }

    /// Whether the member is there to be seen by others at this address.
    func isPresent(at address: PeerAddress) -> Bool {
        guard let name = homes[address], let place = places[name] else { return false }
        let member = records[place].member
        return member.isPresent && member.address == address
    }

    /// Who holds an address, as far as known.
    func member(at address: PeerAddress) -> Member? {
        homes[address].flatMap { self[$0]?.member }
    }

    /// When the next suspect runs out of time.
    var nextDeadline: MonotonicInstant? {
        suspectPlaces.lazy.compactMap { records[$0].suspicion?.deadline }.min()
    }

    func place(of name: NodeName) -> Int? { places[name] }

    /// The present member that comes next after `name`, and after the last the first.
    ///
    /// - Complexity: O(members).
    func successor(of name: NodeName) -> Member? {
        var next: Int?
        for place in presentPlaces {
            guard let known = next else {
                next = place
                continue
            }
            let (one, other) = (records[place].member.name, records[known].member.name)
            let isNearer = (one > name) == (other > name) ? one < other : one > name
            if isNearer { next = place }
        }
        return next.map { records[$0].member }
    }

    /// Gives up suspects whose time is over, and returns their names.
    mutating func failOverdue(at now: MonotonicInstant) -> [NodeName] {
        let overdue = suspectPlaces.filter { place in
            records[place].suspicion.map { $0.deadline <= now } ?? false
        }
        for place in overdue {
            update(place) { record in
                record.suspicion = nil
                record.member.standing.state = .failed
                record.since = now
            }
        }
        return overdue.map { records[$0].member.name }
    }

    /// Gives every suspect `delay` more: we were away and may have missed its objection.
    mutating func postpone(by delay: Duration, atLeastTo floor: MonotonicInstant) {
        for place in suspectPlaces {
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

    // Keeping the lists in step with the records.

    /// Changes one record; every change of a member's standing or address goes through here.
    mutating func update(_ place: Int, _ change: (inout Record) -> Void) {
        let before = records[place]
        change(&records[place])
        let after = records[place]
        if after.member.standing != before.member.standing {
            let mark = after.member.mark
            digest = digest &- before.mark &+ mark
            records[place].mark = mark
        }
        if before.member.isPresent != after.member.isPresent {
            leaveSeat(of: before)
            takeSeat(place)
        }
        if (before.suspicion == nil) != (after.suspicion == nil) {
            if after.suspicion == nil {
                suspectPlaces.removeAll { $0 == place }
            } else {
                suspectPlaces.append(place)
            }
        }
        if before.member.address != after.member.address {
            if homes[before.member.address] == before.member.name {
                homes[before.member.address] = nil
            }
            homes[after.member.address] = after.member.name
        }
    }

    mutating func insert(_ record: Record) {
        let place = records.count
        records.append(record)
        records[place].mark = record.member.mark
        digest = digest &+ records[place].mark
        places[record.member.name] = place
        homes[record.member.address] = record.member.name
        takeSeat(place)
        if record.suspicion != nil { suspectPlaces.append(place) }
    }

    /// Forgets one that is gone; the last record takes its place.
    mutating func remove(_ place: Int) {
        let record = records[place]
        leaveSeat(of: record)
        digest = digest &- record.mark
        places[record.member.name] = nil
        if homes[record.member.address] == record.member.name {
            homes[record.member.address] = nil
        }
        suspectPlaces.removeAll { $0 == place }
        let last = records.count - 1
        if place != last {
            let moved = records[last]
            records[place] = moved
            places[moved.member.name] = place
            if moved.member.isPresent {
                presentPlaces[moved.seat] = place
            } else {
                gonePlaces[moved.seat] = place
            }
            if let suspect = suspectPlaces.firstIndex(of: last) { suspectPlaces[suspect] = place }
        }
        records.removeLast()
    }

    private mutating func takeSeat(_ place: Int) {
        if records[place].member.isPresent {
            records[place].seat = presentPlaces.count
            presentPlaces.append(place)
        } else {
            records[place].seat = gonePlaces.count
            gonePlaces.append(place)
        }
    }

    private mutating func leaveSeat(of record: Record) {
        if record.member.isPresent {
            guard let last = presentPlaces.popLast(), record.seat < presentPlaces.count else {
                return
            }
            presentPlaces[record.seat] = last
            records[last].seat = record.seat
        } else {
            guard let last = gonePlaces.popLast(), record.seat < gonePlaces.count else { return }
            gonePlaces[record.seat] = last
            records[last].seat = record.seat
        }
    }
}

extension Member {
    /// What this member adds to the digest of a roster: nothing once it is gone.
    ///
    /// Suspicion is left out: it is one peer's doubt for a while, and no difference to reconcile.
    var mark: UInt64 {
        guard isPresent else { return 0 }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let mixed = SeededGenerator.mixed(hash ^ bootEpoch)
        return SeededGenerator.mixed(mixed ^ UInt64(incarnation))
    }
}

extension MonotonicInstant {
    /// The next whole microsecond, which every timer can keep.
    var roundedUp: Self {
        let (seconds, attoseconds) = sinceBoot.components
        let microseconds = (attoseconds + 999_999_999_999) / 1_000_000_000_000
        return Self(sinceBoot: .seconds(seconds) + .microseconds(microseconds))
    }

    static func + (lhs: Self, rhs: Duration) -> Self { lhs.advanced(by: rhs) }
    static func - (lhs: Self, rhs: Duration) -> Self { lhs.advanced(by: .zero - rhs) }
}
