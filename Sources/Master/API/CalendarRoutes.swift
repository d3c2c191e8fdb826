// Calendars: list, show, remove; they are written by `apply`.

internal import CronEval
internal import Documents
internal import HTTPService
internal import JobList
internal import LockLease
internal import Vocabulary

/// The routes under `/v1/calendars`.
struct CalendarRoutes: Sendable {
    /// So many jobs are named where a calendar is in use.
    private static let namedJobs = 5

    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/v1/calendars", .role(.reader)) { call async throws(Problem) in
                try await list(call)
            },
            Route("GET", "/v1/calendars/{name}", .role(.reader)) { call async throws(Problem) in
                try await show(call)
            },
            Route("DELETE", "/v1/calendars/{name}", .role(.editor)) {
                call async throws(Problem) in
                try await remove(call)
            },
        ]
    }

    private func list(_ call: Call) async throws(Problem) -> HTTPResponse {
        if call.request.parameter("watch") == "1" {
            return try await FeedAnswer.make(for: call, feed: master.feed, kinds: [.calendar])
        }
        try await ReadYourWrites.wait(for: call, feed: master.feed)
        let limit = try call.number("limit", default: 50, in: 1...1_000)
        let after = call.request.parameter("cursor").map {
            ObjectKey(tenant: call.tenant, kind: .calendar, name: $0)
        }
        let page: [ObjectRecord]
        do throws(ReplicaError) {
            page = try await master.replica.records(
                kind: .calendar,
                tenant: call.tenant,
                after: after,
                limit: limit
            )
        } catch {
            throw Problem(.unavailable, error.description)
        }
        var items: [Value] = []
        for record in page {
            let spec = try Editor.decodeCalendar(record).spec
            items.append(Views.calendar(record, spec, status: .null))
        }
        return .json([
            "items": .array(items),
            "next": page.last.map { .string($0.key.name) } ?? .null,
            "rev": .string(await master.replica.position().revision.description),
        ])
    }

    private func show(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (record, body) = try await master.editor.calendar(
            call.capture("name"),
            tenant: call.tenant
        )
        let users = try await master.calendars.jobs(using: record.key).map(\.name)
        let status: Value = [
            "job_count": .integer(Int64(users.count)),
            "jobs": .array(users.prefix(Self.namedJobs).map { .string($0) }),
        ]
        return .json(
            Views.calendar(record, body.spec, status: status),
            headers: [
                (name: "ETag", value: "\"\(record.version)\""),
                (name: "Rota-Revision", value: record.revision.description),
            ]
        )
    }

    private func remove(_ call: Call) async throws(Problem) -> HTTPResponse {
        let expecting = try JobRoutes.expectation(call)
        let (record, _) = try await master.editor.calendar(
            call.capture("name"),
            tenant: call.tenant
        )
        // Whatever other masters have committed by now is to count.
        _ = await master.tailer.catchUp()
        let users = try await master.calendars.jobs(using: record.key).map(\.name)
        guard users.isEmpty else {
            let named = users.prefix(Self.namedJobs).joined(separator: ", ")
            let more = users.count - min(users.count, Self.namedJobs)
            throw Problem(
                .conflict,
                "\(record.key.name) is used by \(named)\(more > 0 ? " and \(more) more" : "").",
                hint: "rota job set \(users[0]) calendar=  , or give them another calendar"
            )
        }
        let edit = ObjectEdit(
            key: record.key,
            expecting: expecting,
            uid: record.uid,
            change: .delete
        )
        let batch = try await master.editor.commit(
            [edit],
            id: try call.requestID(),
            author: call.principal.name
        )
        let revision = batch.position.revision.description
        return .json(
            ["name": .string(record.key.name), "deleted": true, "rev": .string(revision)],
            headers: [(name: "Rota-Revision", value: revision)]
        )
    }
}
