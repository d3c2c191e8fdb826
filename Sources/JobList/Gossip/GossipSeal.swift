// The envelope of every packet: nobody without one of the cluster's keys reads or writes one.

internal import Sealing
internal import Vocabulary

/// Seals and opens packets.
///
/// `S G version key | session 8 | counter 8 | sealed`. The header and the cluster's id are what is
/// authenticated beside the contents. The nonce is session, counter and zeros: it never comes
/// twice, since a session is 64 random bits per process and its counter only grows.
struct PacketSeal {
    enum Refusal: Equatable {
        /// No packet of ours, another cluster's, or damaged.
        case foreign
        case replayed
        /// Its key is not in the ring; no other key is tried.
        case unknownKey(KeyID)
    }

    enum Opening: Equatable {
        /// What was sealed, and the key it was sealed with.
        case packet([UInt8], under: KeyID)
        case refused(Refusal)
    }

    static let headerLength = 20
    /// What sealing adds to a packet.
    static let overhead = headerLength + Sealer.tagLength
    static let longest = 1_500
    private static let magic: [UInt8] = [0x53, 0x47, 1]

    private let keys: GossipKeys
    private let session: UInt64
    private var counter: UInt64 = 0
    private var windows = ReplayWindows()
    // Room for the parts of the next packet, so that none is allocated anew.
    private var header: [UInt8]
    private var nonce = [UInt8](repeating: 0, count: Sealer.nonceLength)
    private var additional: [UInt8]

    init(keys: GossipKeys, session: UInt64 = SecureRandom.seed()) {
        self.keys = keys
        self.session = session
        header = Self.magic + [UInt8](repeating: 0, count: Self.headerLength - Self.magic.count)
        additional = header + keys.clusterID
    }

    /// `plain` under the key in use.
    mutating func seal(_ plain: [UInt8]) -> [UInt8] {
        let key = keys.view.used
        counter += 1
        header[3] = key.id.rawValue
        write(session, at: 4)
        write(counter, at: 12)
        authenticate(header[...])
        return Sealer.seal(
            plain,
            behind: header,
            nonce: nonce,
            additional: additional,
            key: key.packets
        )
    }

    /// Any bytes may come in.
    mutating func open(_ packet: [UInt8]) -> Opening {
        guard packet.count >= Self.overhead, packet.starts(with: Self.magic) else {
            return .refused(.foreign)
        }
        let id = KeyID(packet[3])
        guard let key = keys.view[id] else { return .refused(.unknownKey(id)) }
        authenticate(packet[..<Self.headerLength])
        let opened = Sealer.open(
            packet[Self.headerLength...],
            nonce: nonce,
            additional: additional,
            key: key.packets
        )
        guard let plain = opened else { return .refused(.foreign) }
        // Only now: what cannot be opened must not move a window.
        let sender = Self.number(packet[4..<12])
        guard sender != session, windows.accept(Self.number(packet[12..<20]), of: sender) else {
            return .refused(.replayed)
        }
        return .packet(plain, under: id)
    }

    /// Puts `header` into what is authenticated, and its session and counter into the nonce.
    private mutating func authenticate(_ header: ArraySlice<UInt8>) {
        for (place, byte) in header.enumerated() {
            additional[place] = byte
            if place >= 4 { nonce[place - 4] = byte }
        }
    }

    private mutating func write(_ number: UInt64, at start: Int) {
        for place in 0..<8 {
            header[start + place] = UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64(place)))
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
