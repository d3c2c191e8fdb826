// Whether the others are still there: one is asked each interval, in an order of chance.

internal import Vocabulary

/// The probe under way, whose turn is next, and probes passed on for others.
struct Prober: Sendable {
    struct Probe: Equatable, Sendable {
        let number: UInt64
        let target: NodeName
        let address: PeerAddress
        let sent: MonotonicInstant
        /// What our wall clock said then.
        var wallClock: Instant?
        var isIndirect = false
        /// Its host took a stream.
        var isConnected = false
        /// Others that were asked to help, and those that said that they got no answer either.
        var helpers = 0
        var nacks = 0
    }

    /// Somebody else's question, sent on under a number of ours.
    struct Relay: Equatable, Sendable {
        let number: UInt64
        let asker: PeerAddress
        let askersNumber: UInt64
        /// When we tell the asker that we got no answer; `nil` once we have.
        var nackDue: MonotonicInstant?
    }

    static let relayLimit = 64
    static let mostBurden = 8
    /// Who doubts itself this much accuses nobody.
    static let burdenWithoutVote = 4
    private static let tripCount = 64
    private static let leastTrips = 8

    var probe: Probe?
    var queue: [NodeName] = []
    var due: MonotonicInstant?
    var relays: [Relay] = []
    /// When the last datagram came in.
    var heard = MonotonicInstant(sinceBoot: .zero)
    /// How much we doubt ourselves; it slows us down and makes us patient with others.
    ///
    /// - SeeAlso: Lifeguard, section IV-A.
    private(set) var burden = 0
    /// The last round trips, the oldest first.
    private var trips: [Duration] = []
    private var longestTrip = Duration.zero
    /// Whose host is there while the process is silent, since when, and when to look again.
    private var stopped: [NodeName: MonotonicInstant] = [:]
    private var rechecks: [(name: NodeName, due: MonotonicInstant)] = []
    private var lagNoticed: MonotonicInstant?
    /// When doubt last grew, or faded.
    private var doubted = MonotonicInstant(sinceBoot: .zero)
    private static let doubtFades = Duration.seconds(3)

    /// How long a probe waits before others are asked: four times the longest of the last round
    /// trips, which is about their 99th percentile, within bounds.
    func timeout(_ tuning: GossipTuning) -> Duration {
        guard trips.count >= Self.leastTrips else { return tuning.probeTimeout }
        return min(tuning.longestTimeout, max(tuning.shortestTimeout, longestTrip * 4))
    }

    /// When the others are asked to help, for the probe under way.
    func helpDue(_ tuning: GossipTuning) -> MonotonicInstant? {
        guard let probe, !probe.isIndirect else { return nil }
        return probe.sent + timeout(tuning) * (burden + 1)
    }

    func nextDue(_ tuning: GossipTuning) -> MonotonicInstant? {
        var next = due
        for other in [helpDue(tuning), relays.lazy.compactMap(\.nackDue).min()] {
            if let other { next = next.map { min($0, other) } ?? other }
        }
        return next
    }

    /// We were away: the probe under way says nothing about its target.
    mutating func forgive(at now: MonotonicInstant, next: MonotonicInstant) {
        probe = nil
        if due != nil { due = next }
        doubtMyself(by: 2, at: now)
    }

    /// We were late, if not away: counted once per `interval`.
    mutating func noticeLag(at now: MonotonicInstant, _ interval: Duration) {
        if let lagNoticed, lagNoticed.duration(to: now) < interval { return }
        lagNoticed = now
        doubtMyself(by: 1, at: now)
    }

    mutating func doubtMyself(by more: Int, at now: MonotonicInstant) {
        burden = min(Self.mostBurden, burden + more)
        doubted = now
    }

    /// Doubt fades though no probe is answered: there may be nobody left who could answer, and
    /// then somebody must still say so.
    mutating func recover(at now: MonotonicInstant) {
        guard burden > 0, doubted.duration(to: now) >= Self.doubtFades else { return }
        burden -= 1
        doubted = now
    }

    mutating func succeed() {
        probe = nil
        burden = max(0, burden - 1)
    }

    mutating func note(_ trip: Duration) {
        trips.append(trip)
        longestTrip = max(longestTrip, trip)
        guard trips.count > Self.tripCount else { return }
        if trips.removeFirst() == longestTrip { longestTrip = trips.max() ?? .zero }
    }

    /// Whether a silent member whose host is there may be accused; if not, it is asked again.
    mutating func mayAccuse(
        _ name: NodeName,
        silentSince sent: MonotonicInstant,
        at now: MonotonicInstant,
        _ patience: Duration
    ) -> Bool {
        let since = stopped[name] ?? sent
        guard since.duration(to: now) < patience else { return true }
        if stopped[name] == nil, rechecks.count < Self.relayLimit {
            rechecks.append((name, now + patience))
        }
        stopped[name] = since
        return false
    }

    mutating func takeRecheck(at now: MonotonicInstant) -> NodeName? {
        guard let first = rechecks.first, first.due <= now else { return nil }
        return rechecks.removeFirst().name
    }

    mutating func noteLife(of name: NodeName) {
        if !stopped.isEmpty { stopped[name] = nil }
    }

    mutating func receiveNack(_ number: UInt64) {
        guard probe?.number == number else { return }
        probe?.nacks += 1
    }
}

extension GossipMachine {
    mutating func probeIfDue(at now: MonotonicInstant) {
        if let helpDue = prober.helpDue(tuning), helpDue <= now { askForHelp() }
        nackIfDue(at: now)
        guard let due = prober.due, due <= now, !isLeaving else { return }
        prober.recover(at: now)
        if let silent = prober.probe { giveUp(silent, at: now) }
        prober.due = now + tuning.probeInterval * (prober.burden + 1)
        guard let target = nextTarget(at: now) else { return }
        let number = nextNumber()
        prober.probe = Prober.Probe(
            number: number,
            target: target.name,
            address: target.address,
            sent: now,
            wallClock: wallClock
        )
        var frames = [Frame.ping(number, target: target.name, from: sender)]
        // Whoever is accused hears it first from those who can take the objection.
        if target.state != .alive { frames.insert(held(target, at: now), at: 0) }
        send(frames, to: target.address)
    }

    /// Neither we nor a helper got an answer in time.
    private mutating func giveUp(_ silent: Prober.Probe, at now: MonotonicInstant) {
        prober.probe = nil
        // Helpers that do not even say so: it may be us who hear nobody. But not if anybody was
        // heard meanwhile, or the crash of most of a cluster would make the rest doubt itself.
        if silent.helpers > 0, 2 * silent.nacks < silent.helpers, prober.heard < silent.sent {
            prober.doubtMyself(by: 1, at: now)
        }
        guard prober.burden < Prober.burdenWithoutVote else { return }
        if silent.isConnected {
            guard
                prober.mayAccuse(
                    silent.target,
                    silentSince: silent.sent,
                    at: now,
                    tuning.stopPatience
                )
            else { return }
        }
        if roster[silent.target]?.member.state == .alive,
            !budget.take(at: now, members: roster.presentCount)
        {
            return
        }
        guard roster.suspect(silent.target, by: me.name, at: now) else { return }
        rumours.add(silent.target, by: me.name, isUrgent: true)
        hasNews = true
    }

    /// Asks others to probe the silent one, and tries a stream ourselves.
    private mutating func askForHelp() {
        guard var probe = prober.probe else { return }
        let target = probe.target
        let helpers = somePeers(tuning.indirectProbes) { $0.name != target && $0.state == .alive }
        probe.isIndirect = true
        probe.helpers = helpers.count
        prober.probe = probe
        for helper in helpers {
            send([.pingRequest(probe.number, target: target, at: probe.address)], to: helper)
        }
        exchange(.ping(target: target), with: probe.address, for: .probe(probe.number))
    }

    mutating func noteConnection(_ number: UInt64) {
        guard case .probe(let probe)? = purposes[number], prober.probe?.number == probe else {
            return
        }
        prober.probe?.isConnected = true
    }

    private mutating func nextTarget(at now: MonotonicInstant) -> Member? {
        if let name = prober.takeRecheck(at: now), let member = roster[name]?.member,
            member.isPresent
        {
            return member
        }
        for _ in 0..<2 {
            while let name = prober.queue.popLast() {
                if let member = roster[name]?.member, member.isPresent { return member }
            }
            let names = roster.presentPlaces.map { roster.records[$0].member.name }
            prober.queue = sample(names.count, of: names)
        }
        return nil
    }

    /// Of those who hear of a suspect some ask it soon: it can object, or they confirm.
    mutating func confirmSoon(_ name: NodeName) {
        let lot = Int.random(in: 0..<max(1, roster.presentCount), using: &chance)
        guard lot < tuning.indirectProbes + 1, prober.queue.last != name else { return }
        prober.queue.append(name)
    }

    /// Lets a new member be probed in this round, at a turn of chance.
    mutating func queueForProbe(_ name: NodeName) {
        prober.queue.append(name)
        let last = prober.queue.count - 1
        prober.queue.swapAt(last, Int.random(in: 0...last, using: &chance))
    }

    mutating func passOn(
        _ number: UInt64,
        target: NodeName,
        at address: PeerAddress,
        for asker: PeerAddress,
        now: MonotonicInstant
    ) {
        let ours = nextNumber()
        if prober.relays.count >= Prober.relayLimit { prober.relays.removeFirst() }
        prober.relays.append(
            Prober.Relay(
                number: ours,
                asker: asker,
                askersNumber: number,
                nackDue: now + prober.timeout(tuning) * 4 / 5
            )
        )
        send([.ping(ours, target: target, from: sender)], to: address)
    }

    private mutating func nackIfDue(at now: MonotonicInstant) {
        for place in prober.relays.indices {
            guard let due = prober.relays[place].nackDue, due <= now else { continue }
            prober.relays[place].nackDue = nil
            let relay = prober.relays[place]
            send([.nack(relay.askersNumber)], to: relay.asker)
        }
    }

    /// - Parameters:
    ///   - number: The answered probe's.
    ///   - sender: Who answered.
    ///   - address: Where the answer came from; `nil` if on a stream, which takes longer.
    ///   - now: When.
    mutating func receiveAck(
        _ number: UInt64,
        from sender: Sender,
        at address: PeerAddress?,
        now: MonotonicInstant
    ) {
        if let probe = prober.probe, probe.number == number, probe.target == sender.name {
            // One that a helper passed on tells nothing about the way between us.
            if address == probe.address { measure(probe, answeredBy: sender, at: now) }
            prober.succeed()
        }
        if let place = prober.relays.firstIndex(where: { $0.number == number }) {
            let relay = prober.relays.remove(at: place)
            send([.ack(relay.askersNumber, from: sender)], to: relay.asker)
        }
    }

    /// What is held about `member`, to be told to somebody.
    func held(_ member: Member, at now: MonotonicInstant) -> Frame {
        guard let record = roster[member.name] else {
            return .statement(Statement(member, by: me.name))
        }
        return .statement(statement(of: record, at: now))
    }

    func statement(of record: Roster.Record, at now: MonotonicInstant) -> Statement {
        let age = max(0, record.since.duration(to: now).components.seconds)
        return Statement(record.member, ageInSeconds: UInt64(age), by: me.name)
    }
}
