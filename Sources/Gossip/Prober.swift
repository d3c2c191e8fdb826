// Whether the others are still there: one is asked each interval, in an order of chance.

internal import Vocabulary

/// The probe under way, whose turn is next, and probes passed on for others.
struct Prober: Equatable, Sendable {
    struct Probe: Equatable, Sendable {
        let number: UInt64
        let target: NodeName
        let address: PeerAddress
        let sent: MonotonicInstant
        /// What our wall clock said then.
        var wallClock: Instant?
        var isIndirect = false
    }

    /// Somebody else's question, sent on under a number of ours.
    struct Relay: Equatable, Sendable {
        let number: UInt64
        let asker: PeerAddress
        let askersNumber: UInt64
    }

    static let relayLimit = 64
    static let mostBurden = 8

    var probe: Probe?
    var queue: [NodeName] = []
    var due: MonotonicInstant?
    var relays: [Relay] = []
    /// How much we doubt ourselves; it slows us down and makes us patient with others.
    ///
    /// - SeeAlso: Lifeguard, section IV-A.
    var burden = 0

    /// When the others are asked to help, for the probe under way.
    func helpDue(_ tuning: GossipTuning) -> MonotonicInstant? {
        guard let probe, !probe.isIndirect else { return nil }
        return probe.sent + tuning.probeTimeout * (burden + 1)
    }

    func nextDue(_ tuning: GossipTuning) -> MonotonicInstant? {
        [due, helpDue(tuning)].compactMap(\.self).min()
    }

    /// We were away: the probe under way says nothing about its target.
    mutating func forgive(at now: MonotonicInstant, next: MonotonicInstant) {
        probe = nil
        if due != nil { due = next }
        burden = min(Self.mostBurden, burden + 2)
    }

    mutating func succeed() {
        probe = nil
        burden = max(0, burden - 1)
    }
}

extension GossipMachine {
    mutating func probeIfDue(at now: MonotonicInstant) {
        if let helpDue = prober.helpDue(tuning), helpDue <= now { askForHelp() }
        guard let due = prober.due, due <= now, !isLeaving else { return }
        if let silent = prober.probe {
            prober.probe = nil
            if roster.suspect(silent.target, by: me.name, at: now) {
                rumours.add(silent.target, by: me.name)
                hasNews = true
            }
        }
        prober.due = now + tuning.probeInterval * (prober.burden + 1)
        guard let target = nextTarget() else { return }
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

    /// Asks others to probe the silent one, and tries a stream ourselves.
    private mutating func askForHelp() {
        guard var probe = prober.probe else { return }
        probe.isIndirect = true
        prober.probe = probe
        let others = roster.present.filter { $0.name != probe.target && $0.state == .alive }
        for helper in sample(tuning.indirectProbes, of: others) {
            send(
                [.pingRequest(probe.number, target: probe.target, at: probe.address)],
                to: helper.address
            )
        }
        exchange(.ping(target: probe.target), with: probe.address, for: .probe(probe.number))
    }

    private mutating func nextTarget() -> Member? {
        for _ in 0..<2 {
            while let name = prober.queue.popLast() {
                if let member = roster[name]?.member, member.isPresent { return member }
            }
            let names = roster.present.map(\.name)
            prober.queue = sample(names.count, of: names)
        }
        return nil
    }

    mutating func passOn(
        _ number: UInt64,
        target: NodeName,
        at address: PeerAddress,
        for asker: PeerAddress
    ) {
        let ours = nextNumber()
        if prober.relays.count >= Prober.relayLimit { prober.relays.removeFirst() }
        prober.relays.append(Prober.Relay(number: ours, asker: asker, askersNumber: number))
        send([.ping(ours, target: target, from: sender)], to: address)
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
        let since = roster[member.name]?.since ?? now
        let age = max(0, since.duration(to: now).milliseconds / 1_000)
        return .statement(Statement(member, ageInSeconds: UInt64(age), by: me.name))
    }
}
