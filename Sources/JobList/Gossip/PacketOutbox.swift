// Packets on their way out: what goes to several is encoded and sealed but once.

internal import Gossip
internal import Platform
internal import Vocabulary

/// The packets of one event, in order.
struct PacketOutbox {
    private var packets: [(packet: [UInt8], addresses: [SocketAddress])] = []
    private var last: [Frame] = []

    /// Adds a packet of `frames`; if the last one was the same, only its address.
    ///
    /// One sealed packet may go to many: nobody is to see it twice, and its nonce is used for no
    /// other bytes.
    mutating func add(
        _ frames: [Frame],
        to address: SocketAddress,
        sealing seal: ([Frame]) -> [UInt8]
    ) {
        // Equal at a glance if it is the same array, and different soon if it is not.
        if let place = packets.indices.last, frames == last,
            !packets[place].addresses.contains(address)
        {
            packets[place].addresses.append(address)
        } else {
            packets.append((seal(frames), [address]))
            last = frames
        }
    }

    /// Adds a packet that is meant for one address alone.
    mutating func add(sealed packet: [UInt8], to address: SocketAddress) {
        packets.append((packet, [address]))
        last = []
    }

    mutating func take() -> [(packet: [UInt8], addresses: [SocketAddress])] {
        guard !packets.isEmpty else { return [] }
        defer {
            packets = []
            last = []
        }
        return packets
    }
}
