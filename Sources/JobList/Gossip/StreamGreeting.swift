// How two peers begin a stream: what each says in the clear, and the keys that come of it.

internal import Sealing
internal import Vocabulary

/// The first 48 bytes of either side, the dialling one's first.
///
/// `S g version verdict | key 1 | zeros 3 | cluster 8 | ephemeral key 32`. A server that cannot go
/// on says why in its verdict, with its own cluster and key, in no more bytes than it was sent.
struct StreamGreeting: Equatable {
    enum Verdict: UInt8 {
        case welcome = 0
        case otherCluster = 1
        case unknownKey = 2
    }

    static let length = 48
    private static let magic: [UInt8] = [0x53, 0x67, 2]

    let verdict: Verdict
    let key: KeyID
    /// The mark of the speaker's cluster.
    let cluster: UInt64
    let ephemeral: [UInt8]

    init(verdict: Verdict = .welcome, key: KeyID, cluster: UInt64, ephemeral: [UInt8]) {
        self.verdict = verdict
        self.key = key
        self.cluster = cluster
        self.ephemeral = ephemeral
    }

    /// A refusal by a peer of `cluster` whose key in use is `key`.
    static func refusal(_ verdict: Verdict, key: KeyID, cluster: UInt64) -> Self {
        let nothing = [UInt8](repeating: 0, count: EphemeralKey.length)
        return Self(verdict: verdict, key: key, cluster: cluster, ephemeral: nothing)
    }

    /// - Returns: `nil` for bytes that are no greeting; any may come in.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length, bytes.starts(with: Self.magic),
            let verdict = Verdict(rawValue: bytes[3]), bytes[5..<8].allSatisfy({ $0 == 0 })
        else { return nil }
        self.verdict = verdict
        key = KeyID(bytes[4])
        cluster = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
        ephemeral = Array(bytes[16...])
    }

    var bytes: [UInt8] {
        let mark = (0..<8).map { UInt8(truncatingIfNeeded: cluster >> (56 - 8 * UInt64($0))) }
        return Self.magic + [verdict.rawValue, key.rawValue, 0, 0, 0] + mark + ephemeral
    }

    /// The cluster's mark as people see it.
    var clusterFingerprint: String {
        let digits = String(cluster, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The keys of one stream's two directions.
///
/// Both greetings, the secret that both ephemeral keys give and the ring's key go in. So nobody
/// without the ring's key can speak or listen, nothing in the greetings can be changed, no stream
/// can be repeated, and a ring's key that leaks later opens no recorded stream.
struct StreamKeys {
    let fromClient: SecretKey
    let fromServer: SecretKey

    /// `secret`: What both ephemeral keys give.
    init(
        _ key: GossipKeys.Derived,
        clusterID: [UInt8],
        client: StreamGreeting,
        server: StreamGreeting,
        secret: [UInt8]
    ) {
        guard let root = SecretKey(bytes: Self.root(key, clusterID, client, server, secret)) else {
            preconditionFailure("BLAKE2b-256 has 32 bytes")
        }
        fromClient = Hashing.derive(root, purpose: "client")
        fromServer = Hashing.derive(root, purpose: "server")
    }

    private static func root(
        _ key: GossipKeys.Derived,
        _ clusterID: [UInt8],
        _ client: StreamGreeting,
        _ server: StreamGreeting,
        _ secret: [UInt8]
    ) -> [UInt8] {
        Hashing.mix(client.bytes + server.bytes + secret + clusterID, with: key.streams)
    }
}
