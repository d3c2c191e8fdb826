// What several routes read from a request.

internal import Documents
internal import HTTPService
internal import JobList
internal import Platform
internal import Sealing
internal import Vocabulary

extension Call {
    private static let keyLimit = 255

    /// Whether the caller may see and change what belongs to all tenants.
    ///
    /// - Throws: A refusal that says what `matter` is not theirs.
    func demandAllTenants(for matter: String) throws(Problem) {
        guard principal.tenant == "*" || principal.isMember else {
            throw Problem(
                .notAllowed,
                "\(principal.name) belongs to tenant \(principal.tenant) alone; \(matter).",
                hint: "rota-master token create --tenant '*' --role \(principal.role.word)"
            )
        }
    }

    /// The text that the member `name` of the body is, or `nil` if it is left out or null.
    ///
    /// `example`: What to write instead of anything else.
    func text(
        _ name: String,
        of document: Value,
        example: String
    ) throws(Problem) -> String? {
        guard let value = document[name], value != .null else { return nil }
        if let text = value.string { return text }
        throw Problem(
            .fieldInvalid,
            "\(name) is no text; write it as in \(example).",
            faults: [.init(pointer: "#/\(name)", detail: "write a text, as in \(example)")]
        )
    }

    /// Refuses a document that names another tenant than the request is about.
    func checkTenant(of document: Value, at pointer: String = "#") throws(Problem) {
        guard let value = document["tenant"], value != .string(tenant) else { return }
        throw Problem(
            .fieldInvalid,
            "tenant is \(value.string ?? "no text"), and the request is about \(tenant).",
            hint: "Leave tenant out, or ask with --tenant \(value.string ?? tenant)",
            faults: [.init(pointer: "\(pointer)/tenant", detail: "the request says \(tenant)")]
        )
    }

    /// The store's name for this request.
    ///
    /// With an `Idempotency-Key` it is derived from caller, route, key and body, so that a
    /// repetition through any master is the same request. Another body under the same key is
    /// another request: it must not be answered by what the first has made.
    func requestID() throws(Problem) -> RequestID {
        guard let key = request.header("idempotency-key") else {
            return RequestID(Hashing.digest(SecureRandom.bytes(16)).description)
        }
        guard (1...Self.keyLimit).contains(key.utf8.count) else {
            throw Problem(
                .badRequest,
                "Idempotency-Key has \(key.utf8.count) bytes; it takes 1 to \(Self.keyLimit).",
                hint: "Another one for every request, such as a UUID"
            )
        }
        let text = [principal.name, tenant, request.method, request.path, key]
            .joined(separator: "\u{0}")
        return RequestID(Hashing.digest(Array(text.utf8) + [0] + request.body).description)
    }
}

/// Lets a client read what it has just written, through any master.
enum ReadYourWrites {
    /// Waits until this master has the revision in `Rota-Min-Revision`, at most 5 s.
    static func wait(for call: Call, feed: ChangeFeed) async throws(Problem) {
        guard let text = call.request.header("rota-min-revision") else { return }
        guard let wanted = Revision(text) else {
            throw Problem(.badRequest, "Rota-Min-Revision is \(text); write it as in 1.4172.")
        }
        do throws(FeedError) {
            try await feed.cursor(since: wanted).prepare()
        } catch .future {
            throw Problem(.unavailable, "This master has not seen revision \(wanted) yet.")
        } catch {
            // An old revision is one that this master is past.
        }
    }
}
