// What starts next, over all jobs of a tenant.

internal import CronEval
internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import Platform
internal import Vocabulary

/// `GET /v1/next`: the next instants, each with the node that is expected to go first.
struct NextRoutes: Sendable {
    /// How long one answer may take to bring the index up to date.
    private static let patience = Duration.seconds(3)
    /// Jobs that one answer looks at for those that its filters want.
    private static let lookLimit = 5_000

    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/v1/next", .role(.reader)) { call async throws(Problem) in
                try await next(call)
            }
        ]
    }

    /// What is wanted of the jobs.
    private struct Filter {
        var limit: Int
        var text: String?
        var label: String?
        var node: NodeName?
        var until: Instant?
        /// Whether a job comes with every instant and not only with its next.
        var isEach: Bool

        func wants(_ record: ObjectRecord, _ job: Job) -> Bool {
            (text.map { record.key.name.contains($0) } ?? true)
                && (label.map { label in
                    job.spec.labels.contains { $0.lowercased() == label }
                } ?? true)
        }
    }

    /// One instant of one job.
    private struct Row {
        let due: Instant
        let record: ObjectRecord
        let job: Job
        let schedule: Schedule
    }

    private func next(_ call: Call) async throws(Problem) -> HTTPResponse {
        try await ReadYourWrites.wait(for: call, feed: master.feed)
        let parameter = { (name: String) in call.request.parameter(name) }
        let filter = Filter(
            limit: try call.number("limit", default: 20, in: 1...1_000),
            text: parameter("q")?.lowercased(),
            label: parameter("label")?.lowercased(),
            node: parameter("node").map(NodeName.init),
            until: try parameter("until").map(RunRoutes.instant),
            isEach: parameter("each") == "1"
        )
        let now = SystemClock.wall
        let deadline = SystemClock.monotonic.advanced(by: Self.patience)
        let found = await master.upcoming.order(of: call.tenant, after: now, until: deadline)
        let (items, isAll) = await items(found.order, filter, tenant: call.tenant)
        return .json([
            "items": .array(items), "jobs": .integer(Int64(found.jobs)),
            "complete": .bool(found.isComplete && isAll), "now": .string(now.description),
        ])
    }

    private func items(
        _ order: UpcomingTable.Order,
        _ filter: Filter,
        tenant: String
    ) async -> (items: [Value], isAll: Bool) {
        var order = order
        var looked = 0
        var items: [Value] = []
        let members = master.gossip.members
        /// Later instants of jobs that have been told of, the soonest last.
        var later: [Row] = []
        var ahead = order.next()
        while items.count < filter.limit {
            let row: Row
            if let first = later.last, ahead.map({ first.due <= $0.due }) ?? true {
                later.removeLast()
                row = first
            } else if let turn = ahead {
                guard filter.until.map({ turn.due <= $0 }) ?? true else { return (items, true) }
                guard looked < Self.lookLimit else { return (items, false) }
                looked += 1
                ahead = order.next()
                guard let found = await self.row(turn, filter, tenant: tenant) else { continue }
                row = found
            } else {
                return (items, true)
            }
            guard filter.until.map({ row.due <= $0 }) ?? true else { continue }
            let placement = Placement(of: row.record.uid, row.job.spec, among: members)
            guard filter.node.map({ placement.able.first == $0 }) ?? true else { continue }
            items.append(Self.view(row, placement))
            if filter.isEach { Self.add(row, to: &later) }
        }
        return (items, true)
    }

    private func row(
        _ turn: UpcomingTable.Turn,
        _ filter: Filter,
        tenant: String
    ) async -> Row? {
        // What can be told from the name alone needs no reading.
        if let text = filter.text, !turn.name.contains(text) { return nil }
        let key = ObjectKey(tenant: tenant, kind: .job, name: turn.name)
        guard let record = try? await master.replica.record(key),
            let job = try? Editor.decode(record), filter.wants(record, job),
            let schedule = await master.schedules.schedule(of: record, job)
        else { return nil }
        return Row(due: turn.due, record: record, job: job, schedule: schedule)
    }

    /// Adds the instant after that of `row`, in its place.
    private static func add(_ row: Row, to later: inout [Row]) {
        guard let due = row.job.next(after: row.due, by: row.schedule) else { return }
        let next = Row(due: due, record: row.record, job: row.job, schedule: row.schedule)
        let index = later.firstIndex { $0.due < due } ?? later.count
        later.insert(next, at: index)
    }

    private static func view(_ row: Row, _ placement: Placement) -> Value {
        let able = placement.able
        return [
            "job": .string(row.record.key.name), "instant": .string(row.due.description),
            "words": .string(Views.words(of: row.job, row.schedule)),
            "time_zone": .string(row.schedule.zoneName),
            "node": able.first.map { .string($0.text) } ?? .null,
            "nodes": .array(able.prefix(5).map { .string($0.text) }),
            "not": .string(able.isEmpty ? placement.words.whoNot : ""),
        ]
    }
}
