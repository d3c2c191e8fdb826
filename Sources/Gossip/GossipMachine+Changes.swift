// Changes: pushed on first sight, announced when large, fetched when missing.

package import Vocabulary

extension GossipMachine {
    private static let shortPause = Duration.milliseconds(10)
    /// After so many sources in a row that had nothing there is a longer pause.
    private static let turnLimit = 4

    /// How long a gap may stand: what fills it may wait for its push with somebody else.
    private var gapPatience: Duration { Self.shortPause + changes.window }

    // Receiving.

    mutating func receive(
        _ batch: ChangeBatch,
        from address: PeerAddress,
        at now: MonotonicInstant
    ) {
        guard changes.isNew(batch.position.revision), !changes.isPoisoned else { return }
        let size = PacketCodec.size(of: .batch(batch))
        push(batch, size: size, from: address, at: now)
        // What is not held is fetched later.
        if changes.held.count < ChangeRelay.heldCount,
            changes.heldBytes + size <= tuning.heldLimit
        {
            changes.hold(batch, size: size)
        }
        changes.source = address
        changes.hasFresh = true
    }

    /// All that came together is applied together.
    mutating func applyFresh(at now: MonotonicInstant) {
        guard changes.hasFresh else { return }
        changes.hasFresh = false
        applyNext()
        if !changes.isApplying { wantRepair(gapPatience, from: changes.source, at: now) }
    }

    mutating func applyNext() {
        guard !changes.isApplying, changes.repair != .installing else { return }
        changes.dropApplied()
        let chain = changes.applicable()
        guard !chain.isEmpty else { return }
        changes.applyingThrough = chain.last?.position.revision
        outbox.append(.apply(chain))
    }

    mutating func applied(_ outcome: ListOutcome, at now: MonotonicInstant) {
        changes.applyingThrough = nil
        switch outcome {
        case .applied(let position): reach(position)
        case .gap(let position): reach(position)
        case .diverged(let position):
            let theirs = changes.applicable().last?.position ?? position
            reach(position)
            changes.dropHeld()
            outbox.append(.note(.historiesDiffer(mine: position, theirs: theirs)))
            return install(at: now)
        case .refused(let position, let revision):
            reach(position)
            setAside(revision, at: now)
            return
        case .failed(let position):
            reach(position)
            changes.dropHeld()
            changes.failures += 1
            let pause = backoff(after: changes.failures)
            changes.pause = now + pause
            changes.avoided = changes.source
            changes.repair = .waiting(until: now + pause, prefer: nil)
            return
        }
        changes.failures = 0
        if case .settling(let source, let before) = changes.repair {
            settle(from: source, before: before, at: now)
        }
        applyNext()
        if !changes.isApplying, !changes.held.isEmpty {
            wantRepair(gapPatience, from: changes.source, at: now)
        }
    }

    /// What was fetched is applied: fetch on, stop, or ask somebody else.
    mutating func settle(
        from source: PeerAddress,
        before: Revision,
        at now: MonotonicInstant
    ) {
        guard changes.applied.revision > before else { return turn(from: source, at: now) }
        changes.avoided = nil
        changes.barren = 0
        applyNext()
        if changes.isApplying {
            changes.repair = .settling(from: source, before: changes.applied.revision)
        } else if isBehind {
            changes.repair = .waiting(until: now, prefer: isAhead(source) ? source : nil)
        } else {
            changes.repair = .idle
            announce(at: now)
        }
    }

    /// The source had nothing that follows: somebody who is ahead may have.
    private mutating func turn(from source: PeerAddress, at now: MonotonicInstant) {
        guard isBehind else {
            changes.repair = .idle
            return
        }
        changes.barren += 1
        guard changes.barren <= Self.turnLimit else { return retry(without: source, at: now) }
        changes.avoided = source
        let until = now + jitter(below: Self.shortPause)
        changes.repair = .waiting(until: until, prefer: nil)
    }

    private mutating func reach(_ position: Position) {
        // A report may be overtaken by a batch that the list here got first.
        guard position.revision > changes.applied.revision else { return }
        move(to: position)
        outbox.append(.advanced(position))
    }

    mutating func move(to position: Position) {
        changes.applied = position
        me.position = position
        changes.dropApplied()
        // Any step is progress: members have another while before the store is asked.
        changes.storeAsked = 0
        changes.barren = 0
        if !changes.isPoisoned { changes.storeDue = nil }
    }

    // What only the store can settle.

    /// Takes the batch of `revision` from no member any more; its successors have to wait for it.
    private mutating func setAside(_ revision: Revision, at now: MonotonicInstant) {
        changes.poison(revision)
        changes.dropHeld(from: revision)
        changes.repair = .idle
        outbox.append(.note(.quarantined(revision)))
        let soon = now + jitter(below: tuning.storeJitter)
        changes.storeDue = min(changes.storeDue ?? soon, soon)
    }

    /// Plans to ask the store in `patience` and some, unless that is planned already.
    ///
    /// The jitter keeps a cluster that is behind as one from asking the store as one.
    private mutating func wantStore(after patience: Duration, at now: MonotonicInstant) {
        guard changes.storeDue == nil else { return }
        changes.storeDue = now + patience + jitter(below: tuning.storeJitter)
    }

    mutating func askStoreIfDue(at now: MonotonicInstant) {
        guard let due = changes.storeDue, due <= now else { return }
        changes.storeDue = nil
        guard isBehind || changes.isPoisoned else { return }
        changes.storeAsked += 1
        wantStore(after: backoff(after: changes.storeAsked + 1), at: now)
        // A list on its way from a member is progress, and the store would send the same.
        guard changes.repair != .installing else { return }
        outbox.append(.askStore)
    }

    /// 1 s, 2 s, 4 s and so on, at most a minute.
    private func backoff(after failures: Int) -> Duration {
        min(.seconds(60), tuning.repairRetry * (1 << max(0, min(10, failures - 1))))
    }

    /// How far those members are that are there, or have been within `span`.
    package func positionsSeen(
        within span: Duration,
        at now: MonotonicInstant
    ) -> [Position] {
        roster.records.filter { record in
            record.member.isPresent
                || record.member.state == .failed && record.since.duration(to: now) <= span
        }.map(\.member.position)
    }

    // Repairing.

    private var isBehind: Bool {
        !changes.held.isEmpty
            || roster.records.contains {
                $0.member.isPresent && $0.member.position.revision > changes.applied.revision
            }
    }

    private func isAhead(_ source: PeerAddress) -> Bool {
        roster.member(at: source).map { $0.position.revision > changes.applied.revision } ?? true
    }

    mutating func noteHead(
        _ head: Position,
        at address: PeerAddress,
        _ now: MonotonicInstant,
        isAnnouncement: Bool
    ) {
        if head.revision == changes.applied.revision, head != changes.applied {
            guard changes.complaint != head else { return }
            changes.complaint = head
            outbox.append(.note(.historiesDiffer(mine: changes.applied, theirs: head)))
        }
        guard head.revision > changes.applied.revision else { return }
        let patience = isAnnouncement ? gapPatience : tuning.headPatience
        wantRepair(patience, from: address, at: now)
    }

    /// Plans to fetch what is missing in about `patience`, unless it arrives by itself.
    private mutating func wantRepair(
        _ patience: Duration,
        from address: PeerAddress?,
        at now: MonotonicInstant
    ) {
        if let pause = changes.pause, pause > now { return }
        wantStore(after: tuning.storePatience, at: now)
        guard !changes.isPoisoned else { return }
        let until = now + patience + jitter(below: Self.shortPause)
        switch changes.repair {
        case .idle:
            changes.repair = .waiting(until: until, prefer: address)
        case .waiting(let planned, _):
            guard until < planned, address != changes.avoided else { return }
            changes.repair = .waiting(until: until, prefer: address)
        case .wanting, .fetching, .installing, .settling: break
        }
    }

    mutating func repairIfDue(at now: MonotonicInstant) {
        if case .wanting(let source, _, let until) = changes.repair, until <= now {
            return giveUpWanting(from: source)
        }
        guard case .waiting(let until, let preferred) = changes.repair, until <= now else {
            return
        }
        guard isBehind, !changes.isPoisoned else {
            changes.repair = .idle
            return
        }
        guard !changes.isApplying else {
            changes.repair = .waiting(until: now + Self.shortPause, prefer: preferred)
            return
        }
        guard let source = helper(preferring: preferred) else {
            changes.repair = .waiting(until: now + tuning.repairRetry, prefer: nil)
            return
        }
        if canWant(from: source) { want(from: source, at: now) } else { fetch(from: source) }
    }

    mutating func fetch(from source: PeerAddress) {
        changes.repair = .fetching
        exchange(
            .pull(after: changes.applied.revision),
            with: source,
            for: .pull(from: source)
        )
    }

    /// Somebody who should have what is missing.
    private mutating func helper(preferring preferred: PeerAddress?) -> PeerAddress? {
        if let preferred, preferred != changes.avoided { return preferred }
        let present = roster.present
        let ahead = present.filter { $0.position.revision > changes.applied.revision }
        let able = (ahead.isEmpty ? present : ahead).map(\.address)
        let others = able.filter { $0 != changes.avoided }
        return sample(1, of: others.isEmpty ? able : others).first
    }

    mutating func receive(_ reply: StreamReply, to number: UInt64, at now: MonotonicInstant) {
        guard let purpose = purposes.removeValue(forKey: number) else { return }
        switch (purpose, reply) {
        case (.pushPull(let address), .sheet(let theirs)): take(theirs, from: address, at: now)
        case (.pushPull(let address), .difference(let theirs, let wanted)):
            take(theirs, wanted: wanted, from: address, at: now)
        case (.probe(let probe), .pong(let answerer)):
            hear(answerer, from: prober.probe?.address ?? me.address, at: now)
            receiveAck(probe, from: answerer, at: nil, now: now)
        case (.knock(let guest), .pong(let answerer)):
            guestAnswered(guest, answerer, onStream: true, at: now)
        case (.pull(let source), .batches(let batches)): take(batches, from: source, at: now)
        case (.pull(let source), .compacted):
            changes.source = source
            install(at: now)
        case (.pull, .tooLarge(let revision)):
            // Nobody could send it; whoever has applied it had it from the store.
            setAside(revision, at: now)
        case (.pull(let source), _), (.install(let source), _): retry(without: source, at: now)
        case (.pushPull, _), (.probe, _), (.knock, _): break
        }
    }

    mutating func exchangeFailed(_ number: UInt64, at now: MonotonicInstant) {
        switch purposes.removeValue(forKey: number) {
        case .pull(let source), .install(let source): retry(without: source, at: now)
        case .pushPull, .probe, .knock, nil: break
        }
    }

    private mutating func take(
        _ batches: [ChangeBatch],
        from source: PeerAddress,
        at now: MonotonicInstant
    ) {
        guard case .fetching = changes.repair else { return }
        changes.source = source
        for batch in batches where changes.isNew(batch.position.revision) {
            changes.hold(batch, size: StreamCodec.size(of: batch))
        }
        changes.repair = .settling(from: source, before: changes.applied.revision)
        applyNext()
        guard !changes.isApplying else { return }
        // Nothing of it follows, or a push brought it meanwhile.
        if isBehind { retry(without: source, at: now) } else { changes.repair = .idle }
    }

    private mutating func retry(without source: PeerAddress, at now: MonotonicInstant) {
        changes.avoided = source
        let until = now + tuning.repairRetry + jitter(below: tuning.repairJitter)
        changes.repair = .waiting(until: until, prefer: nil)
        applyNext()
    }

    /// Replaces the copy by that of whoever has another history, or one too far ahead.
    private mutating func install(at now: MonotonicInstant) {
        guard let source = changes.source ?? helper(preferring: nil) else {
            changes.repair = .idle
            return
        }
        let number = nextNumber()
        purposes[number] = .install(from: source)
        changes.repair = .installing
        outbox.append(.install(number, from: source, above: changes.applied.revision))
    }

    mutating func installed(_ number: UInt64, _ position: Position, at now: MonotonicInstant) {
        guard case .install(let source)? = purposes.removeValue(forKey: number) else { return }
        let before = changes.applied.revision
        reach(position)
        changes.repair = .settling(from: source, before: before)
        settle(from: source, before: before, at: now)
        applyNext()
    }
}
