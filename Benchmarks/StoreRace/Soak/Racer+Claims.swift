// A racer's claims, and what it does with what it has won.

internal import Foundation
internal import LockLease
internal import Platform
internal import Vocabulary

extension Racer {
    /// Claims what is due, over and over.
    func race() async {
        var jobs: [ObjectRecord] = []
        var readAt: MonotonicInstant?
        while !isStopping {
            let now = SystemClock.monotonic
            do throws(StoreError) {
                // Read seldom, so that many claims go by a revision that an edit has passed.
                let age = readAt.map { $0.duration(to: now) } ?? .seconds(1)
                if age > .milliseconds(400) {
                    jobs = try await store.snapshot(after: nil, limit: 1_000).records
                        .filter { $0.key.kind == .job && !$0.isDeleted }
                    readAt = now
                }
                if let session, trusts(session.id) { try await claimDue(jobs, session.id) }
            } catch {
                if error == .sessionLost { readAt = nil }
            }
            try? await Task.sleep(for: .milliseconds(Int64.random(in: 5...60, using: &random)))
        }
    }

    private func claimDue(_ jobs: [ObjectRecord], _ session: SessionID) async throws(StoreError) {
        let cursors = try await store.cursors(of: jobs.map(\.uid))
        let now = SystemClock.wall
        var plans: [RunID: ObjectRecord] = [:]
        var items: [ClaimItem] = []
        for job in jobs.shuffled(using: &random) {
            guard let cursor = cursors[job.uid], let item = plan(job, from: cursor, to: now) else {
                continue
            }
            items.append(item)
            for run in item.plannedRuns { plans[run] = job }
        }
        for trigger in try await store.dueTriggers(limit: 20) {
            guard let job = jobs.first(where: { $0.uid == trigger.key.job }) else { continue }
            let run = RunID.make(at: now, using: &random)
            plans[run] = job
            items.append(
                ClaimItem(
                    job: job.uid,
                    revision: job.revision,
                    subject: .trigger(trigger.id, run: run)
                )
            )
        }
        guard !items.isEmpty else { return }
        let sentAt = Evidence.now
        let outcomes = try await claim(items, session)
        for grant in outcomes.flatMap(\.grants) {
            start(grant, plans[grant.run]?.revision ?? .zero, session, sentAt)
        }
    }

    /// The next instants of a job: a few are all run, of many only the newest.
    private func plan(_ job: ObjectRecord, from cursor: Instant, to now: Instant) -> ClaimItem? {
        let period = RaceJobs.period(of: job.key.name)
        let owed = (now.unixMilliseconds - cursor.unixMilliseconds) / period
        guard owed > 0 else { return nil }
        let end = cursor.advanced(by: .milliseconds(owed * period))
        let firstRun = owed > 4 ? owed : 1
        let runs = (firstRun...owed).map { number in
            PlannedRun(
                instant: cursor.advanced(by: .milliseconds(number * period)),
                run: RunID.make(at: now, using: &random),
                cause: number == owed ? .schedule : .catchUp
            )
        }
        var skips: [SkipRange] = []
        if firstRun > 1 {
            let through = cursor.advanced(by: .milliseconds((firstRun - 1) * period))
            skips.append(
                SkipRange(
                    from: cursor,
                    through: through,
                    count: Int(firstRun - 1),
                    reason: .misfire
                )
            )
        }
        return ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(from: cursor, to: end, runs: runs, skips: skips)
        )
    }

    /// Claims, and as long as the answer is lost claims the same again.
    private func claim(
        _ items: [ClaimItem],
        _ session: SessionID
    ) async throws(StoreError) -> [ClaimOutcome] {
        let id = RequestID("\(name)-\(RunID.make(at: SystemClock.wall, using: &random))")
        var mayBeDone = false
        while true {
            do throws(StoreError) {
                return try await store.claim(session, id: id, items: items)
            } catch {
                if case .unknown = error {
                    mayBeDone = true
                    evidence.write(.unknown(call: "claim"))
                }
                guard mayBeDone, error != .sessionLost else { throw error }
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    private func start(
        _ grant: Grant,
        _ revision: Revision,
        _ session: SessionID,
        _ sentAt: Int64
    ) {
        guard trusts(session), !isStopping else { return evidence.write(.drop(grant.run)) }
        evidence.write(
            .start(
                Evidence.Start(
                    run: grant.run,
                    job: grant.key.job,
                    instant: grant.key.instant,
                    attempt: grant.key.attempt,
                    fence: grant.fence,
                    revision: revision,
                    sentAt: sentAt,
                    node: name
                )
            )
        )
        running[grant.run] = false
        Task { await self.work(grant, session) }
    }

    /// A task that takes a moment and fails now and then.
    private func work(_ grant: Grant, _ session: SessionID) async {
        let steps = Int.random(in: 1...8, using: &random)
        for _ in 0..<steps where running[grant.run] == false {
            try? await Task.sleep(for: .milliseconds(10))
        }
        let isKilled = running[grant.run] == true
        let isFailed = Int.random(in: 0..<6, using: &random) == 0
        running[grant.run] = nil
        completions.append(
            (
                session,
                Completion(
                    run: grant.run,
                    fence: grant.fence,
                    state: isKilled ? .killed : isFailed ? .failed : .succeeded,
                    exit: .code(isFailed ? 1 : 0),
                    reason: "",
                    retryDelay: .milliseconds(Int64.random(in: 0...300, using: &random))
                )
            )
        )
    }

    /// Reports what has ended, in batches, as often as it takes.
    func report() async {
        while !isStopping || !completions.isEmpty || !running.isEmpty {
            if let session = completions.first?.session {
                let batch = completions.filter { $0.session == session }.prefix(50)
                    .map(\.completion)
                do throws(StoreError) {
                    _ = try await store.finish(session, completions: batch)
                    let done = Set(batch.map(\.run))
                    completions.removeAll { done.contains($0.completion.run) }
                } catch {
                    if case .unknown = error { evidence.write(.unknown(call: "finish")) }
                }
            }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

extension ClaimOutcome {
    var grants: [Grant] {
        switch self {
        case .won(let grants): grants
        case .taken, .stale, .disabled, .early, .gone: []
        }
    }
}

extension ClaimItem {
    var plannedRuns: [RunID] {
        switch subject {
        case .instants(from: _, to: _, let runs, skips: _): runs.map(\.run)
        case .trigger(_, let run): [run]
        }
    }
}
