// How changes go out: pushed at once while there are few, together when there are more, and
// announced, to be fetched, when there are many.

internal import Vocabulary

extension GossipMachine {
    mutating func publish(_ batch: ChangeBatch, at now: MonotonicInstant) {
        // The list may have told us of it already, as of something that came another way.
        guard batch.position.revision > changes.pushedThrough else { return }
        if batch.position.revision > changes.applied.revision { move(to: batch.position) }
        let size = PacketCodec.size(of: .batch(batch))
        push(batch, size: size, from: nil, at: now)
        applyNext()
    }

    mutating func advance(to position: Position, at now: MonotonicInstant) {
        guard position.revision > changes.applied.revision else { return }
        // What is being applied was pushed on when it came.
        let isNews = changes.applyingThrough.map { position.revision > $0 } ?? true
        move(to: position)
        // Whoever brought it may be about to publish it.
        if isNews { oweAnnouncement(by: now + tuning.announceDelay) }
        applyNext()
    }

    /// Has `batch` handed to enough members that, each doing the same once, hardly one is left out.
    mutating func push(
        _ batch: ChangeBatch,
        size: Int,
        from source: PeerAddress?,
        at now: MonotonicInstant
    ) {
        // The announcement that is owed covers this one too.
        guard !changes.mustAnnounce else { return }
        guard size <= tuning.payloadLimit, changes.outgoingBytes + size <= tuning.pushLimit else {
            // Whoever lacks it fetches it, and with it all that came before.
            changes.turnToAnnouncing(tuning)
            return oweAnnouncement(by: changes.nextTurn(after: now))
        }
        changes.push(.init(frame: .batch(batch), size: size, source: source), at: now)
        changes.pushedThrough = max(changes.pushedThrough, batch.position.revision)
    }

    mutating func pushIfDue(at now: MonotonicInstant) {
        guard let due = changes.pushDue, due <= now else { return }
        let source = changes.outgoing.first?.source
        let isOneSource = changes.outgoing.allSatisfy { $0.source == source }
        let targets = pushTargets(but: isOneSource ? source : nil)
        for frames in changes.takeOutgoing(room: tuning.packetLimit - 1, tuning, at: now) {
            send(frames, to: targets)
        }
        startTail(at: now)
    }

    /// Some by chance, who spread it fast, and whoever comes next by name, who misses it only if
    /// we do: in a ring of all members everybody comes next after somebody.
    ///
    /// Three by chance alone would leave out one in twenty; the ring makes up for them.
    private mutating func pushTargets(but source: PeerAddress?) -> [PeerAddress] {
        let next = roster.successor(of: me.name)?.address
        let count = max(3, RoughLogarithm.naturalCeiling(roster.presentCount + 1) - 1)
        var targets = somePeers(count) { $0.address != source && $0.address != next }
        if let next, next != source { targets.append(next) }
        return targets
    }

    // Announcing.

    /// Has the head announced at `due`.
    mutating func oweAnnouncement(by due: MonotonicInstant) {
        changes.announceDue = min(changes.announceDue ?? due, due)
    }

    mutating func announceIfDue(at now: MonotonicInstant) {
        guard let due = changes.announceDue, due <= now else { return }
        // Nobody need fetch what is being pushed.
        let isNews = changes.mustAnnounce || changes.pushedThrough < changes.applied.revision
        let isMore = changes.applied.revision > changes.announcedThrough
        if isNews, isMore { announce(at: now) }
        changes.turnedAt = now
        // What is dropped from the pushes and not applied yet is announced once it is.
        changes.mustAnnounce = changes.mustAnnounce && changes.isApplying
        changes.announceDue = changes.mustAnnounce ? now + changes.window : nil
    }

    mutating func announce(at now: MonotonicInstant) {
        let targets = somePeers(fanOut)
        send([.have(sender)], to: targets)
        changes.announcedThrough = changes.applied.revision
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
        let targets = somePeers(tuning.tailFanOut)
        send([.have(sender)], to: targets)
        changes.tailLeft -= 1
        changes.tailDue = changes.tailLeft > 0 ? now + tuning.tailInterval : nil
    }
}
