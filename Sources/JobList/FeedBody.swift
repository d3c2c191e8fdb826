// The change feed over HTTP: server-sent events for browsers, one JSON text a line for programs.

internal import Documents
package import HTTPService
internal import LockLease
internal import Platform
internal import Synchronization
package import Vocabulary

/// How the feed is written.
///
/// - SeeAlso: WHATWG HTML, section 9.2, "Server-sent events";
///   <https://github.com/ndjson/ndjson-spec>.
package enum FeedForm: Sendable {
    case lines
    case serverSentEvents

    /// The form that an `Accept` header asks for.
    package init(accept: String?) {
        self = accept?.contains("text/event-stream") == true ? .serverSentEvents : .lines
    }

    package var contentType: String {
        switch self {
        case .lines: "application/x-ndjson"
        case .serverSentEvents: "text/event-stream"
        }
    }
}

/// When a quiet feed says something all the same.
package struct FeedRhythm: Equatable, Sendable {
    /// A sign of life, so that nobody in between drops the connection.
    package var comment = Duration.seconds(5)
    /// How far the watcher is, so that it can come back before that is compacted; at least
    /// `comment`.
    package var bookmark = Duration.seconds(5)

    package init() {}
}

/// A response body that follows the list, for days if need be.
///
/// Events are `{"type":"put","kind":"job","rev":"1.17","object":{…}}`, of the types `put`, `delete`,
/// `bookmark`, `lagging` and `reset`.
/// `rev` is always a revision from which a new watch goes on without a hole: inside a revision that
/// changed several objects it is the one before until the last of them, and inside a first listing,
/// which has no place in history yet, it is `0.0` until the bookmark. The object's own is
/// `object.rev`.
/// `lagging` says by how many revisions the reader is `behind` the `head`, once until it has caught
/// up. A `reset` ends the body: the reader has to list again, because of its `reason`: `compacted`,
/// `epoch` (the store was restored) or `future`. A sign of life is a comment, or in lines
/// an empty line, which readers skip.
package final class FeedBody: HTTPBodyStream {
    private struct State {
        var resumable: Revision
        var lastBookmark: MonotonicInstant
        var isOpening = true
        var hasEnded = false
    }

    private let cursor: FeedCursor
    private let form: FeedForm
    private let rhythm: FeedRhythm
    private let state: Mutex<State>

    private init(_ cursor: FeedCursor, since: Revision?, form: FeedForm, rhythm: FeedRhythm) {
        self.cursor = cursor
        self.form = form
        self.rhythm = rhythm
        state = Mutex(State(resumable: since ?? .zero, lastBookmark: SystemClock.monotonic))
    }

    /// A body for one watcher, refused before anything is sent.
    ///
    /// - Throws: ``FeedError/compacted(floor:head:)`` and ``FeedError/reset(head:)``, to be
    ///   answered with 410; ``FeedError/future(head:)`` after the feed's patience, with 503 and
    ///   `Retry-After`.
    package static func open(
        _ feed: ChangeFeed,
        since revision: Revision?,
        filter: FeedFilter = FeedFilter(),
        mode: FeedMode = .every,
        form: FeedForm,
        rhythm: FeedRhythm = FeedRhythm()
    ) async throws(FeedError) -> FeedBody {
        let cursor = feed.cursor(since: revision, filter: filter, mode: mode)
        try await cursor.prepare()
        return FeedBody(cursor, since: revision, form: form, rhythm: rhythm)
    }

    /// The response that carries this body.
    package var response: HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: [
                ("Content-Type", form.contentType), ("Cache-Control", "no-store"),
                ("X-Accel-Buffering", "no"),
            ],
            body: .stream(self)
        )
    }

    package func next() async -> [UInt8]? {
        let (isOpening, hasEnded) = state.withLock { state in
            defer { state.isOpening = false }
            return (state.isOpening, state.hasEnded)
        }
        if hasEnded { return nil }
        if isOpening, form == .serverSentEvents { return Array("retry: 1000\n\n".utf8) }
        do throws(FeedError) {
            return bytes(of: try await cursor.next(timeout: rhythm.comment))
        } catch {
            return ending(error)
        }
    }

    package func cancel() {
        cursor.cancel()
    }

    private func bytes(of items: [FeedItem]) -> [UInt8] {
        let isListing = cursor.resumable == nil
        if items.count == 1, case .bookmark(let revision) = items[0] {
            return bookmark(revision)
        }
        var bytes: [UInt8] = []
        var text = FeedEventForm()
        for (index, item) in items.enumerated() {
            if case .lagging(let behind, let head) = item {
                bytes += lagging(behind: behind, head: head)
            }
            guard let record = item.record else { continue }
            let isLast =
                index + 1 == items.count
                || items[index + 1].record?.revision != record.revision
            let resumable = state.withLock { state in
                if isLast, !isListing { state.resumable = record.revision }
                return state.resumable
            }
            let type = if case .delete = item { "delete" } else { "put" }
            open(at: isListing ? nil : resumable, &bytes)
            text.append(record, type: type, resumable: resumable, to: &bytes)
            close(&bytes)
        }
        return bytes
    }

    private func lagging(behind: UInt64, head: Revision) -> [UInt8] {
        let resumable = state.withLock(\.resumable)
        return event(
            [
                "type": "lagging", "rev": .string(resumable.description),
                "behind": .integer(Int64(clamping: behind)), "head": .string(head.description),
            ],
            at: resumable
        )
    }

    /// The end of a listing and every second silence are bookmarks, other silences a sign of life.
    private func bookmark(_ revision: Revision) -> [UInt8] {
        let now = SystemClock.monotonic
        let isDue = state.withLock { state in
            let isDue =
                state.resumable != revision
                || state.lastBookmark.duration(to: now) >= rhythm.bookmark
            if isDue {
                state.resumable = revision
                state.lastBookmark = now
            }
            return isDue
        }
        if isDue {
            return event(["type": "bookmark", "rev": .string("\(revision)")], at: revision)
        }
        return switch form {
        case .lines: Array("\n".utf8)
        case .serverSentEvents: Array(":\n\n".utf8)
        }
    }

    private func ending(_ error: FeedError) -> [UInt8]? {
        state.withLock { $0.hasEnded = true }
        switch error {
        case .compacted(_, let head): return reset("compacted", error, head)
        case .reset(let head): return reset("epoch", error, head)
        case .future(let head): return reset("future", error, head)
        // The reader reconnects with what it has; nothing is lost by closing.
        case .unavailable, .cancelled: return nil
        }
    }

    private func reset(_ reason: String, _ error: FeedError, _ head: Revision) -> [UInt8] {
        event(
            [
                "type": "reset", "reason": .string(reason),
                "head": .string(head.description), "detail": .string(error.description),
            ],
            at: nil
        )
    }

    private func event(_ members: [String: Value], at revision: Revision?) -> [UInt8] {
        var bytes: [UInt8] = []
        open(at: revision, &bytes)
        bytes += JSON.bytes(.object(members))
        close(&bytes)
        return bytes
    }

    private func open(at revision: Revision?, _ bytes: inout [UInt8]) {
        guard form == .serverSentEvents else { return }
        if let revision { bytes += Array("id: \(revision)\n".utf8) }
        bytes.append(contentsOf: "data: ".utf8)
    }

    private func close(_ bytes: inout [UInt8]) {
        bytes.append(0x0A)
        if form == .serverSentEvents { bytes.append(0x0A) }
    }
}

extension FeedItem {
    fileprivate var record: ObjectRecord? {
        switch self {
        case .put(let record), .delete(let record): record
        case .bookmark, .lagging: nil
        }
    }
}
