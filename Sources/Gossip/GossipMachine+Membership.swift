// Hearing about others and about oneself.

internal import Vocabulary

extension GossipMachine {
    private static let correctionLimit = 4
    private static let lastEpoch: UInt64 = 1 << 61

    mutating func receive(
        _ frames: [Frame],
        from address: PeerAddress,
        at now: MonotonicInstant
    ) {
        prober.heard = now
        var corrections: [Frame] = []
        for frame in frames {
            switch frame {
            case .ping(let number, let target, let asker):
                guard isOther(asker, at: address, now) else { continue }
                guard target == nil || target == me.name else { continue }
                hear(asker, from: address, at: now)
                send([.ack(number, from: answerer)], to: address)
            case .ack(let number, let answerer):
                guard isOther(answerer, at: address, now) else { continue }
                hear(answerer, from: address, at: now)
                receiveAck(number, from: answerer, at: address, now: now)
                guestAnswered(number, answerer, onStream: false, at: now)
                countFarewell(number, at: now)
            case .pingRequest(let number, let target, let place):
                passOn(number, target: target, at: place, for: address, now: now)
            case .nack(let number): prober.receiveNack(number)
            case .statement(let statement):
                guard let better = weigh(statement, at: now) else { continue }
                if corrections.count < Self.correctionLimit { corrections.append(better) }
            case .batch(let batch): receive(batch, from: address, at: now)
            case .have(let haver): hear(haver, from: address, at: now, isAnnouncement: true)
            case .signal(let number, let signal, let teller):
                receive(signal, number: number, by: teller, from: address)
            case .signalAck(let number): orders.close(number)
            }
        }
        if !corrections.isEmpty { send(corrections, to: address) }
    }

    /// Whether this is not ourselves; another process of our name is worth a complaint.
    private mutating func isOther(
        _ sender: Sender,
        at address: PeerAddress,
        _ now: MonotonicInstant
    ) -> Bool {
        guard sender.name == me.name else { return true }
        if address != me.address, sender.bootEpoch != me.bootEpoch {
            complain(about: address, at: now)
        }
        return false
    }

    /// Notes a sign of life and how far its sender's copy of the list is.
    mutating func hear(
        _ sender: Sender,
        from address: PeerAddress,
        at now: MonotonicInstant,
        isAnnouncement: Bool = false
    ) {
        guard sender.name != me.name else { return }
        prober.noteLife(of: sender.name)
        roster.note(sender)
        let record = roster[sender.name]
        noteHead(
            sender.position,
            at: record?.member.address ?? address,
            now,
            isAnnouncement: isAnnouncement
        )
        // Somebody we do not count as present talks to us: compare what each of us believes.
        if let record, record.member.state != .failed,
            record.member.bootEpoch >= sender.bootEpoch
        {
            return compareIfDifferent(sender, at: record.member.address, now)
        }
        if let greeting = calendar.greeting, greeting > now { return }
        calendar.greeting = now + tuning.probeInterval
        pushPull(with: address, at: now)
    }

    /// Weighs one claim, and returns what its teller should hear instead, if it is outdated.
    ///
    /// That somebody is there is not told on if it comes from comparing rosters: whoever else
    /// lacks it compares too, and a cluster that starts at once would tell everything to all.
    mutating func weigh(
        _ statement: Statement,
        at now: MonotonicInstant,
        isRumour: Bool = true
    ) -> Frame? {
        let name = statement.member.name
        guard name != me.name else { return hearAboutMyself(statement.member, at: now) }
        if isUnproved(statement) {
            knock(statement, at: now)
            return nil
        }
        guard mayDoubt(statement, at: now) else { return nil }
        let isAlive = statement.member.state == .alive
        switch roster.weigh(statement, at: now) {
        case .known: return nil
        case .news(let isAppearance):
            // Who passes on that somebody lives vouches for it.
            let accuser = isAlive ? me.name : statement.accuser
            if isRumour || !isAppearance {
                rumours.add(name, by: accuser, isUrgent: !isAppearance)
            }
            hasNews = true
            // It may have to hear much; its own calendar may leave us waiting for seconds.
            if isAppearance { queueForProbe(name) }
            if statement.member.state == .suspect { confirmSoon(name) }
            return nil
        case .confirmed:
            rumours.add(name, by: statement.accuser, isUrgent: true)
            return nil
        case .outdated(let better): return held(better, at: now)
        }
    }

    /// Objects to claims that this peer is gone, or was never restarted.
    ///
    /// A living process of our name elsewhere is not fought: the later boot epoch has the name,
    /// or the one that a member met first, until that one is gone. Both are told to people.
    private mutating func hearAboutMyself(
        _ claimed: Member,
        at now: MonotonicInstant
    ) -> Frame? {
        let isElsewhere = claimed.address != me.address
        if claimed.bootEpoch > me.bootEpoch {
            // An epoch near the end of what can be written is no clock's.
            guard !isElsewhere || !claimed.isPresent, claimed.bootEpoch < Self.lastEpoch else {
                complain(about: claimed.address, at: now)
                return nil
            }
            // A former process of ours had a clock further on, and its last epoch was not kept.
            me.standing.bootEpoch = claimed.bootEpoch + 1
            me.standing.incarnation = 0
            outbox.append(.adoptBootEpoch(me.bootEpoch))
            return object()
        }
        if claimed.bootEpoch < me.bootEpoch {
            return .statement(Statement(me, by: me.name))
        }
        if isElsewhere, claimed.state == .alive {
            complain(about: claimed.address, at: now)
            return nil
        }
        guard claimed.standing > me.standing else { return nil }
        if claimed.state != .alive, !isElsewhere { prober.doubtMyself(by: 1, at: now) }
        raiseIncarnation(above: claimed.incarnation)
        return object()
    }

    /// Speaks later than `incarnation`, in a new epoch if there is no later one in this.
    private mutating func raiseIncarnation(above incarnation: UInt32) {
        guard incarnation == .max else {
            me.standing.incarnation = incarnation + 1
            return
        }
        me.standing.bootEpoch += 1
        me.standing.incarnation = 0
        outbox.append(.adoptBootEpoch(me.bootEpoch))
    }

    private mutating func object() -> Frame {
        rumours.add(me.name, by: me.name, isUrgent: true)
        hasNews = true
        return .statement(Statement(me, by: me.name))
    }

    private mutating func complain(about address: PeerAddress, at now: MonotonicInstant) {
        if let complaint = calendar.complaint, complaint > now { return }
        calendar.complaint = now + tuning.redialInterval
        outbox.append(.note(.nameTaken(by: address)))
    }

    mutating func failOverdue(at now: MonotonicInstant) {
        guard roster.suspectCount > 0 else { return }
        for name in roster.failOverdue(at: now) {
            rumours.add(name, by: me.name, isUrgent: true)
            hasNews = true
        }
    }

    mutating func setFlags(isDraining: Bool, isStale: Bool, isClockOff: Bool) {
        let old = (me.isDraining, me.isStale, me.isClockOff)
        guard old != (isDraining, isStale, isClockOff) else { return }
        me.isDraining = isDraining
        me.isStale = isStale
        me.isClockOff = isClockOff
        raiseIncarnation(above: me.incarnation)
        _ = object()
    }

    mutating func setZoneData(_ release: String) {
        guard me.zoneData != release else { return }
        me.zoneData = release
        raiseIncarnation(above: me.incarnation)
        _ = object()
    }

    mutating func gossipIfDue(at now: MonotonicInstant) {
        guard !rumours.isEmpty else { return }
        if let due = calendar.gossip, due > now { return }
        calendar.gossip = now + tuning.gossipInterval
        guard roster.presentCount > 0 else { return rumours.forgetAll() }
        for address in somePeers(tuning.gossipFanOut) { send([], to: address) }
    }
}
