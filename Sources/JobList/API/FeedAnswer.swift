// The watch feed as a route's answer, the same on nodes and masters.

package import HTTPService
package import Vocabulary

/// Answers `?watch=1&since=REV&mode=every|latest` and `/v1/events`.
package enum FeedAnswer {
    /// Everything people may watch; tokens and wishes about nodes are nobody's business here.
    private static let watchable: Set<ObjectKind> = [.job, .calendar, .channel, .template, .pool]

    /// A response that follows the list from `since` on, or from a full listing.
    ///
    /// `kinds`: `nil`: everything watchable.
    package static func make(
        for call: Call,
        feed: ChangeFeed,
        kinds: Set<ObjectKind>?
    ) async throws(Problem) -> HTTPResponse {
        let since = try revision(call)
        let mode = try mode(call)
        let tenants =
            call.principal.tenant == "*" && call.request.parameter("tenant") == nil
            ? nil : Set([call.tenant])
        do throws(FeedError) {
            return try await FeedBody.open(
                feed,
                since: since,
                filter: FeedFilter(tenants: tenants, kinds: kinds ?? watchable),
                mode: mode,
                form: FeedForm(accept: call.request.header("accept"))
            ).response
        } catch {
            throw Problem(error)
        }
    }

    /// `since`, or what an EventSource sends when it comes back.
    private static func revision(_ call: Call) throws(Problem) -> Revision? {
        guard
            let text = call.request.parameter("since") ?? call.request.header("last-event-id")
        else { return nil }
        guard let revision = Revision(text) else {
            throw Problem(.badRequest, "since=\(text) is no revision; write it as in 1.4172.")
        }
        return revision
    }

    /// `mode=every`, which need not be said, or `mode=latest`.
    private static func mode(_ call: Call) throws(Problem) -> FeedMode {
        guard let text = call.request.parameter("mode") else { return .every }
        guard let mode = FeedMode(rawValue: text) else {
            throw Problem(
                .badRequest,
                "mode=\(text) is no way to watch; write mode=every or mode=latest."
            )
        }
        return mode
    }
}

extension Problem {
    init(_ error: FeedError) {
        switch error {
        case .compacted(_, let head), .reset(let head):
            self.init(
                .revisionExpired,
                error.description,
                hint: "GET the list, then watch from its rev",
                extra: ["head": .string(head.description)]
            )
        case .future, .unavailable, .cancelled: self.init(.unavailable, error.description)
        }
    }
}
