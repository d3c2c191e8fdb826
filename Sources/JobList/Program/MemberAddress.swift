// Where others are told that a member serves HTTP.

internal import Platform

/// A member's address as others dial it.
package enum MemberAddress {
    /// `host:port` for others to dial.
    ///
    /// - Parameters:
    ///   - listen: `host:port` as the operator wrote it.
    ///   - port: The one that was bound.
    ///   - advertise: Where its gossip is found; its host stands in for every address there is.
    /// - Returns: `host:port`.
    package static func http(listen: String, port: Int, advertise: String?) -> String {
        let host = listen.prefix { $0 != ":" }
        guard SocketAddress("\(host):0")?.isWildcard == true, let advertise,
            let (found, _) = SocketAddress.split(advertise)
        else { return "\(host):\(port)" }
        return found.contains(":") ? "[\(found)]:\(port)" : "\(found):\(port)"
    }
}
