// What members tell one another, and nobody else, over HTTP.

internal import Documents
internal import HTTPService
package import Vocabulary

/// Which keys a member has, without the keys.
package struct HeldKeys: Equatable, Sendable {
    package let name: NodeName
    package let cluster: String
    package let version: Int64
    package let ids: [KeyID]
    package let used: KeyID

    package init(name: NodeName, ring: KeyRing) {
        self.name = name
        cluster = ring.clusterFingerprint
        version = ring.version
        ids = ring.entries.map(\.id)
        used = ring.used
    }

    package var value: Value {
        [
            "name": .string(name.text), "cluster": .string(cluster), "version": .integer(version),
            "keys": .array(ids.map { .integer(Int64($0.rawValue)) }),
            "use": .integer(Int64(used.rawValue)),
        ]
    }

    /// - Returns: `nil` for an answer that is none.
    package init?(_ body: [UInt8]) {
        guard let value = try? JSON.parse(body), let name = value["name"]?.string,
            let cluster = value["cluster"]?.string, let version = value["version"]?.integer,
            let used = value["use"]?.integer.flatMap(UInt8.init(exactly:)),
            let ids = value["keys"]?.array?.map({ $0.integer.flatMap(UInt8.init(exactly:)) }),
            ids.count <= KeyRing.limit
        else { return nil }
        self.name = NodeName(name)
        self.cluster = cluster
        self.version = version
        self.used = KeyID(used)
        self.ids = ids.compactMap { $0.map { KeyID($0) } }
    }
}

/// `GET /v1/member`, the same on nodes and masters.
package enum MemberRoute {
    package static let path = "/v1/member"

    package static func route(_ name: NodeName, _ keys: GossipKeys) -> Route {
        Route("GET", path, .cluster) { _ in
            .json(HeldKeys(name: name, ring: keys.ring).value)
        }
    }
}
