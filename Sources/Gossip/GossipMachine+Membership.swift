// Joining, hearing about others and about oneself, finding back, leaving.

internal import Vocabulary

extension GossipMachine {
    private static let contactLimit = 4_096
    private static let contactsPerJoin = 3
    private static let contactsPerRedial = 8
    private static let failedPerRedial = 3
    private static let correctionLimit = 4
    private static let farewellLimit = 64
    private static let farewellQuorum = 3
    private static let lastEpoch: UInt64 = 1 << 61

    mutating func start(at now: MonotonicInstant) {
        calendar.joins = tuning.joinDelays.map { now + $0 }
        calendar.pushPull = now + tuning.pushPullInterval + jitter(below: tuning.pushPullInterval)
        calendar.redial = now + tuning.redialInterval + jitter(below: tuning.probeInterval)
        calendar.reap = now + .seconds(60)
        prober.due = now + jitter(below: tuning.probeInterval)
    }

    /// Takes in addresses where others may be, and asks there at once.
    mutating func meet(_ addresses: [PeerAddress], at now: MonotonicInstant) {
        let known = Set(contacts)
        let others = addresses.filter { $0 != me.address && !known.contains($0) }
        for address in others.prefix(max(0, Self.contactLimit - contacts.count))
        where !contacts.contains(address) {
            contacts.append(address)
        }
        guard contacts.count > known.count, calendar.pushPull != nil, !isLeaving else { return }
        calendar.joins.insert(now, at: 0)
    }

    // Hearing.

    mutating func receive(
        _ frames: [Frame],
        from address: PeerAddress,
        at now: MonotonicInstant
    ) {
        var corrections: [Frame] = []
        for frame in frames {
            switch frame {
            case .ping(let number, let target, let asker):
                guard target == nil || target == me.name, asker.name != me.name else { continue }
                hear(asker, from: address, at: now)
                send([.ack(number, from: answerer)], to: address)
            case .ack(let number, let answerer):
                guard answerer.name != me.name else { continue }
                hear(answerer, from: address, at: now)
                receiveAck(number, from: answerer, at: address, now: now)
                countFarewell(number, at: now)
            case .pingRequest(let number, let target, let place):
                passOn(number, target: target, at: place, for: address)
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

    /// Notes a sign of life and how far its sender's copy of the list is.
    mutating func hear(
        _ sender: Sender,
        from address: PeerAddress,
        at now: MonotonicInstant,
        isAnnouncement: Bool = false
    ) {
        guard sender.name != me.name else { return }
        roster.note(sender)
        let record = roster[sender.name]
        noteHead(
            sender.position,
            at: record?.member.address ?? address,
            now,
            isAnnouncement: isAnnouncement
        )
        // Somebody we do not count as present talks to us: compare what each of us believes.
        if let record {
            guard record.member.state == .failed || record.member.bootEpoch < sender.bootEpoch
            else { return }
        }
        if let greeting = calendar.greeting, greeting > now { return }
        calendar.greeting = now + tuning.probeInterval
        pushPull(with: address, at: now)
    }

    /// Weighs one claim, and returns what its teller should hear instead, if it is outdated.
    mutating func weigh(_ statement: Statement, at now: MonotonicInstant) -> Frame? {
        let name = statement.member.name
        guard name != me.name else { return hearAboutMyself(statement.member, at: now) }
        switch roster.weigh(statement, at: now) {
        case .known: return nil
        case .news(let isAppearance):
            rumours.add(name, by: statement.accuser)
            hasNews = true
            // It may have to hear much; its own calendar may leave us waiting for seconds.
            if isAppearance { prober.queue.insert(name, at: 0) }
            return nil
        case .confirmed:
            rumours.add(name, by: statement.accuser)
            return nil
        case .outdated(let better): return held(better, at: now)
        }
    }

    /// Objects to claims that this peer is gone, or was never restarted.
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
        guard claimed.standing > me.standing else { return nil }
        if isElsewhere, claimed.state == .alive { complain(about: claimed.address, at: now) }
        if claimed.state != .alive {
            prober.burden = min(Prober.mostBurden, prober.burden + 1)
        }
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
        rumours.add(me.name, by: me.name)
        hasNews = true
        return .statement(Statement(me, by: me.name))
    }

    private mutating func complain(about address: PeerAddress, at now: MonotonicInstant) {
        if let complaint = calendar.complaint, complaint > now { return }
        calendar.complaint = now + tuning.redialInterval
        outbox.append(.note(.nameTaken(by: address)))
    }

    mutating func failOverdue(at now: MonotonicInstant) {
        for name in roster.failOverdue(at: now) {
            rumours.add(name, by: me.name)
            hasNews = true
        }
    }

    mutating func setFlags(isDraining: Bool, isStale: Bool) {
        guard (me.isDraining, me.isStale) != (isDraining, isStale) else { return }
        me.isDraining = isDraining
        me.isStale = isStale
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
        let present = roster.present
        guard !present.isEmpty else { return rumours.forgetAll() }
        for member in sample(tuning.gossipFanOut, of: present) { send([], to: member.address) }
    }

    // Comparing rosters.

    mutating func joinIfDue(at now: MonotonicInstant) {
        if let join = calendar.joins.first, join <= now {
            calendar.joins.removeFirst()
            let strangers = contacts.filter { roster.member(at: $0) == nil }
            let members = sample(1, of: roster.present.map(\.address))
            for address in sample(Self.contactsPerJoin, of: strangers) + members {
                pushPull(with: address, at: now)
            }
        }
        guard let due = calendar.pushPull, due <= now, !isLeaving else { return }
        calendar.pushPull = now + tuning.pushPullInterval + jitter(below: tuning.probeInterval)
        let members = roster.present.map(\.address)
        for address in sample(1, of: members.isEmpty ? contacts : members) {
            pushPull(with: address, at: now)
        }
    }

    private mutating func pushPull(with address: PeerAddress, at now: MonotonicInstant) {
        exchange(.pushPull(sheet(at: now)), with: address, for: .pushPull(with: address))
    }

    private func sheet(at now: MonotonicInstant) -> RosterSheet {
        let others = roster.records.compactMap { record -> Statement? in
            guard case .statement(let statement) = held(record.member, at: now) else { return nil }
            return statement
        }
        let mine = Statement(me, by: me.name)
        return RosterSheet(
            sender: sender,
            statements: [mine] + others.prefix(RosterSheet.limit - 1)
        )
    }

    mutating func answer(_ theirs: RosterSheet, request: UInt64, at now: MonotonicInstant) {
        take(theirs, at: now)
        outbox.append(.answer(request, sheet(at: now)))
    }

    mutating func take(
        _ theirs: RosterSheet,
        from address: PeerAddress? = nil,
        at now: MonotonicInstant
    ) {
        for statement in theirs.statements { _ = weigh(statement, at: now) }
        let place = roster[theirs.sender.name]?.member.address ?? address
        if let place { hear(theirs.sender, from: place, at: now) }
    }

    // Finding back.

    /// Knocks, for ever, where a member should be: a partition heals only if somebody asks.
    mutating func redialIfDue(at now: MonotonicInstant) {
        guard let due = calendar.redial, due <= now, !isLeaving else { return }
        calendar.redial = now + tuning.redialInterval + jitter(below: tuning.probeInterval)
        let failed = roster.records.map(\.member).filter { $0.state == .failed }
        let known = Set(roster.records.map(\.member.address))
        let strangers = contacts.filter { !known.contains($0) }
        let mine = Frame.statement(Statement(me, by: me.name))
        for member in sample(Self.failedPerRedial, of: failed) {
            let ping = Frame.ping(nextNumber(), target: nil, from: sender)
            send([held(member, at: now), mine, ping], to: member.address)
        }
        for address in sample(Self.contactsPerRedial, of: strangers) {
            let ping = Frame.ping(nextNumber(), target: nil, from: sender)
            send([mine, ping], to: address)
        }
    }

    mutating func reapIfDue(at now: MonotonicInstant) {
        guard let due = calendar.reap, due <= now else { return }
        calendar.reap = now + .seconds(60)
        if roster.reap(at: now) { hasNews = true }
    }

    // Leaving.

    mutating func leave(at now: MonotonicInstant) {
        guard !isLeaving else { return }
        isLeaving = true
        guard calendar.pushPull != nil else { return outbox.append(.left) }
        me.standing.state = .left
        let present = roster.present
        let farewell = Frame.statement(Statement(me, by: me.name))
        calendar.leave = present.isEmpty ? now : now + tuning.leaveLimit
        orders.farewellsWanted = min(Self.farewellQuorum, present.count)
        for member in sample(Self.farewellLimit, of: present) {
            let number = nextNumber()
            orders.farewells.insert(number)
            send([farewell, .ping(number, target: member.name, from: sender)], to: member.address)
        }
        rumours.add(me.name, by: me.name)
    }

    private mutating func countFarewell(_ number: UInt64, at now: MonotonicInstant) {
        guard orders.farewells.remove(number) != nil else { return }
        orders.farewellsWanted -= 1
        if orders.farewellsWanted <= 0 { calendar.leave = now }
    }

    mutating func finishLeaving(at now: MonotonicInstant) {
        guard let due = calendar.leave, due <= now else { return }
        calendar = Calendar()
        prober.due = nil
        prober.probe = nil
        outbox.append(.left)
    }
}
