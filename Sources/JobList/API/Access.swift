// Who asks, and what they may do.

/// What a token allows, each including those before it.
package enum Role: Int, Comparable, CaseIterable, Sendable {
    case reader
    /// May start, kill, pause and drain.
    case `operator`
    /// May also change jobs.
    case editor
    case admin

    package init?(word: String) {
        guard let role = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = role
    }

    package var word: String { "\(self)" }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// What a route asks of its caller.
package enum Access: Equatable, Sendable {
    /// Anybody, as for health.
    case open
    case role(Role)
    /// Members of the cluster only.
    case cluster
}

/// The caller of one request.
package struct Principal: Equatable, Sendable {
    package let name: String
    /// `*`: every tenant.
    package let tenant: String
    package let role: Role
    /// A node or master rather than a person.
    package let isMember: Bool

    package init(name: String, tenant: String, role: Role, isMember: Bool = false) {
        self.name = name
        self.tenant = tenant
        self.role = role
        self.isMember = isMember
    }

    package static let anonymous = Self(name: "", tenant: "", role: .reader)

    /// Whether this caller may do what `access` guards.
    package func may(_ access: Access) -> Bool {
        switch access {
        case .open: true
        case .role(let needed): isMember || (!tenant.isEmpty && role >= needed)
        case .cluster: isMember
        }
    }

    /// The tenant a request is about; `nil` if it is another's.
    ///
    /// `wanted`: The request's `tenant` parameter.
    package func tenant(wanted: String?) -> String? {
        guard let wanted else { return tenant == "*" ? "default" : tenant }
        return tenant == "*" || tenant == wanted ? wanted : nil
    }
}
