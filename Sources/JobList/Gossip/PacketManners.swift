// What is not believed of a packet, and not answered to a stranger.

internal import Gossip
internal import Platform
internal import Vocabulary

/// Rules about who may say what, and how much is said to whom.
enum PacketManners {
    /// `frames` without claims that some member is where nobody beyond its own machine finds it.
    ///
    /// Such a claim is believed only of a speaker who is that near itself.
    static func believable(
        _ frames: [Frame],
        from speaker: SocketAddress
    ) -> (frames: [Frame], unreachable: Member?) {
        guard !speaker.isLoopback else { return (frames, nil) }
        var unreachable: Member?
        let rest = frames.filter { frame in
            guard case .statement(let statement) = frame,
                isOutOfReach(statement.member, from: speaker)
            else { return true }
            unreachable = statement.member
            return false
        }
        return (rest, unreachable)
    }

    /// The same for a whole roster.
    static func believable(
        _ sheet: RosterSheet,
        from speaker: SocketAddress
    ) -> (sheet: RosterSheet, unreachable: Member?) {
        guard !speaker.isLoopback else { return (sheet, nil) }
        var sheet = sheet
        let unreachable = sheet.statements.first { isOutOfReach($0.member, from: speaker) }?.member
        if unreachable != nil {
            sheet.statements.removeAll { isOutOfReach($0.member, from: speaker) }
        }
        return (sheet, unreachable)
    }

    private static func isOutOfReach(_ member: Member, from speaker: SocketAddress) -> Bool {
        guard let address = SocketAddress(member.address.text) else { return false }
        return address.isLoopback || (address.isLinkLocal && !speaker.isLinkLocal)
    }

    /// As many of `frames`, the first ones, as make a packet no longer than what was `received`.
    ///
    /// A stranger may have put somebody else's address on its packet: who is no member is never
    /// sent more than came from there. An ack alone goes out all the same, though its numbers and
    /// its name may take some bytes more than the ping's: without it nobody could join.
    static func answer(_ frames: [Frame], toStrangerWho received: Int) -> [Frame] {
        var size = PacketSeal.overhead + 1
        var answer: [Frame] = []
        for frame in frames {
            size += PacketCodec.size(of: frame)
            guard size <= received || (answer.isEmpty && frame.isAck) else { break }
            answer.append(frame)
        }
        return answer
    }
}

/// Lets one complaint of a kind about an address through in a minute, and few at all.
struct ComplaintBook {
    private struct Subject: Hashable {
        let kind: String
        let address: String
    }

    static let period = Duration.seconds(60)
    /// Complaints in one period; strangers must not fill the log.
    static let limit = 16

    private var made: [Subject: MonotonicInstant] = [:]

    mutating func mayComplain(_ kind: String, of address: String, at now: MonotonicInstant) -> Bool
    {
        made = made.filter { $0.value.duration(to: now) < Self.period }
        let subject = Subject(kind: kind, address: address)
        guard made[subject] == nil, made.count < Self.limit else { return false }
        made[subject] = now
        return true
    }
}

extension Frame {
    fileprivate var isAck: Bool {
        switch self {
        case .ack: true
        case .ping, .pingRequest, .nack, .statement, .batch, .have, .signal, .signalAck: false
        }
    }
}
