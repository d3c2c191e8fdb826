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
        let timeline = JobTimeline(record: record, job: job, zones: master.zones)
        let instant = asked.flatMap { timeline.instant(atOrBefore: $0) } ?? (asked ?? now)
        let due = timeline.instant(atOrBefore: asked ?? now)
        let facts = WhyReport.Facts(
            now: now,
            at: due ?? instant,
            isDue: due != nil,
            schedule: timeline.text(at: due ?? instant),
            words: timeline.words(at: due ?? instant),
            next: timeline.next(after: now),
            job: job,
            isPausedThen: timeline.isPaused(at: due ?? instant),
            runs: try await runs(record.uid, due ?? instant),
            skips: try await skips(record.uid, due ?? instant),
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
