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
        let (record, job) = try await find(call)
        let now = SystemClock.wall
        let asked = try call.request.parameter("at").map(RunRoutes.instant)
        let timeline = JobTimeline(
            record: record,
            job: job,
            calendars: await calendars(of: job, tenant: call.tenant),
            zones: master.zones
        )
        let waiting = try await waiting(record.uid)
        var others = waiting.map(\.key.instant)
        if let asked {
            let found = try await runs(record.uid, in: WhyQuestion.reach(of: asked))
            others += found.map(\.key.instant)
        }
        let question = WhyQuestion(asked, at: now, along: timeline, besides: others)
        var facts = WhyFacts(
            now: now,
            at: question.at,
            name: record.key.name,
            job: job,
            createdAt: record.createdAt,
            updatedAt: record.updatedAt,
            author: record.author,
            isDeleted: record.isDeleted,
            calling: question.calling,
            clock: timeline.clock(at: question.at, of: job),
            before: question.before,
            after: question.after,
            next: timeline.next(after: now),
            waiting: waiting
        )
        if let span = timeline.span(at: question.at) {
            facts.calendars = CalendarWords.lines(on: question.at, in: span, zones: master.zones)
        }
        try await addRecords(of: record, to: &facts)
        return .json(WhyView.document(facts, WhyReport(facts), of: record))
    }

    /// The job, or what is left of a deleted one.
    private func find(_ call: Call) async throws(Problem) -> (record: ObjectRecord, job: Job) {
        do throws(Problem) {
            return try await master.editor.job(call.capture("name"), tenant: call.tenant)
        } catch {
            guard error.kind == .notFound else { throw error }
            let key = ObjectKey(tenant: call.tenant, kind: .job, name: call.capture("name"))
            let record = try await master.ask { store async throws(StoreError) in
                try await store.object(key)
            }
            guard let record else { throw error }
            return (record, Job(spec: JobSpec(task: .shell(ShellTask(command: "")))))
        }
    }

    private func addRecords(
        of record: ObjectRecord,
        to facts: inout WhyFacts
    ) async throws(Problem) {
        let at = facts.at
        facts.runs = try await runs(record.uid, in: at...at)
            .sorted { ($0.key.attempt, $0.id) < ($1.key.attempt, $1.id) }
        facts.skip = try await skip(record.uid, at)
        if facts.skip?.reason == .overlap {
            facts.rival = try await rival(record.uid, at)
        }
        facts.cursor = try await cursor(record.uid)
        if facts.runs.contains(where: \.state.isOpen) {
            facts.living = try await master.liveSessions()
        }
        facts.placement = Placement(
            of: record.uid,
            facts.job.spec,
            among: master.gossip.members
        )
    }

    /// The calendars of the present and of past schedules.
    private func calendars(of job: Job, tenant: String) async -> [String: DatedCalendar] {
        var found: [String: DatedCalendar] = [:]
        for use in Set(job.stretches.compactMap(\.rules.calendar)) {
            found.merge(await master.calendars.all(of: use, in: tenant)) { $1 }
        }
        return found
    }

    private func runs(
        _ job: UID,
        in instants: ClosedRange<Instant>
    ) async throws(Problem) -> [RunRecord] {
        var filter = RunFilter()
        filter.job = job
        filter.from = instants.lowerBound
        filter.through = instants.upperBound
        let wanted = filter
        return try await master.ask { store async throws(StoreError) in
            try await store.runs(wanted)
        }
    }

    /// A run that was under way at `instant`, if its record is still kept.
    private func rival(_ job: UID, _ instant: Instant) async throws(Problem) -> RunRecord? {
        let day = instant.advanced(by: .seconds(-86_400))
        return try await runs(job, in: day...instant).first { run in
            run.key.instant < instant && run.claimedAt <= instant.advanced(by: .seconds(60))
                && run.finishedAt.map { $0 > instant } ?? true
        }
    }

    private func skip(_ job: UID, _ instant: Instant) async throws(Problem) -> SkipRange? {
        let skips = try await master.ask { store async throws(StoreError) in
            try await store.skips(of: job, from: instant, through: instant, limit: 10)
        }
        // A range is open at its start.
        return skips.first { $0.from < instant && instant <= $0.through }
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
}

extension JobTimeline {
    /// The schedule that was, is or will be in force at `instant`.
    func clock(at instant: Instant, of job: Job) -> WhyFacts.Clock {
        guard let span = span(at: instant) else {
            return WhyFacts.Clock(schedule: nil, zone: job.spec.timeZone, words: "")
        }
        let isFirst = spans.first.map { $0.stretch.through == span.stretch.through } ?? false
        return WhyFacts.Clock(
            schedule: span.stretch.schedule,
            zone: span.stretch.timeZone,
            words: span.bare?.words ?? "only by hand",
            until: span.stretch.isPast ? span.stretch.through : nil,
            isGuessed: isFirst && job.eras.count >= JobSpec.eraLimit,
            isPaused: span.stretch.isPaused
        )
    }
}
