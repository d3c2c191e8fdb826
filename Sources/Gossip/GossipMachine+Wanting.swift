// Asking for missing changes by datagram: no connection to make, no other thread to wake.

package import Vocabulary

extension GossipMachine {
    /// So many changes are looked for to answer one question by datagrams.
    package static let giftCount = 96
    /// And so many packets they may take.
    private static let giftPackets = 24
    /// How long an answer may take; then the same is asked on a stream.
    private static let giftPatience = Duration.milliseconds(250)
    /// So many members in a row may have nothing for us before a stream shows why.
    private static let barrenLimit = 3

    // Answering.

    /// Notes who wants what; all who want the same in one event are sent the same packets.
    mutating func receiveWant(after revision: Revision, from address: PeerAddress) {
        // One short question makes a long answer: only who is known at the address gets it.
        guard roster.isPresent(at: address) else { return }
        if let place = changes.wants.firstIndex(where: { $0.revision == revision }) {
            guard !changes.wants[place].addresses.contains(address) else { return }
            changes.wants[place].addresses.append(address)
        } else {
            changes.wants.append(.init(revision: revision, addresses: [address]))
        }
    }

    mutating func answerWants() {
        guard !changes.wants.isEmpty else { return }
        for want in changes.wants {
            outbox.append(.supply(after: want.revision, to: want.addresses))
        }
        changes.wants = []
    }

    /// The packets that give away `batches`; the last one says that there are no more.
    ///
    /// What is too long for a packet ends the gift: it has to be fetched on a stream.
    package func gift(of batches: [ChangeBatch]) -> [[Frame]] {
        let end = Frame.gaveAll(sender)
        let room = tuning.packetLimit - 1
        var packets: [[Frame]] = []
        var left = 0
        for batch in batches {
            let frame = Frame.given(batch)
            let size = PacketCodec.size(of: frame)
            guard size <= room else { break }
            if size > left {
                guard packets.count < Self.giftPackets else { break }
                packets.append([])
                left = room
            }
            packets[packets.count - 1].append(frame)
            left -= size
        }
        if packets.isEmpty || PacketCodec.size(of: end) > left { packets.append([]) }
        packets[packets.count - 1].append(end)
        return packets
    }

    // Asking.

    /// Whether it makes sense to ask by datagram: a copy that has nothing yet wants everything.
    func canWant(from source: PeerAddress) -> Bool {
        changes.barren < Self.barrenLimit && changes.mute != source
            && changes.applied.revision > .zero && roster.isPresent(at: source)
    }

    mutating func want(from source: PeerAddress, at now: MonotonicInstant) {
        let have = changes.applied.revision
        changes.repair = .wanting(from: source, before: have, until: now + Self.giftPatience)
        send([.want(after: have)], to: source)
    }

    mutating func receive(
        given batch: ChangeBatch,
        from address: PeerAddress,
        at now: MonotonicInstant
    ) {
        guard changes.isNew(batch.position.revision), !changes.isPoisoned else { return }
        let size = PacketCodec.size(of: .given(batch))
        guard changes.held.count < ChangeRelay.heldCount,
            changes.heldBytes + size <= tuning.heldLimit
        else { return }
        changes.hold(batch, size: size)
        changes.source = address
        guard case .wanting(address, let before, _) = changes.repair else {
            changes.hasFresh = true
            return
        }
        // The rest comes soon; all of it is applied together.
        changes.repair = .wanting(from: address, before: before, until: now + Self.giftPatience)
    }

    /// Nothing more comes of what was asked: apply it, and go on with whoever has more.
    mutating func receiveEnd(from address: PeerAddress, at now: MonotonicInstant) {
        guard case .wanting(address, let before, _) = changes.repair else { return }
        changes.mute = nil
        changes.repair = .settling(from: address, before: before)
        applyNext()
        guard !changes.isApplying else { return }
        settle(from: address, before: before, at: now)
    }

    /// No end has come: perhaps the source is of a release that knows no such question.
    mutating func giveUpWanting(from source: PeerAddress) {
        changes.mute = source
        applyNext()
        fetch(from: source)
    }
}
