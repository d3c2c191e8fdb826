// Who is in the cluster, as one peer believes it.

package import Vocabulary

/// Where a peer listens, `host:port`, the same port for datagrams and streams.
package struct PeerAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.text < rhs.text }
    package var description: String { text }
}

/// What a member is.
package enum MemberRole: UInt8, CaseIterable, Sendable {
    /// Runs jobs.
    case node = 0
    /// Edits the list and serves people.
    case master = 1
}

/// What is believed of a member; at equal epoch and incarnation the later case wins.
package enum MemberState: UInt8, CaseIterable, Comparable, Sendable {
    case alive = 0
    /// Somebody got no answer from it; it has time to object.
    case suspect = 1
    /// It did not object in time.
    case failed = 2
    /// It said goodbye.
    case left = 3

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// How claims about one member are ordered: the greatest is believed.
///
/// - SeeAlso: Das, Gupta and Motivala, "SWIM", 2002, section 4.2; the boot epoch is ours, so that
///   a restarted process beats every accusation of its former life.
package struct Standing: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Greater in every later process of this name.
    package var bootEpoch: UInt64
    /// Raised by the member alone: to object, or because its description changed.
    package var incarnation: UInt32
    package var state: MemberState

    package init(bootEpoch: UInt64, incarnation: UInt32, state: MemberState) {
        self.bootEpoch = bootEpoch
        self.incarnation = incarnation
        self.state = state
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.bootEpoch, lhs.incarnation, lhs.state) < (rhs.bootEpoch, rhs.incarnation, rhs.state)
    }

    /// Whether this speaks of a later description of the member than `other`, not just its state.
    package func isNewerDescription(than other: Self) -> Bool {
        (bootEpoch, incarnation) > (other.bootEpoch, other.incarnation)
    }

    package var description: String { "\(state) \(bootEpoch).\(incarnation)" }
}

/// How busy a member is, by its own word.
package struct MemberLoad: Hashable, Sendable {
    /// Runs under way there.
    package var running: UInt32
    /// How many it would have under way at once; 0 if it does not say.
    package var slots: UInt32

    package init(running: UInt32 = 0, slots: UInt32 = 0) {
        self.running = running
        self.slots = slots
    }
}

/// One peer: what it says of itself, and what is believed of it.
package struct Member: Equatable, Sendable {
    package var name: NodeName
    package var role: MemberRole
    package var address: PeerAddress
    /// Where it serves HTTP, `host:port`; empty if it does not.
    package var httpAddress: String
    /// At most 32, with their keys at most 480 bytes together.
    package var tags: [String: String]
    /// It takes no new runs.
    package var isDraining: Bool
    /// Its copy of the list is too old to decide by.
    package var isStale: Bool
    /// Its wall clock is off by more than the bound, as it found out itself.
    package var isClockOff = false
    package var standing: Standing
    /// How far its copy of the list is, from its last sign of life; not part of claims.
    package var position: Position
    /// The release of its software, for people.
    package var release: String
    /// The newest wire format it reads.
    package var wireVersion: UInt8
    /// The release of its time zone data, such as `2026a`; empty if it does not say.
    package var zoneData: String
    /// From its last sign of life; not part of claims.
    package var load = MemberLoad()
    /// How much it doubted its own health at its last sign of life, from 0 to 8.
    package var burden: UInt8 = 0
    /// How far its wall clock is ahead of ours: the median of our last probes of it.
    ///
    /// Good to about half of ``roundTrip`` and a millisecond; `nil` before the first answer.
    package var clockOffset: Duration?
    /// The time from our last answered probe to its answer.
    package var roundTrip: Duration?

    package init(
        name: NodeName,
        role: MemberRole,
        address: PeerAddress,
        httpAddress: String = "",
        tags: [String: String] = [:],
        isDraining: Bool = false,
        isStale: Bool = false,
        standing: Standing,
        position: Position = .start,
        release: String = "",
        wireVersion: UInt8 = PacketCodec.version,
        zoneData: String = ""
    ) {
        self.name = name
        self.role = role
        self.address = address
        self.httpAddress = httpAddress
        self.tags = tags
        self.isDraining = isDraining
        self.isStale = isStale
        self.standing = standing
        self.position = position
        self.release = release
        self.wireVersion = wireVersion
        self.zoneData = zoneData
    }

    package var state: MemberState { standing.state }
    package var bootEpoch: UInt64 { standing.bootEpoch }
    package var incarnation: UInt32 { standing.incarnation }

    /// Whether it may still be there: alive, or suspect and not yet given up.
    package var isPresent: Bool {
        switch state {
        case .alive, .suspect: true
        case .failed, .left: false
        }
    }
}

extension Sequence<Member> {
    /// Those that can be given work, or asked about it.
    package var aliveNodes: [Member] { filter { $0.state == .alive && $0.role == .node } }
}
