// Where others are told that a member serves HTTP.

internal import Platform

/// A member's address as others dial it.
package enum MemberAddress {
    /// Where others dial a member.
    ///
    /// - Parameters:
    ///   - listen: `host:port` as the operator wrote it.
    ///   - port: The one that was bound.
    ///   - advertise: Where its gossip is found; its host stands in for every address there is.
    /// - Returns: `host:port`, or `[host]:port` where the host is an IPv6 address.
    package static func http(listen: String, port: Int, advertise: String?) -> String {
        var host = SocketAddress.split(listen)?.host ?? listen
        if SocketAddress(listen)?.isWildcard == true, let advertise,
            let (found, _) = SocketAddress.split(advertise)
        {
            host = found
        }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
