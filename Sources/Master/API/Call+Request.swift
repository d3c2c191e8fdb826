// What several routes read from a request.

internal import Documents
internal import HTTPService
internal import JobList
internal import Platform
internal import Sealing
internal import Vocabulary

extension Call {
    /// The store's name for this request.
    ///
    /// With an `Idempotency-Key` it is derived from caller, route and key, so that a repetition
    /// through any master is the same request.
    var requestID: RequestID {
        guard let key = request.header("idempotency-key") else {
            return RequestID(Hashing.digest(SecureRandom.bytes(16)).description)
        }
        let text = [principal.name, tenant, request.method, request.path, key]
            .joined(separator: "\u{0}")
        return RequestID(Hashing.digest(Array(text.utf8)).description)
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
