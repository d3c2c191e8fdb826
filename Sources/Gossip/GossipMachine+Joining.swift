// Joining, comparing rosters, finding back, leaving.

internal import Vocabulary

extension GossipMachine {
    private static let contactLimit = 4_096
    private static let contactsPerJoin = 3
    private static let contactsPerRedial = 8
    private static let failedPerRedial = 3
    private static let reapedContacts = 128
    private static let farewellLimit = 64
    private static let farewellQuorum = 3
    private static let farewellRepeat = Duration.milliseconds(250)

    mutating func start(at now: MonotonicInstant) {
        calendar.joins = tuning.joinDelays.map { now + $0 }
        calendar.pushPull = now + tuning.pushPullInterval + jitter(below: tuning.pushPullInterval)
        planRedial(at: now)
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

    mutating func joinIfDue(at now: MonotonicInstant) {
        if let join = calendar.joins.first, join <= now {
            calendar.joins.removeFirst()
            let strangers = contacts.filter { !roster.isPresent(at: $0) }
            for address in sample(Self.contactsPerJoin, of: strangers) {
                pushPull(with: address, at: now)
            }
        }
        guard let due = calendar.pushPull, due <= now, !isLeaving else { return }
        calendar.pushPull = now + tuning.pushPullInterval + jitter(below: tuning.probeInterval)
        guard roster.presentCount == 0 else { return }
        for address in sample(1, of: contacts) { pushPull(with: address, at: now) }
    }

    // Comparing rosters.

    /// What everybody who believes the same has the same.
    package var rosterDigest: UInt64 { roster.digest &+ me.mark }

    /// Compares whole rosters with a member whose digest is another, but not while news may
    /// explain the difference, and not at every packet.
    mutating func compareIfDifferent(
        _ sender: Sender,
        at address: PeerAddress,
        _ now: MonotonicInstant
    ) {
        // 0 says nothing: it comes with what is no sign of life.
        guard sender.vitals.rosterDigest != 0, sender.vitals.rosterDigest != rosterDigest,
            !isLeaving
        else { return }
        if let compared = calendar.compared {
            let hasChanged = calendar.comparedDigest != rosterDigest
            let pause =
                hasChanged && rumours.isEmpty ? tuning.comparePause : tuning.pushPullInterval
            guard compared.duration(to: now) >= pause else { return }
        }
        calendar.compared = now
        calendar.comparedDigest = rosterDigest
        pushPull(with: address, at: now)
    }

    /// Asks where our rosters differ; what either lacks is exchanged after that.
    mutating func pushPull(with address: PeerAddress, at now: MonotonicInstant) {
        let marks = RosterMarks(
            sender: sender,
            statement: Statement(me, by: me.name),
            marks: [me.mark] + roster.marks.prefix(RosterSheet.limit - 1)
        )
        exchange(.compare(marks), with: address, for: .pushPull(with: address))
    }

    mutating func answer(_ theirs: RosterMarks, request: UInt64, at now: MonotonicInstant) {
        let sheet = RosterSheet(sender: theirs.sender, statements: [theirs.statement])
        _ = take(sheet, at: now)
        let known = Set(theirs.marks)
        // Whoever knows nobody yet hears of those that are gone too.
        let isNew = known.count <= 1
        var statements: [Statement] = known.contains(me.mark) ? [] : [Statement(me, by: me.name)]
        var own: Set<UInt64> = [me.mark]
        for record in roster.records {
            own.insert(record.mark)
            let isLacking = record.member.isPresent ? !known.contains(record.mark) : isNew
            guard isLacking, record.member.name != theirs.sender.name,
                statements.count < RosterSheet.limit
            else { continue }
            statements.append(statement(of: record, at: now))
        }
        let wanted = theirs.marks.filter { !own.contains($0) }
        let lacking = RosterSheet(sender: sender, statements: statements)
        outbox.append(.answer(request, .difference(lacking, wanted: wanted)))
    }

    /// Takes what we lacked, and gives what they lack.
    mutating func take(
        _ theirs: RosterSheet,
        wanted: [UInt64],
        from address: PeerAddress,
        at now: MonotonicInstant
    ) {
        var statements = take(theirs, from: address, at: now)
        let wanted = Set(wanted)
        if !wanted.isEmpty {
            if wanted.contains(me.mark) { statements.append(Statement(me, by: me.name)) }
            for record in roster.records where wanted.contains(record.mark) {
                statements.append(statement(of: record, at: now))
            }
        }
        guard !statements.isEmpty else { return }
        let sheet = RosterSheet(
            sender: sender,
            statements: Array(statements.prefix(RosterSheet.limit))
        )
        exchange(.pushPull(sheet), with: address, for: .pushPull(with: address))
    }

    mutating func answer(_ theirs: RosterSheet, request: UInt64, at now: MonotonicInstant) {
        let better = take(theirs, at: now)
        let sheet = RosterSheet(sender: sender, statements: better)
        outbox.append(.answer(request, .sheet(sheet)))
    }

    /// - Returns: What its teller should hear instead, where it is outdated.
    @discardableResult
    mutating func take(
        _ theirs: RosterSheet,
        from address: PeerAddress? = nil,
        at now: MonotonicInstant
    ) -> [Statement] {
        var better: [Statement] = []
        for statement in theirs.statements {
            guard case .statement(let other)? = weigh(statement, at: now, isRumour: false) else {
                continue
            }
            better.append(other)
        }
        guard let place = roster[theirs.sender.name]?.member.address ?? address else {
            return better
        }
        var sender = theirs.sender
        // It has just been compared.
        sender.vitals.rosterDigest = 0
        hear(sender, from: place, at: now)
        return better
    }

    // Finding back.

    /// Knocks, for ever, where a member should be: a partition heals only if somebody asks.
    mutating func redialIfDue(at now: MonotonicInstant) {
        guard let due = calendar.redial, due <= now, !isLeaving else { return }
        let failed = sample(Self.failedPerRedial, of: roster.gone.filter { $0.state == .failed })
        // Those that left are asked too: they may be back where we have not heard of it.
        let strangers = contacts.filter { address in
            !roster.isPresent(at: address) && !failed.contains { $0.address == address }
        }
        let asked = sample(Self.contactsPerRedial, of: strangers)
        planRedial(asking: failed.count + asked.count, at: now)
        let mine = Frame.statement(Statement(me, by: me.name))
        for member in failed {
            let ping = Frame.ping(nextNumber(), target: nil, from: sender)
            send([held(member, at: now), mine, ping], to: member.address)
        }
        for address in asked {
            let ping = Frame.ping(nextNumber(), target: nil, from: sender)
            send([mine, ping], to: address)
        }
    }

    /// Has it done again after the interval or up to half of it less or more: members that started
    /// together must not ask together, or a partition lasts until they do.
    ///
    /// In small clusters, where nobody else does, sooner, as far as few packets come of it.
    private mutating func planRedial(asking count: Int = 1, at now: MonotonicInstant) {
        let share = tuning.probeInterval * (roster.presentCount + 1)
        let interval = min(
            tuning.redialInterval,
            max(tuning.redialPause * max(1, count), share)
        )
        calendar.redial = now + interval / 2 + jitter(below: interval)
    }

    mutating func reapIfDue(at now: MonotonicInstant) {
        guard let due = calendar.reap, due <= now else { return }
        calendar.reap = now + .seconds(60)
        let reaped = roster.reap(at: now)
        guard !reaped.isEmpty else { return }
        hasNews = true
        // Forgotten as members, not as addresses: one of them may be the only way back.
        for member in reaped where member.state == .failed {
            guard !contacts.contains(member.address) else { continue }
            if reapedContacts >= Self.reapedContacts {
                contacts.remove(at: contacts.count - reapedContacts)
                reapedContacts -= 1
            }
            contacts.append(member.address)
            reapedContacts += 1
        }
    }

    // Leaving.

    mutating func leave(at now: MonotonicInstant) {
        guard !isLeaving else { return }
        isLeaving = true
        guard calendar.pushPull != nil else { return outbox.append(.left) }
        me.isDraining = true
        me.standing.state = .left
        // Nothing else is due any more; what stayed due would have us woken all the time.
        calendar.joins = []
        calendar.pushPull = now + tuning.leaveLimit * 2
        calendar.redial = nil
        calendar.reap = nil
        prober.due = nil
        // Whoever is still at our door may have let us in already.
        let guests = door.guests.map(\.statement.member.address)
        door = Door()
        let isAlone = roster.presentCount == 0 && guests.isEmpty
        calendar.leave = isAlone ? now : now + tuning.leaveLimit
        orders.farewellsWanted = min(Self.farewellQuorum, roster.presentCount + guests.count)
        sayGoodbye(to: guests)
        sayGoodbye(at: now)
        rumours.add(me.name, by: me.name, isUrgent: true)
    }

    private mutating func sayGoodbye(at now: MonotonicInstant) {
        calendar.farewell = now + Self.farewellRepeat
        sayGoodbye(to: somePeers(Self.farewellLimit).filter { !orders.hasAnswered($0) })
    }

    private mutating func sayGoodbye(to addresses: [PeerAddress]) {
        let farewell = Frame.statement(Statement(me, by: me.name))
        for address in addresses {
            let number = nextNumber()
            orders.farewells[number] = address
            send([farewell, .ping(number, target: nil, from: sender)], to: address)
        }
    }

    mutating func countFarewell(_ number: UInt64, at now: MonotonicInstant) {
        guard let address = orders.farewells.removeValue(forKey: number),
            !orders.hasAnswered(address)
        else { return }
        orders.answered.append(address)
        if orders.answered.count >= orders.farewellsWanted { calendar.leave = now }
    }

    mutating func finishLeaving(at now: MonotonicInstant) {
        if let farewell = calendar.farewell, farewell <= now { sayGoodbye(at: now) }
        guard let due = calendar.leave, due <= now else { return }
        calendar = Calendar()
        prober.due = nil
        prober.probe = nil
        prober.relays = []
        door = Door()
        outbox.append(.left)
    }
}
