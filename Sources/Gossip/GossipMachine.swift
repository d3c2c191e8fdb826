// The protocol of one peer: what it hears, and what it does about it.

package import Vocabulary

/// What a peer hears.
package enum GossipEvent: Equatable, Sendable {
    /// First of all, once.
    case start
    /// The instant asked for by ``GossipAction/wake(at:)`` has come; early and late are harmless.
    case wake
    /// A datagram, opened and decoded.
    case packet([Frame], from: PeerAddress)
    /// Somebody asks to compare rosters; answered under the same number.
    case sheet(RosterSheet, request: UInt64)
    /// Somebody asks where rosters differ; answered under the same number.
    case marks(RosterMarks, request: UInt64)
    case answered(UInt64, StreamReply)
    /// The other host took the stream; nothing is known of the process yet.
    case connected(UInt64)
    /// No answer, and there will be none.
    case exchangeFailed(UInt64)
    /// What came of ``GossipAction/apply(_:)``.
    case applied(ListOutcome)
    /// What came of ``GossipAction/install(_:from:above:)``: the copy stands here.
    case installed(UInt64, Position)
    /// The list here got a new batch first; it is applied already.
    case published(ChangeBatch)
    /// The list here moved without us.
    case advanced(Position)
    /// Tell `to`, or everybody who is present.
    case tell(Signal, to: NodeName?)
    case flags(isDraining: Bool, isStale: Bool, isClockOff: Bool = false)
    /// This peer is so busy from now on; told with the next signs of life.
    case load(MemberLoad)
    /// This peer's time zone data is of another release from now on.
    case zoneData(String)
    /// Others may be at these addresses.
    case meet([PeerAddress])
    case leave
}

/// What came of applying batches to the copy of the list.
package enum ListOutcome: Equatable, Sendable {
    /// All applied or known already.
    case applied(Position)
    /// An earlier batch is missing.
    case gap(have: Position)
    /// Their history contradicts the copy's.
    case diverged(have: Position)
    /// The batch of this revision was set aside: it contradicts itself, or did before.
    case refused(have: Position, batch: Revision)
    /// The copy could not be written.
    case failed(have: Position)
}

/// What a peer does.
package enum GossipAction: Equatable, Sendable {
    case send([Frame], to: PeerAddress)
    /// Ask on a stream; report ``GossipEvent/answered(_:_:)`` or the failure within seconds.
    case exchange(UInt64, StreamRequest, with: PeerAddress)
    case answer(UInt64, StreamReply)
    /// Apply to the copy of the list and report; there is never more than one of these open.
    case apply([ChangeBatch])
    /// Fetch all pages and replace the copy, if theirs is at a later revision than `above`.
    case install(UInt64, from: PeerAddress, above: Revision)
    /// Catch up with the store itself, and report by ``GossipEvent/advanced(_:)``.
    case askStore
    case deliver(Signal, from: NodeName)
    /// The copy of the list stands here.
    case advanced(Position)
    case membersChanged
    /// Somebody believes in a later process of our name: be later than that, also next time.
    case adoptBootEpoch(UInt64)
    case note(GossipNote)
    /// Enough others know that we leave, or none will.
    case left
    case wake(at: MonotonicInstant)
}

/// What an operator should see.
package enum GossipNote: Equatable, Sendable {
    /// Another live process calls itself as we do.
    case nameTaken(by: PeerAddress)
    /// We were not running for this long.
    case stalled(Duration)
    /// Our wall clock jumped by this much, ahead if positive.
    case clockStepped(Duration)
    /// A peer says that it is there, and does not answer there over datagrams and streams.
    case unreachable(NodeName, at: PeerAddress)
    /// A peer at our revision, or its batch, has another history; `mine` is ours.
    case historiesDiffer(mine: Position, theirs: Position)
    /// A batch of this revision is not taken from members any more; the store decides.
    case quarantined(Revision)
    /// A kill was not acknowledged; the store still has it.
    case killUnanswered(RunID, by: NodeName)
}

/// One peer's gossip, pure: membership, the spreading of changes, signals.
///
/// - SeeAlso: GOSSIP in the documentation for where each number comes from.
package struct GossipMachine: Sendable {
    /// What an exchange under way is for.
    enum Purpose: Equatable, Sendable {
        case pushPull(with: PeerAddress)
        case probe(UInt64)
        case pull(from: PeerAddress)
        case install(from: PeerAddress)
        /// Of the guest that was asked under this number.
        case knock(UInt64)
    }

    let tuning: GossipTuning
    var me: Member
    /// Given addresses and those of members of an earlier life, dialled until somebody is there.
    var contacts: [PeerAddress]
    var chance: SeededGenerator
    var roster: Roster
    var rumours = RumourQueue()
    var prober = Prober()
    var changes: ChangeRelay
    var orders = OrderBook()
    var door = Door()
    var budget = SuspicionBudget()
    /// How many of the last contacts are members that were forgotten.
    var reapedContacts = 0
    var calendar = Calendar()
    var purposes: [UInt64: Purpose] = [:]
    var lastNumber: UInt64
    var isLeaving = false
    var outbox: [GossipAction] = []
    /// Told once per event, however many members it is about.
    var hasNews = false
    /// What the wall clock says during this event.
    var wallClock: Instant?
    var load = MemberLoad()
    var skew = ClockSkew()
    private var wakeDue: MonotonicInstant?

    /// When recurring work is due.
    struct Calendar: Equatable, Sendable {
        var joins: [MonotonicInstant] = []
        var pushPull: MonotonicInstant?
        var gossip: MonotonicInstant?
        var redial: MonotonicInstant?
        var reap: MonotonicInstant?
        var leave: MonotonicInstant?
        var farewell: MonotonicInstant?
        /// When we last compared rosters because digests differed, and what ours was.
        var compared: MonotonicInstant?
        var comparedDigest: UInt64 = 0
        /// Not before this do we compare rosters with somebody who turned up unannounced.
        var greeting: MonotonicInstant?
        /// Not before this do we complain again about who has our name.
        var complaint: MonotonicInstant?

        var next: MonotonicInstant? {
            var next = joins.first
            func consider(_ due: MonotonicInstant?) {
                guard let due else { return }
                if let known = next, known <= due { return }
                next = due
            }
            consider(pushPull)
            consider(redial)
            consider(reap)
            consider(leave)
            consider(farewell)
            return next
        }
    }

    /// - Parameters:
    ///   - me: This peer, alive, at incarnation 0 of a boot epoch above all earlier ones.
    ///   - contacts: Where others may be; this peer's own address among them is harmless.
    ///   - position: How far the copy of the list is.
    ///   - tuning: The protocol's numbers.
    ///   - seed: Different in every process, or peers act in step.
    package init(
        me: Member,
        contacts: [PeerAddress],
        position: Position,
        tuning: GossipTuning = GossipTuning(),
        seed: UInt64
    ) {
        self.me = me
        self.me.position = position
        self.tuning = tuning
        var addresses: [PeerAddress] = []
        for contact in contacts where contact != me.address && !addresses.contains(contact) {
            addresses.append(contact)
        }
        self.contacts = addresses
        chance = SeededGenerator(seed: seed)
        roster = Roster(tuning: tuning)
        changes = ChangeRelay(applied: position)
        lastNumber = chance.next() >> 16
    }

    /// Everybody known, this peer included, by name.
    package var members: [Member] {
        var mine = me
        mine.load = load
        mine.burden = UInt8(prober.burden)
        return (roster.records.map(\.member) + [mine]).sorted { $0.name < $1.name }
    }

    package var presentCount: Int { roster.presentCount + (isLeaving ? 0 : 1) }

    /// How full everything is that grows.
    package var gauges: GossipGauges {
        GossipGauges(
            members: roster.records.count,
            suspects: roster.suspectCount,
            rumours: rumours.count,
            guests: door.guests.count,
            relays: prober.relays.count,
            exchanges: purposes.count,
            orders: orders.open.count,
            contacts: contacts.count,
            burden: prober.burden
        )
    }

    /// How far the copy of the list is, as far as gossip knows.
    package var position: Position { changes.applied }

    /// How far the wall clocks of the others are ahead of ours: the median of our last 15 probes,
    /// whoever they were of; `nil` before the third answer.
    ///
    /// A peer whose own clock is wrong sees it here, and not its peers.
    package var clockOffset: Duration? { skew.median }

    /// Takes in one event and says what to do, in order.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - now: When, by a clock that counts suspended time; never earlier than before.
    ///   - wallClock: When, by the wall clock; without it no offsets are measured, and none by
    ///     others of us. It decides nothing.
    /// - Returns: What to do, in order.
    package mutating func handle(
        _ event: GossipEvent,
        at now: MonotonicInstant,
        wallClock: Instant? = nil
    ) -> [GossipAction] {
        noticeStep(to: wallClock, at: now)
        noticeStall(at: now)
        switch event {
        case .start: start(at: now)
        case .wake: noticeEarlyWake(at: now)
        case .packet(let frames, let address): receive(frames, from: address, at: now)
        case .sheet(let sheet, let request): answer(sheet, request: request, at: now)
        case .marks(let marks, let request): answer(marks, request: request, at: now)
        case .answered(let number, let reply): receive(reply, to: number, at: now)
        case .connected(let number): noteConnection(number)
        case .exchangeFailed(let number): exchangeFailed(number, at: now)
        case .applied(let outcome): applied(outcome, at: now)
        case .installed(let number, let position): installed(number, position, at: now)
        case .published(let batch): publish(batch, at: now)
        case .advanced(let position): advance(to: position, at: now)
        case .tell(let signal, let name): tell(signal, to: name, at: now)
        case .flags(let isDraining, let isStale, let isClockOff):
            setFlags(isDraining: isDraining, isStale: isStale, isClockOff: isClockOff)
        case .load(let load): self.load = load
        case .zoneData(let release): setZoneData(release)
        case .meet(let addresses): meet(addresses, at: now)
        case .leave: leave(at: now)
        }
        doWhatIsDue(at: now)
        if hasNews { outbox.append(.membersChanged) }
        hasNews = false
        askToBeWoken(at: now)
        defer { outbox = [] }
        return outbox
    }

    /// A timer that rounds down must not be our last.
    private mutating func noticeEarlyWake(at now: MonotonicInstant) {
        guard let due = wakeDue, due > now, now.duration(to: due) < .milliseconds(1) else { return }
        wakeDue = nil
    }

    /// If we wake much too late, nobody's silence in the meantime counts against them.
    private mutating func noticeStall(at now: MonotonicInstant) {
        guard let due = wakeDue else { return }
        let delay = due.duration(to: now)
        guard delay > tuning.stallTolerance else {
            if delay > tuning.lagTolerance { prober.noticeLag(at: now, tuning.probeInterval) }
            return
        }
        wakeDue = nil
        roster.postpone(by: delay, atLeastTo: now + tuning.probeInterval)
        prober.forgive(at: now, next: now + tuning.probeInterval)
        outbox.append(.note(.stalled(delay)))
    }

    private mutating func doWhatIsDue(at now: MonotonicInstant) {
        guard calendar.pushPull != nil else { return }
        finishLeaving(at: now)
        probeIfDue(at: now)
        failOverdue(at: now)
        joinIfDue(at: now)
        redialIfDue(at: now)
        reapIfDue(at: now)
        knockIfDue(at: now)
        repairIfDue(at: now)
        pushIfDue(at: now)
        announceIfDue(at: now)
        askStoreIfDue(at: now)
        announceTailIfDue(at: now)
        repeatOrdersIfDue(at: now)
        gossipIfDue(at: now)
    }

    private mutating func askToBeWoken(at now: MonotonicInstant) {
        var first = calendar.next
        func consider(_ due: MonotonicInstant?) {
            guard let due else { return }
            if let known = first, known <= due { return }
            first = due
        }
        consider(prober.nextDue(tuning))
        consider(roster.nextDeadline)
        consider(changes.nextDue)
        consider(orders.nextDue(tuning))
        if !rumours.isEmpty { consider(calendar.gossip) }
        consider(door.nextDue)
        guard let next = first?.roundedUp else { return }
        if let wakeDue, wakeDue > now, wakeDue <= next { return }
        wakeDue = next
        outbox.append(.wake(at: next))
    }

    // Shared by all parts of the protocol.

    /// This peer as it signs what it says.
    package var sender: Sender {
        Sender(
            name: me.name,
            bootEpoch: me.bootEpoch,
            position: changes.applied,
            vitals: Vitals(
                load: load,
                burden: UInt8(prober.burden),
                rosterDigest: rosterDigest
            )
        )
    }

    /// This peer as it signs answers: with the time.
    var answerer: Sender {
        var answerer = sender
        answerer.vitals.wallClock = wallClock
        return answerer
    }

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// Sends `frames`, and what rumours fit beside them.
    mutating func send(_ frames: [Frame], to address: PeerAddress) {
        send(frames, to: [address])
    }

    /// Sends the same to each of `addresses`.
    ///
    /// Where nothing is added it is one array for all, which is encoded and sealed but once.
    mutating func send(_ frames: [Frame], to addresses: [PeerAddress]) {
        var used = 1
        if frames.count > 1 || !rumours.isEmpty {
            used = frames.reduce(1) { $0 + PacketCodec.size(of: $1) }
        }
        for address in addresses {
            guard used <= tuning.packetLimit else {
                sendApart(frames, to: address)
                continue
            }
            let told = rumoursBeside(used)
            guard !frames.isEmpty || !told.isEmpty else { continue }
            outbox.append(.send(told.isEmpty ? frames : frames + told, to: address))
        }
    }

    /// Rumours that fit beside `used` bytes.
    private mutating func rumoursBeside(_ used: Int) -> [Frame] {
        guard !rumours.isEmpty else { return [] }
        let roster = self.roster
        let me = self.me
        return rumours.take(
            room: tuning.packetLimit - used,
            most: tuning.packetLimit - 1,
            limit: timesTold
        ) { (name, accuser) in
            let member = name == me.name ? me : roster[name]?.member
            return member.map { .statement(Statement($0, by: accuser)) }
        }
    }

    /// Sends what is too long together one by one, and leaves out what is too long alone.
    private mutating func sendApart(_ frames: [Frame], to address: PeerAddress) {
        for frame in frames where 1 + PacketCodec.size(of: frame) <= tuning.packetLimit {
            outbox.append(.send([frame], to: address))
        }
    }

    mutating func exchange(_ request: StreamRequest, with address: PeerAddress, for use: Purpose) {
        let number = nextNumber()
        purposes[number] = use
        outbox.append(.exchange(number, request, with: address))
    }

    /// Where up to `count` present members are that are wanted, chosen by chance.
    ///
    /// - Complexity: O(`count`) if most are wanted, O(members) if hardly any is.
    mutating func somePeers(
        _ count: Int,
        where isWanted: (Member) -> Bool = { _ in true }
    ) -> [PeerAddress] {
        let places = roster.presentPlaces
        if places.count > 4 * count {
            var chosen: [Int] = []
            for _ in 0..<4 * count where chosen.count < count {
                let place = places[Int.random(in: places.indices, using: &chance)]
                if !chosen.contains(place), isWanted(roster.records[place].member) {
                    chosen.append(place)
                }
            }
            if chosen.count == count { return chosen.map { roster.records[$0].member.address } }
        }
        let wanted = places.filter { isWanted(roster.records[$0].member) }
        return sample(count, of: wanted).map { roster.records[$0].member.address }
    }

    /// Up to `count` of `items`, chosen by chance.
    mutating func sample<Item>(_ count: Int, of items: [Item]) -> [Item] {
        var rest = items
        let wanted = min(count, rest.count)
        for place in 0..<wanted {
            rest.swapAt(place, Int.random(in: place..<rest.count, using: &chance))
        }
        return Array(rest.prefix(wanted))
    }

    /// Any duration below `limit`.
    mutating func jitter(below limit: Duration) -> Duration {
        .microseconds(Int64.random(in: 0..<max(1, limit.milliseconds * 1_000), using: &chance))
    }

    /// How often each piece of news is told.
    private var timesTold: Int {
        RoughLogarithm.naturalCeiling(roster.presentCount + 2) + 4
    }
}
