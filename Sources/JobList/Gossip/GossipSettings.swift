// What a peer's gossip is told at start, checked as a whole.

package import Gossip
internal import Platform
package import Sealing
package import Vocabulary

/// How one peer takes part in gossip.
package struct GossipSettings: Sendable {
    package var name: NodeName
    package var role: MemberRole
    /// Where to listen, for datagrams and streams, as `127.0.0.1:7946`; port 0 takes a free one.
    package var bindAddress = "127.0.0.1:7946"
    /// Where others find this peer, in numbers, if not at `bindAddress`; port 0 is the bound one.
    package var advertise: String?
    /// Where this peer serves HTTP, `host:port`; empty if it does not.
    package var httpAddress = ""
    /// `host:port` of some others, in numbers or names; one that lives is enough.
    package var seeds: [String] = []
    /// Shared by the cluster; required beyond loopback.
    package var key: SecretKey?
    /// Instead of `key` and `clusterID`: a ring that may change while gossip runs.
    package var keys: GossipKeys?
    /// Peers of different clusters cannot read each other, whatever their keys.
    package var clusterID: String
    package var tags: [String: String] = [:]
    /// The release of this software, for people.
    package var release = ""
    /// The release of its time zone data, such as `2026a`.
    package var zoneData = ""
    /// Keeps this peer's restarts in order.
    package var bootEpochFile: String
    /// Keeps the addresses of the last members, as seeds of the next start.
    package var membersFile: String
    package var tuning = GossipTuning()
    /// When the copy of the list is read through and compared.
    package var upkeep = UpkeepTuning()

    package init(
        name: NodeName,
        role: MemberRole,
        clusterID: String,
        bootEpochFile: String,
        membersFile: String
    ) {
        self.name = name
        self.role = role
        self.clusterID = clusterID
        self.bootEpochFile = bootEpochFile
        self.membersFile = membersFile
    }

    /// Everything that is wrong, as sentences; empty if gossip can start.
    package var faults: [String] {
        var faults: [String] = []
        if name.text.isEmpty || name.text.utf8.count > 127 {
            faults.append("name: '\(name)' is not of 1 to 127 bytes")
        }
        if clusterID.isEmpty { faults.append("cluster: it has no name. Write one") }
        let tagBytes = tags.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
        if tags.count > 32 || tagBytes > 480 {
            faults.append("tags: \(tags.count) of \(tagBytes) bytes; at most 32 of 480 bytes")
        }
        guard let bind = SocketAddress(bindAddress) else {
            return faults + [
                "gossip address: '\(bindAddress)' is no address in numbers. "
                    + "Write one such as 127.0.0.1:7946"
            ]
        }
        if key == nil, keys?.isSecret != true, !bind.isLoopback {
            faults.append(
                "gossip key: there is none, and \(bindAddress) can be reached from other machines. "
                    + "Give the cluster's key, or listen at 127.0.0.1"
            )
        }
        if let advertise {
            faults += Self.faults(ofAdvertised: advertise, bound: bind)
        } else if bind.isWildcard {
            faults.append(
                "advertised address: others cannot dial \(bindAddress). Say where they find us"
            )
        }
        for seed in seeds where SocketAddress.split(seed) == nil {
            faults.append("seed: '\(seed)' is not host:port")
        }
        let isHidden = (advertise.flatMap { SocketAddress($0) } ?? bind).isLoopback
        let far = seeds.first { SocketAddress($0)?.isLoopback == false }
        if isHidden, let far {
            faults.append(
                "gossip address: only this machine can reach \(advertise ?? bindAddress), and "
                    + "\(far) is elsewhere. Listen at an address that it can dial"
            )
        }
        return faults
    }

    private static func faults(
        ofAdvertised text: String,
        bound bind: SocketAddress
    ) -> [String] {
        guard let address = SocketAddress(text), !address.isWildcard else {
            return ["advertised address: '\(text)' is none that others could dial"]
        }
        guard address.isLoopback || address.isLinkLocal, !bind.isLoopback, !bind.isLinkLocal else {
            return []
        }
        return [
            "advertised address: '\(text)' means another machine to everybody else. "
                + "Write one that they can dial"
        ]
    }
}

/// Why gossip could not start.
package enum GossipError: Error, Equatable, Sendable {
    case settings([String])
    case system(String)
}

extension GossipError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .settings(let faults): faults.joined(separator: "\n")
        case .system(let text): text
        }
    }
}

/// What gossip tells its shell, on gossip's own thread: be quick.
package enum GossipNews: Equatable, Sendable {
    /// Everybody known, this peer included, by name.
    case members([Member])
    case signal(Signal, from: NodeName)
}

/// What gossip's sockets have seen since start.
package struct GossipCounters: Equatable, Sendable {
    package var packetsSent = 0
    package var packetsReceived = 0
    package var bytesSent = 0
    package var bytesReceived = 0
    /// Packets and streams under another key or of another cluster, or damaged.
    package var refused = 0
    /// Of these, those under a key that one of both has not got.
    package var unknownKeys = 0
    /// Packets seen before.
    package var replayed = 0
    /// Opened, and still without sense.
    package var malformed = 0
    package var streamsServed = 0
    package var streamsFailed = 0
    /// Not served or not asked because too many were under way.
    package var streamsDropped = 0
    package var socketErrors = 0

    package init() {}

    /// Adds what sockets alone have counted.
    mutating func add(_ traffic: Self) {
        packetsSent += traffic.packetsSent
        packetsReceived += traffic.packetsReceived
        bytesSent += traffic.bytesSent
        bytesReceived += traffic.bytesReceived
        socketErrors += traffic.socketErrors
    }
}
