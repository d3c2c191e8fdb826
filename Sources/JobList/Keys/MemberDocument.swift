// What a member tells the others through the list: where its gossip is, and what seals to it.

internal import Documents
package import Gossip
package import Sealing
package import Vocabulary

/// The body of a `member` object.
package struct MemberDocument: Equatable, Sendable {
    package var role: MemberRole
    /// Where its gossip is, `host:port`.
    package var gossip: String
    package var identity: PublicIdentity
    /// The fingerprint of the cluster it belongs to.
    package var cluster: String

    package init(role: MemberRole, gossip: String, identity: PublicIdentity, cluster: String) {
        self.role = role
        self.gossip = gossip
        self.identity = identity
        self.cluster = cluster
    }

    /// Where what is known of the member called `name` is kept.
    package static func key(of name: NodeName) -> ObjectKey {
        ObjectKey(tenant: "system", kind: .member, name: name.text)
    }

    package var body: [UInt8] {
        JSON.bytes([
            "role": .string("\(role)"), "gossip": .string(gossip),
            "identity": .string(identity.base64), "cluster": .string(cluster),
        ])
    }

    /// - Returns: `nil` for a body that is none.
    package init?(_ body: [UInt8]) {
        guard let value = try? JSON.parse(body), let word = value["role"]?.string,
            let role = MemberRole.allCases.first(where: { "\($0)" == word }),
            let gossip = value["gossip"]?.string,
            let identity = value["identity"]?.string.flatMap(PublicIdentity.init(base64:)),
            let cluster = value["cluster"]?.string
        else { return nil }
        self.init(role: role, gossip: gossip, identity: identity, cluster: cluster)
    }
}
