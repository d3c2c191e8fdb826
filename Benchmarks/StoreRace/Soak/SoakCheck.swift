// Compares what the store says with what the racers wrote down.

internal import LockLease
internal import Vocabulary

/// Everything that is in the store after a soak.
struct StoreContents {
    var jobs: [ObjectRecord] = []
    var cursors: [UID: Instant] = [:]
    var runs: [RunRecord] = []
    var skips: [UID: [SkipRange]] = [:]
    var waiting: [UID: [Trigger]] = [:]
    var sessions: [SessionView] = []

    /// Reads it page by page.
    init(_ store: any LeaseStore) async throws(StoreError) {
        jobs = try await store.snapshot(after: nil, limit: 1_000).records
            .filter { $0.key.kind == .job && !$0.isDeleted }
        cursors = try await store.cursors(of: jobs.map(\.uid))
        var filter = RunFilter()
        filter.limit = 5_000
        while true {
            let page = try await store.runs(filter)
            runs += page
            guard let last = page.last else { break }
            filter.before = last.id
        }
        for job in jobs {
            skips[job.uid] = try await allSkips(of: job, in: store)
            waiting[job.uid] = try await store.waitingTriggers(of: job.uid)
        }
        sessions = try await store.sessions()
    }

    private func allSkips(
        of job: ObjectRecord,
        in store: any LeaseStore
    ) async throws(StoreError) -> [SkipRange] {
        var found: [SkipRange] = []
        var from = Instant.epoch
        let end = job.createdAt.advanced(by: .seconds(86_400 * 7))
        while true {
            let page = try await store.skips(of: job.uid, from: from, through: end, limit: 5_000)
            found += page
            guard page.count == 5_000, let last = page.last else { return found }
            from = last.through.advanced(by: .milliseconds(1))
        }
    }
}

/// Accounts for every start, every claim and every instant.
struct SoakCheck {
    private let contents: StoreContents
    private let starts: [Evidence.Start]
    private let dropped: Set<RunID>
    private let edits: [(job: UID, revision: Revision, at: Int64)]
    private let triggers: [(job: UID, instant: Instant)]
    private let runs: [RunID: RunRecord]
    private(set) var report: SoakReport

    init(_ contents: StoreContents, _ evidence: [Evidence], _ report: SoakReport) {
        self.contents = contents
        self.report = report
        var starts: [Evidence.Start] = []
        var dropped: Set<RunID> = []
        var edits: [(UID, Revision, Int64)] = []
        var triggers: [(UID, Instant)] = []
        for item in evidence {
            switch item {
            case .start(let start): starts.append(start)
            case .drop(let run): dropped.insert(run)
            case .edit(let job, let revision, let at): edits.append((job, revision, at))
            case .trigger(let job, let instant): triggers.append((job, instant))
            case .unknown(let call): self.report.unknown[call, default: 0] += 1
            }
        }
        (self.starts, self.dropped) = (starts, dropped)
        (self.edits, self.triggers) = (edits, triggers)
        runs = Dictionary(contents.runs.map { ($0.id, $0) }) { first, _ in first }
        self.report.claims = contents.runs.count
        self.report.starts = starts.count
        self.report.edits = edits.count
    }

    mutating func check() {
        checkDoubles()
        checkStarts()
        checkRuns()
        checkFences()
        checkInstants()
        checkEdits()
        checkTriggers()
        checkEnd()
    }

    private mutating func fault(_ sentence: String) {
        report.faults.append(sentence)
    }

    /// No run starts twice, nor do two runs of one name.
    private mutating func checkDoubles() {
        var seen: Set<RunID> = []
        var names: [String: RunID] = [:]
        for start in starts {
            if !seen.insert(start.run).inserted {
                report.doubles += 1
                fault("run \(start.run) was started twice")
            }
            let name =
                "\(start.job) \(start.instant) #\(start.attempt) \(isByHand(start.run))"
            if let other = names.updateValue(start.run, forKey: name), other != start.run {
                report.doubles += 1
                fault("\(name) was started as \(other) and as \(start.run)")
            }
        }
    }

    /// Whether the first attempt of a run was started by hand.
    private func isByHand(_ id: RunID) -> Bool {
        var next: RunID? = id
        for _ in 0..<50 {
            guard let id = next, let run = runs[id] else { return false }
            switch run.cause {
            case .manual, .backfill: return true
            case .retry(let before), .nodeLoss(let before): next = before
            case .schedule, .catchUp, .queued, .replacement: return false
            }
        }
        return false
    }

    /// Every start has a claim that says the same.
    private mutating func checkStarts() {
        for start in starts {
            guard let run = runs[start.run] else {
                fault("run \(start.run) was started and is not in the store")
                continue
            }
            if run.fence != start.fence || run.node.text != start.node
                || run.key.instant != start.instant || run.key.job != start.job
            {
                fault("run \(start.run) was started as something else than was claimed")
            }
        }
    }

    /// Every claim was started, or there is a reason on record.
    private mutating func checkRuns() {
        let started = Set(starts.map(\.run))
        for run in contents.runs {
            switch run.state {
            case .lost: report.explained += 1
            case .succeeded, .failed, .timedOut, .killed:
                if !started.contains(run.id) { fault("run \(run.id) ended and never started") }
            case .open: fault("run \(run.id) of \(run.node) is still open")
            }
        }
        for run in dropped where runs[run]?.state != .lost {
            fault("run \(run) was not started, and is \(runs[run]?.state.rawValue ?? "gone")")
        }
    }

    /// No two claims of one job have a fence in common.
    private mutating func checkFences() {
        for (job, runs) in Dictionary(grouping: contents.runs, by: \.key.job) {
            let fences = Set(runs.map(\.fence))
            if fences.count != runs.count { fault("a fence of \(job) was given out twice") }
        }
    }

    /// Every instant up to the cursor has one verdict: a run, a skip, or a place in the queue.
    private mutating func checkInstants() {
        for job in contents.jobs {
            let period = RaceJobs.period(of: job.key.name)
            guard let cursor = contents.cursors[job.uid] else {
                fault("job \(job.key.name) has no cursor")
                continue
            }
            var verdicts: [Int64: Int] = [:]
            for run in contents.runs
            where run.key.job == job.uid && run.key.attempt == 1 && !isByHand(run.id) {
                verdicts[run.key.instant.unixMilliseconds, default: 0] += 1
            }
            for trigger in contents.waiting[job.uid] ?? [] where trigger.key.attempt == 1 {
                verdicts[trigger.key.instant.unixMilliseconds, default: 0] += 1
            }
            let start = job.createdAt.unixMilliseconds
            for skip in contents.skips[job.uid] ?? [] {
                let first = (skip.from.unixMilliseconds - start) / period + 1
                let last = (skip.through.unixMilliseconds - start) / period
                guard first <= last else { continue }
                for number in first...last { verdicts[start + number * period, default: 0] += 1 }
            }
            let count = (cursor.unixMilliseconds - start) / period
            guard count > 0 else {
                fault("job \(job.key.name) was never claimed")
                continue
            }
            for number in 1...count {
                report.instants += 1
                switch verdicts[start + number * period] ?? 0 {
                case 1: break
                case 0: report.lost += 1
                case let many: fault("an instant of \(job.key.name) has \(many) verdicts")
                }
            }
        }
    }

    /// Nothing starts by a claim that was sent after a newer revision had been acknowledged.
    private mutating func checkEdits() {
        let byJob = Dictionary(grouping: edits, by: \.job)
        for start in starts {
            for edit in byJob[start.job] ?? []
            where edit.at < start.sentAt && edit.revision > start.revision {
                fault("run \(start.run) started under \(start.revision), after \(edit.revision)")
            }
        }
    }

    /// Every acknowledged run by hand was claimed or waits.
    private mutating func checkTriggers() {
        let claimed = Set(
            contents.runs.filter { isByHand($0.id) }
                .map { "\($0.key.job) \($0.key.instant)" }
        )
        for trigger in triggers {
            let isWaiting = contents.waiting[trigger.job]?.contains {
                $0.key.instant == trigger.instant
            }
            if !claimed.contains("\(trigger.job) \(trigger.instant)"), isWaiting != true {
                report.lost += 1
                fault("the run by hand of \(trigger.job) at \(trigger.instant) is gone")
            }
        }
    }

    /// Nothing is stuck once all faults are over.
    private mutating func checkEnd() {
        for session in contents.sessions where session.isLive || session.openRuns > 0 {
            fault("session \(session.id) of \(session.node.name) is left over")
        }
    }
}
