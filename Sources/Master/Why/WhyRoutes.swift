// Why a job did, did not, or will not start.

internal import CronEval
internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import Platform
internal import Vocabulary

/// `GET /v1/jobs/{name}/why`: gathers the facts for ``WhyReport``.
struct WhyRoutes: Sendable {
    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/v1/jobs/{name}/why", .role(.reader)) { call async throws(Problem) in
                try await why(call)
            }
        ]
    }

    private func why(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (record, job) = try await master.editor.job(call.capture("name"), tenant: call.tenant)
        let now = SystemClock.wall
        let asked = try call.request.parameter("at").map(RunRoutes.instant)
        let timeline = JobTimeline(
            record: record,
            job: job,
            calendars: await calendars(of: job, tenant: call.tenant),
            zones: master.zones
        )
        let due = timeline.instant(atOrBefore: asked ?? now)
        let bare = timeline.bareInstant(atOrBefore: asked ?? now)
        // Later than anything due: a calendar took it out, or moved it away.
        let isTakenOut = bare.map { bare in due.map { $0 < bare } ?? true } ?? false
        let at = (isTakenOut ? bare : due) ?? asked ?? now
        let span = timeline.span(at: at)
        let facts = WhyReport.Facts(
            now: now,
            at: at,
            isDue: due != nil || isTakenOut,
            schedule: span?.stretch.schedule ?? job.spec.schedule,
            words: span?.bare?.words ?? "only by hand",
            calendars: span.map { CalendarWords.lines(on: at, in: $0, zones: master.zones) } ?? [],
            isTakenOut: isTakenOut,
            next: timeline.next(after: now),
            job: job,
            isPausedThen: span?.stretch.isPaused ?? false,
            runs: try await runs(record.uid, at),
            skips: try await skips(record.uid, at),
            cursor: try await cursor(record.uid),
            waiting: try await waiting(record.uid),
            candidates: candidates(record.uid, job)
        )
        let report = WhyReport(facts)
        return .json([
            "job": .string(record.key.name), "at": .string(facts.at.description),
            "verdict": .string(report.verdict), "text": .array(report.lines.map { .string($0) }),
            "runs": .array(facts.runs.map { Views.run($0, isLost: $0.state == .lost) }),
            "next": Views.optional(facts.next),
        ])
    }

    /// The calendars of the present and of past schedules.
    private func calendars(of job: Job, tenant: String) async -> [String: DatedCalendar] {
        var found: [String: DatedCalendar] = [:]
        for use in Set(job.stretches.compactMap(\.rules.calendar)) {
            found.merge(await master.calendars.all(of: use, in: tenant)) { $1 }
        }
        return found
    }

    private func runs(_ job: UID, _ instant: Instant) async throws(Problem) -> [RunRecord] {
        var filter = RunFilter()
        filter.job = job
        filter.from = instant
        filter.through = instant
        let wanted = filter
        return try await master.ask { store async throws(StoreError) in
            try await store.runs(wanted)
        }
    }

    private func skips(_ job: UID, _ instant: Instant) async throws(Problem) -> [SkipRange] {
        let skips = try await master.ask { store async throws(StoreError) in
            try await store.skips(of: job, from: instant, through: instant, limit: 10)
        }
        // A range is open at its start.
        return skips.filter { $0.from < instant && instant <= $0.through }
    }

    private func cursor(_ job: UID) async throws(Problem) -> Instant? {
        try await master.ask { store async throws(StoreError) in
            try await store.cursors(of: [job])
        }[job]
    }

    private func waiting(_ job: UID) async throws(Problem) -> [Trigger] {
        try await master.ask { store async throws(StoreError) in
            try await store.waitingTriggers(of: job)
        }
    }

    /// The nodes in the order in which they go first for this job, each with what keeps it out.
    private func candidates(_ job: UID, _ spec: Job) -> [WhyReport.Candidate] {
        let nodes = master.aliveNodes
        let order = VirtualShard(of: job).ranked(nodes.map(\.name))
        return order.compactMap { name in
            guard let member = nodes.first(where: { $0.name == name }) else { return nil }
            let fits = spec.spec.selector.matches(name: name, tags: member.tags)
            let obstacle = !fits ? "does not match where" : member.isDraining ? "draining" : nil
            return WhyReport.Candidate(name: name, obstacle: obstacle)
        }
    }
}
