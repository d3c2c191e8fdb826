// The envelope of every packet and stream: nobody without the cluster's key reads or writes one.

internal import Sealing
internal import Vocabulary

/// The keys of one cluster, one for packets and one for streams.
struct GossipKeys: Sendable {
    let packets: SecretKey
    let streams: SecretKey
    let clusterID: [UInt8]

    /// Without a key, the cluster's name takes its place: that keeps nothing secret, but clusters
    /// on one machine apart.
    init(key: SecretKey?, clusterID: String) {
        self.clusterID = Array(clusterID.utf8)
        let base = key ?? Hashing.derive(Self.nobody, purpose: "rota cluster \(clusterID)")
        packets = Hashing.derive(base, purpose: "rota gossip packets 1")
        streams = Hashing.derive(base, purpose: "rota gossip streams 1")
    }

    private static var nobody: SecretKey {
        guard let key = SecretKey(bytes: [UInt8](repeating: 0, count: SecretKey.length)) else {
            preconditionFailure("32 bytes are a key")
        }
        return key
    }
}

/// Seals and opens packets.
///
/// `S G version key | session 8 | counter 8 | sealed`. The nonce is session, counter and zeros: it
/// never comes twice, since a session is 64 random bits per process and its counter only grows.
struct PacketSeal {
    enum Refusal: Equatable {
        case foreign
        case replayed
    }

    enum Opening: Equatable {
        case packet([UInt8])
        case refused(Refusal)
    }

    static let headerLength = 20
    static let longest = 1_500
    private static let magic: [UInt8] = [0x53, 0x47, 1, 1]

    private let keys: GossipKeys
    private let session: [UInt8]
    private var counter: UInt64 = 0
    private var windows = ReplayWindows()

    init(keys: GossipKeys) {
        self.keys = keys
        session = SecureRandom.bytes(8)
    }

    mutating func seal(_ plain: [UInt8]) -> [UInt8] {
        counter += 1
        let number = Self.bytes(of: counter)
        let header = Self.magic + session + number
        let nonce = session + number + [UInt8](repeating: 0, count: 8)
        return header
            + Sealer.seal(
                plain,
                nonce: nonce,
                additional: header + keys.clusterID,
                key: keys.packets
            )
    }

    mutating func open(_ packet: [UInt8]) -> Opening {
        guard packet.count >= Self.headerLength, Array(packet[..<4]) == Self.magic else {
            return .refused(.foreign)
        }
        let header = Array(packet[..<Self.headerLength])
        let nonce = Array(header[4...]) + [UInt8](repeating: 0, count: 8)
        guard
            let plain = Sealer.open(
                Array(packet[Self.headerLength...]),
                nonce: nonce,
                additional: header + keys.clusterID,
                key: keys.packets
            )
        else { return .refused(.foreign) }
        // Only now: what cannot be opened must not move a window.
        let sender = Self.number(header[4..<12])
        guard sender != Self.number(session[...]),
            windows.accept(Self.number(header[12..<20]), of: sender)
        else { return .refused(.replayed) }
        return .packet(plain)
    }

    static func bytes(of number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Which packets of each sender's session have been seen.
struct ReplayWindows {
    private struct Window {
        var highest: UInt64 = 0
        var seen = [UInt64](repeating: 0, count: words)
        var lastUsed: UInt64 = 0
    }

    private static let words = 16
    private static let size = UInt64(words * 64)
    private static let sessionLimit = 8_192

    private var windows: [UInt64: Window] = [:]
    private var uses: UInt64 = 0

    /// Whether number `counter` of `session` comes for the first time and not far too late.
    mutating func accept(_ counter: UInt64, of session: UInt64) -> Bool {
        uses += 1
        if windows[session] == nil, windows.count >= Self.sessionLimit { forgetOldest() }
        var window = windows[session] ?? Window()
        window.lastUsed = uses
        defer { windows[session] = window }
        if counter > window.highest {
            let passed = min(counter - window.highest, Self.size)
            for step in 0..<passed { Self.clear(&window, counter - step) }
            window.highest = counter
        } else if window.highest - counter >= Self.size {
            return false
        }
        let (word, bit) = Self.place(counter)
        guard window.seen[word] & bit == 0 else { return false }
        window.seen[word] |= bit
        return true
    }

    private mutating func forgetOldest() {
        guard let oldest = windows.min(by: { $0.value.lastUsed < $1.value.lastUsed }) else {
            return
        }
        windows[oldest.key] = nil
    }

    private static func clear(_ window: inout Window, _ counter: UInt64) {
        let (word, bit) = place(counter)
        window.seen[word] &= ~bit
    }

    private static func place(_ counter: UInt64) -> (word: Int, bit: UInt64) {
        (Int(counter % size / 64), 1 << (counter % 64))
    }
}

/// Seals one direction of one stream, frame by frame.
///
/// Both sides put 128 random bits into what is authenticated, so that neither can be answered
/// with a recording.
struct StreamSeal {
    static let sessionLength = 16
    static let frameLimit = 1 << 20

    private let key: SecretKey
    private let session: [UInt8]
    private let additional: [UInt8]
    private var counter: UInt64 = 0

    /// `session` is the sender's, one of those of `client`, who connected, and `server`.
    init(keys: GossipKeys, session: [UInt8], client: [UInt8], server: [UInt8]) {
        key = keys.streams
        self.session = session
        additional = client + server + keys.clusterID
    }

    mutating func seal(_ plain: [UInt8]) -> [UInt8] {
        Sealer.seal(plain, nonce: nextNonce(), additional: additional, key: key)
    }

    mutating func open(_ sealed: [UInt8]) -> [UInt8]? {
        Sealer.open(sealed, nonce: nextNonce(), additional: additional, key: key)
    }

    private mutating func nextNonce() -> [UInt8] {
        counter += 1
        return session + PacketSeal.bytes(of: counter)
    }
}
