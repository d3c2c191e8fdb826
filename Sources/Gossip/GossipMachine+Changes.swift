// Changes: pushed on first sight, announced when large, fetched when missing.

internal import Vocabulary

extension GossipMachine {
    private static let gapPatience = Duration.milliseconds(10)

    // Spreading.

    mutating func publish(_ batch: ChangeBatch, at now: MonotonicInstant) {
        guard batch.position.revision > changes.applied.revision else { return }
        move(to: batch.position)
        let size = PacketCodec.size(of: .batch(batch))
        if size <= tuning.payloadLimit {
            push(batch, except: nil, at: now)
        } else {
            announce(at: now)
        }
        applyNext()
    }

    mutating func advance(to position: Position, at now: MonotonicInstant) {
        guard position.revision > changes.applied.revision else { return }
        move(to: position)
        announce(at: now)
        applyNext()
    }

    /// Hands a batch to enough members that, each doing the same once, hardly one is left out.
    private mutating func push(
        _ batch: ChangeBatch,
        except address: PeerAddress?,
        at now: MonotonicInstant
    ) {
        for member in sample(fanOut, of: roster.present.filter { $0.address != address }) {
            send([.batch(batch)], to: member.address)
        }
        startTail(at: now)
    }

    private mutating func announce(at now: MonotonicInstant) {
        for member in sample(fanOut, of: roster.present) {
            send([.have(sender)], to: member.address)
        }
        startTail(at: now)
    }

    /// - SeeAlso: Eugster et al., "Epidemic Information Dissemination", 2004: ln n and a constant
    ///   leave each member out with a probability of e^-constant.
    private var fanOut: Int { RoughLogarithm.naturalCeiling(roster.presentCount + 1) + 3 }

    private mutating func startTail(at now: MonotonicInstant) {
        changes.tailLeft = tuning.tailTicks
        changes.tailDue = changes.tailDue ?? now + tuning.tailInterval
    }

    mutating func announceTailIfDue(at now: MonotonicInstant) {
        guard let due = changes.tailDue, due <= now else { return }
        for member in sample(tuning.tailFanOut, of: roster.present) {
            send([.have(sender)], to: member.address)
        }
        changes.tailLeft -= 1
        changes.tailDue = changes.tailLeft > 0 ? now + tuning.tailInterval : nil
    }

    // Receiving.

    mutating func receive(
        _ batch: ChangeBatch,
        from address: PeerAddress,
        at now: MonotonicInstant
    ) {
        guard changes.isNew(batch.position.revision) else { return }
        push(batch, except: address, at: now)
        let size = PacketCodec.size(of: .batch(batch))
        // What is not held is fetched later.
        if changes.held.count < ChangeRelay.heldCount,
            changes.heldBytes + size <= tuning.heldLimit
        {
            changes.hold(batch, size: size)
        }
        changes.source = address
        applyNext()
        if !changes.isApplying { wantRepair(Self.gapPatience, from: address, at: now) }
    }

    private mutating func applyNext() {
        guard !changes.isApplying, changes.repair != .installing else { return }
        changes.dropApplied()
        let chain = changes.applicable()
        guard !chain.isEmpty else { return }
        changes.isApplying = true
        outbox.append(.apply(chain))
    }

    mutating func applied(_ outcome: ListOutcome, at now: MonotonicInstant) {
        changes.isApplying = false
        switch outcome {
        case .applied(let position): reach(position)
        case .gap(let position): reach(position)
        case .diverged(let position):
            let theirs = changes.applicable().last?.position ?? position
            reach(position)
            changes.held = []
            outbox.append(.note(.historiesDiffer(mine: position, theirs: theirs)))
            return install(at: now)
        case .failed(let position):
            reach(position)
            changes.held = []
            changes.pause = now + tuning.repairRetry
            changes.avoided = changes.source
            changes.repair = .waiting(until: now + tuning.repairRetry, prefer: nil)
            return
        }
        if case .settling(let source, let before) = changes.repair {
            settle(from: source, before: before, at: now)
        }
        applyNext()
        if !changes.isApplying, !changes.held.isEmpty {
            wantRepair(Self.gapPatience, from: changes.source, at: now)
        }
    }

    /// What was fetched is applied: fetch on, stop, or ask somebody else.
    private mutating func settle(
        from source: PeerAddress,
        before: Revision,
        at now: MonotonicInstant
    ) {
        guard changes.applied.revision > before else { return retry(without: source, at: now) }
        changes.avoided = nil
        if isBehind {
            changes.repair = .waiting(until: now, prefer: source)
        } else {
            changes.repair = .idle
            announce(at: now)
        }
    }

    private mutating func reach(_ position: Position) {
        guard position != changes.applied else { return }
        move(to: position)
        outbox.append(.advanced(position))
    }

    private mutating func move(to position: Position) {
        changes.applied = position
        me.position = position
        changes.dropApplied()
    }

    // Repairing.

    private var isBehind: Bool {
        !changes.held.isEmpty
            || roster.records.contains {
                $0.member.isPresent && $0.member.position.revision > changes.applied.revision
            }
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
        let patience = isAnnouncement ? Self.gapPatience : tuning.headPatience
        wantRepair(patience, from: address, at: now)
    }

    /// Plans to fetch what is missing in about `patience`, unless it arrives by itself.
    private mutating func wantRepair(
        _ patience: Duration,
        from address: PeerAddress?,
        at now: MonotonicInstant
    ) {
        if let pause = changes.pause, pause > now { return }
        let until = now + patience + jitter(below: Self.gapPatience)
        switch changes.repair {
        case .idle:
            changes.repair = .waiting(until: until, prefer: address)
        case .waiting(let planned, _):
            guard until < planned, address != changes.avoided else { return }
            changes.repair = .waiting(until: until, prefer: address)
        case .fetching, .installing, .settling: break
        }
    }

    mutating func repairIfDue(at now: MonotonicInstant) {
        guard case .waiting(let until, let preferred) = changes.repair, until <= now else {
            return
        }
        guard isBehind else {
            changes.repair = .idle
            return
        }
        guard !changes.isApplying else {
            changes.repair = .waiting(until: now + Self.gapPatience, prefer: preferred)
            return
        }
        guard let source = helper(preferring: preferred) else {
            changes.repair = .waiting(until: now + tuning.repairRetry, prefer: nil)
            return
        }
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
        case (.probe(let probe), .pong(let answerer)):
            hear(answerer, from: prober.probe?.address ?? me.address, at: now)
            receiveAck(probe, from: answerer, at: nil, now: now)
        case (.pull(let source), .batches(let batches)): take(batches, from: source, at: now)
        case (.pull(let source), .compacted):
            changes.source = source
            install(at: now)
        case (.pull(let source), _), (.install(let source), _): retry(without: source, at: now)
        case (.pushPull, _), (.probe, _): break
        }
    }

    mutating func exchangeFailed(_ number: UInt64, at now: MonotonicInstant) {
        switch purposes.removeValue(forKey: number) {
        case .pull(let source), .install(let source): retry(without: source, at: now)
        case .pushPull, .probe, nil: break
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
        let until = now + tuning.repairRetry + jitter(below: tuning.tailInterval)
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
