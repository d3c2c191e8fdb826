// What an API answers when it cannot do what was asked: RFC 9457.

internal import Documents
package import HTTPService
package import LockLease
package import Vocabulary

/// A refusal in the shape of `application/problem+json`.
package struct Problem: Error, Equatable, Sendable {
    /// The closed list of refusals; each has one status.
    package enum Kind: String, CaseIterable, Sendable {
        case notSignedIn = "not-signed-in"
        case notAllowed = "not-allowed"
        case notFound = "not-found"
        case method = "method"
        case badRequest = "bad-request"
        case conflict = "conflict"
        case revisionExpired = "rev-expired"
        case changed = "changed"
        case tooLarge = "too-large"
        case mediaType = "media-type"
        case fieldInvalid = "field-invalid"
        case scheduleInvalid = "schedule-invalid"
        case nameTaken = "name-taken"
        case preconditionNeeded = "precondition-needed"
        case nodeDown = "node-down"
        case unavailable = "unavailable"
        case storageFull = "storage-full"
        case range = "range"

        package var status: Int {
            switch self {
            case .notSignedIn: 401
            case .notAllowed: 403
            case .notFound: 404
            case .method: 405
            case .badRequest: 400
            case .conflict, .nameTaken: 409
            case .revisionExpired: 410
            case .changed: 412
            case .tooLarge: 413
            case .mediaType: 415
            case .fieldInvalid, .scheduleInvalid: 422
            case .preconditionNeeded: 428
            case .nodeDown, .unavailable: 503
            case .storageFull: 507
            case .range: 416
            }
        }

        package var title: String {
            switch self {
            case .notSignedIn: "Not signed in"
            case .notAllowed: "Not allowed"
            case .notFound: "Not found"
            case .method: "Method not supported here"
            case .badRequest: "The request cannot be read"
            case .conflict: "In conflict with the present state"
            case .revisionExpired: "The revision is no longer kept"
            case .changed: "Somebody else changed it"
            case .tooLarge: "Too large"
            case .mediaType: "Wrong media type"
            case .fieldInvalid: "A field is wrong"
            case .scheduleInvalid: "The schedule cannot be read"
            case .nameTaken: "The name is taken"
            case .preconditionNeeded: "Say which version you saw"
            case .nodeDown: "The node does not answer"
            case .unavailable: "Not available just now"
            case .storageFull: "The disk is full"
            case .range: "There are no such bytes"
            }
        }
    }

    /// One fault in the request's body.
    package struct Fault: Equatable, Sendable {
        /// A JSON pointer, such as `#/spec/schedule`.
        package let pointer: String
        package let detail: String

        package init(pointer: String, detail: String) {
            self.pointer = pointer
            self.detail = detail
        }
    }

    package let kind: Kind
    /// What happened, with the value.
    package let detail: String
    /// What to type or write next; empty if nothing helps.
    package let hint: String
    package let faults: [Fault]
    /// Members beyond the standard ones, such as the current state after a 412.
    package let extra: [String: Value]

    package init(
        _ kind: Kind,
        _ detail: String,
        hint: String = "",
        faults: [Fault] = [],
        extra: [String: Value] = [:]
    ) {
        self.kind = kind
        self.detail = detail
        self.hint = hint
        self.faults = faults
        self.extra = extra
    }

    /// The refusal as a document.
    package var value: Value {
        var members: [String: Value] = extra
        members["type"] = .string("/problems/\(kind.rawValue)")
        members["title"] = .string(kind.title)
        members["status"] = .integer(Int64(kind.status))
        members["detail"] = .string(detail)
        if !hint.isEmpty { members["hint"] = .string(hint) }
        if !faults.isEmpty {
            members["errors"] = .array(
                faults.map { ["pointer": .string($0.pointer), "detail": .string($0.detail)] }
            )
        }
        return .object(members)
    }

    package var response: HTTPResponse {
        var headers = [(name: "Content-Type", value: "application/problem+json")]
        switch kind {
        case .notSignedIn: headers.append((name: "WWW-Authenticate", value: "Bearer"))
        case .unavailable, .nodeDown: headers.append((name: "Retry-After", value: "1"))
        case _: break
        }
        return HTTPResponse(
            status: kind.status,
            headers: headers,
            body: .bytes(JSON.bytes(value) + Array("\n".utf8))
        )
    }
}

extension Problem {
    /// The refusal that a failure of the store amounts to.
    package init(_ error: StoreError) {
        switch error {
        case .unavailable, .unknown, .sessionLost, .nodeNameInUse, .historyRegressed, .anotherStore,
            .corrupt, .incompatible:
            self.init(.unavailable, error.description, hint: "rota status")
        case .conflict(let conflict): self.init(conflict)
        case .tooLarge: self.init(.tooLarge, error.description)
        case .compacted: self.init(.revisionExpired, error.description)
        case .noSuchJob(let key):
            self.init(.notFound, "There is no job \(key.name).", hint: "rota job list")
        case .jobBusy(let run):
            self.init(
                .conflict,
                "Run \(run) is under way and the job forbids overlap.",
                hint: "rota run kill \(run), or wait for it: rota run logs -f \(run)"
            )
        case .full: self.init(.storageFull, error.description)
        }
    }

    /// The refusal of a document.
    ///
    /// `pointer`: Where the document stands in the request; `#/spec` by itself.
    package init(_ faults: DocumentFaults, pointer: String = "#/spec") {
        let placed = faults.faults.map { fault in
            let start = fault.pointer.hasPrefix("#/spec") ? 6 : 1
            let rest = fault.pointer.dropFirst(start)
            return Fault(pointer: pointer + rest, detail: fault.detail)
        }
        let isSchedule = faults.faults.allSatisfy { $0.pointer.hasSuffix("/schedule") }
        self.init(
            isSchedule ? .scheduleInvalid : .fieldInvalid,
            faults.faults.first?.detail ?? "The document is wrong.",
            hint: isSchedule ? "rota help schedules" : "",
            faults: placed
        )
    }

    init(_ conflict: EditConflict) {
        let name = conflict.key.name
        let noun = conflict.key.kind.rawValue
        switch conflict.expected {
        case .absent:
            self.init(
                .nameTaken,
                "There is a \(noun) \(name) already.",
                hint: "rota \(noun) edit \(name), or choose another name"
            )
        case .version(let version):
            guard let current = conflict.current, !current.isDeleted else {
                self.init(.notFound, "There is no \(noun) \(name).", hint: "rota \(noun) list")
                return
            }
            self.init(
                .changed,
                """
                \(name) was changed by \(current.author) at \(current.updatedAt) \
                (version \(version) → \(current.version)).
                """,
                hint: "rota \(noun) show \(name), then repeat your change",
                extra: ["current_version": .integer(current.version.rawValue)]
            )
        case .any:
            self.init(.notFound, "There is no \(noun) \(name).", hint: "rota \(noun) list")
        }
    }
}
