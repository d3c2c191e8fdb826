// One port for datagrams and streams.

internal import Platform

/// Opens the two sockets of a peer.
enum GossipSockets {
    /// Both at `address`; with port 0, at one that is free for both.
    static func open(
        at address: SocketAddress
    ) throws(GossipError) -> (datagrams: Socket, listener: Socket, bound: SocketAddress) {
        var attempts = address.port == 0 ? 16 : 1
        while true {
            attempts -= 1
            do throws(SystemError) {
                let listener = try Socket.listener(at: address)
                let bound = listener.localAddress ?? address
                return (try Socket.datagrams(at: bound), listener, bound)
            } catch {
                guard attempts > 0 else { throw .system("\(error)") }
            }
        }
    }
}
