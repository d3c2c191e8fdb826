// What an operator is told of packets and streams that were refused: whose, why, and what helps.

internal import Gossip
internal import Platform
internal import Vocabulary

extension GossipDriver {
    /// Counts a packet that did not open, and says so once in a while.
    func note(_ refusal: PacketSeal.Refusal, from address: SocketAddress) {
        switch refusal {
        case .replayed: shelf.count { $0.replayed += 1 }
        case .foreign:
            shelf.count { $0.refused += 1 }
            guard mayComplain("foreign", of: address.description) else { return }
            log.warning(
                "gossip.refused",
                [
                    "from": address.description,
                    "why": "no packet of this cluster, or another key of the same number",
                    "cluster": keys.ring.clusterFingerprint,
                ]
            )
        case .unknownKey(let id):
            shelf.count { counters in
                counters.refused += 1
                counters.unknownKeys += 1
            }
            complain(ofKey: id, from: address.description)
        }
    }

    /// Counts a stream that came to nothing, and says so if somebody can do something about it.
    func note(_ fault: StreamFault, with peer: String) {
        shelf.count { counters in
            counters.streamsFailed += 1
            switch fault {
            case .foreign, .otherCluster: counters.refused += 1
            case .unknownKey, .keyRefused:
                counters.refused += 1
                counters.unknownKeys += 1
            case .malformed: counters.malformed += 1
            case .closed, .timedOut, .system: break
            }
        }
        log.debug("gossip.stream-failed", ["peer": peer, "why": "\(fault)"])
        switch fault {
        case .otherCluster(let theirs):
            guard mayComplain("cluster", of: peer) else { return }
            log.warning(
                "gossip.other-cluster",
                [
                    "peer": peer, "theirs": theirs, "ours": keys.ring.clusterFingerprint,
                    "mend": "give both the same --cluster-key-file, or take the address out of "
                        + "--join",
                ]
            )
        case .unknownKey(let id): complain(ofKey: id, from: peer)
        case .keyRefused(let ours, let theirs):
            if keys.ring[theirs] == nil { return complain(ofKey: theirs, from: peer) }
            guard mayComplain("key-refused", of: peer) else { return }
            log.warning(
                "gossip.key-refused",
                [
                    "peer": peer, "ours": "\(ours)", "theirs": "\(theirs)",
                    "mend": "the peer has not got our key yet; it fetches it from the store",
                ]
            )
        case .foreign, .malformed, .closed, .timedOut, .system: break
        }
    }

    private func complain(ofKey id: KeyID, from peer: String) {
        guard mayComplain("key \(id)", of: peer) else { return }
        let have = keys.ring.entries.map(\.id.description).joined(separator: ",")
        log.warning(
            "gossip.key-unknown",
            [
                "peer": peer, "key": "\(id)", "have": have,
                "mend": "one of the two missed a change of keys. It fetches the ring from the "
                    + "store; if it cannot, give it the file `keys` of a member that is well as "
                    + "--cluster-key-file",
            ]
        )
    }

    /// Says of a member that what it tells of itself leads nobody to it.
    func complain(ofUnreachable member: Member?, from speaker: String) {
        guard let member, mayComplain("unreachable", of: speaker) else { return }
        log.warning(
            "gossip.unreachable",
            [
                "member": member.name.text, "advertised": member.address.text,
                "heard-from": speaker,
                "mend": "that address means another machine to everybody: start the member with "
                    + "--gossip or --advertise and an address that others can dial",
            ]
        )
    }
}
