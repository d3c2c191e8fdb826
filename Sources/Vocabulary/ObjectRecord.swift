// Entries of the replicated list: what a job, calendar, token or pool is to gossip and store.

/// What an object is.
package enum ObjectKind: String, CaseIterable, Hashable, Comparable, Sendable {
    case job
    case calendar
    case channel
    case template
    case pool
    case token
    case node
    /// What members know one another by: addresses and public halves of identities.
    case member
    /// The cluster's keys, sealed to each member's identity.
    case keyring

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// The name of an object: `(tenant, kind, name)`.
package struct ObjectKey: Hashable, Comparable, Sendable {
    package let tenant: String
    package let kind: ObjectKind
    package let name: String

    package init(tenant: String, kind: ObjectKind, name: String) {
        self.tenant = tenant
        self.kind = kind
        self.name = name
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.tenant, lhs.kind, lhs.name) < (rhs.tenant, rhs.kind, rhs.name)
    }

    /// Whether `name` can name an object: `[a-z0-9][a-z0-9._/-]{0,126}`.
    package static func isValid(name: String) -> Bool {
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        guard let first = name.utf8.first, letters.contains(first), name.utf8.count <= 127 else {
            return false
        }
        return name.utf8.allSatisfy { letters.contains($0) || "._/-".utf8.contains($0) }
    }
}

extension ObjectKey: CustomStringConvertible {
    package var description: String { "\(tenant)/\(kind.rawValue)/\(name)" }
}

/// One state of one object, as committed.
package struct ObjectRecord: Equatable, Sendable {
    package var key: ObjectKey
    package var uid: UID
    package var version: Version
    /// The commit that produced this state.
    package var revision: Revision
    package var isDeleted: Bool
    /// Canonical JSON; empty for a deleted object.
    package var body: [UInt8]
    /// The digest of `body`; a node runs only a body that matches.
    package var digest: Digest
    package var createdAt: Instant
    package var updatedAt: Instant
    /// Who made the edit, for people.
    package var author: String

    package init(
        key: ObjectKey,
        uid: UID,
        version: Version,
        revision: Revision,
        isDeleted: Bool,
        body: [UInt8],
        digest: Digest,
        createdAt: Instant,
        updatedAt: Instant,
        author: String
    ) {
        self.key = key
        self.uid = uid
        self.version = version
        self.revision = revision
        self.isDeleted = isDeleted
        self.body = body
        self.digest = digest
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.author = author
    }
}

/// Everything one commit changed, chained to the commit before it so that a gap is visible.
package struct ChangeBatch: Equatable, Sendable {
    package var previous: Position
    package var position: Position
    /// At least one; all carry `position.revision`.
    package var records: [ObjectRecord]

    package init(previous: Position, position: Position, records: [ObjectRecord]) {
        self.previous = previous
        self.position = position
        self.records = records
    }
}
