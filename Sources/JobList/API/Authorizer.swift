// Tells callers apart by their bearer token.

internal import Documents
package import HTTPService
internal import Sealing
package import Vocabulary

/// Knows the tokens of people, from the list, and those of the cluster's members.
package struct Authorizer: Sendable {
    private let replica: Replica
    private let keys: GossipKeys

    package init(replica: Replica, keys: GossipKeys) {
        self.replica = replica
        self.keys = keys
    }

    /// Where the token with this digest is kept in the list.
    package static func key(of digest: Digest) -> ObjectKey {
        ObjectKey(tenant: "system", kind: .token, name: digest.description)
    }

    /// The body of a token's object; the token itself is stored nowhere.
    package static func body(name: String, tenant: String, role: Role) -> [UInt8] {
        JSON.bytes(["name": .string(name), "tenant": .string(tenant), "role": .string(role.word)])
    }

    /// The caller of `request`; anonymous without a token.
    ///
    /// - Throws: ``Problem`` if there is a token and it is wrong.
    package func principal(of request: HTTPRequest) async throws(Problem) -> Principal {
        guard let header = request.header("authorization") else { return .anonymous }
        guard header.lowercased().hasPrefix("bearer ") else {
            throw Problem(.notSignedIn, "The Authorization header is not of the form Bearer TOKEN.")
        }
        let text = String(header.dropFirst("bearer ".count))
        if keys.isMemberToken(text) {
            return Principal(name: "member", tenant: "*", role: .admin, isMember: true)
        }
        guard let token = AccessToken(text) else {
            throw Problem(
                .notSignedIn,
                "That is no token: one begins with rota_ and ends in a checksum.",
                hint: "rota context show"
            )
        }
        let record = try? await replica.record(Self.key(of: token.digest))
        guard let record, !record.isDeleted, let body = try? JSON.parse(record.body),
            let name = body["name"]?.string, let tenant = body["tenant"]?.string,
            let role = body["role"]?.string.flatMap(Role.init(word:))
        else {
            throw Problem(
                .notSignedIn,
                "The token is not known here; it was revoked, or belongs to another cluster.",
                hint: "rota context show"
            )
        }
        return Principal(name: name, tenant: tenant, role: role)
    }
}
