// Claims: the cursor's compare-and-set, and everything that is decided with it.

internal import SQLite
package import Vocabulary

extension SQLiteLeaseStore {
    package func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) throws(StoreError) -> [ClaimOutcome] {
        for item in items { item.checkPlan() }
        let file = try file()
        return try file.write { () throws(StoreError) in
            let claim = try Claim(
                session: session,
                node: liveNode(of: session, in: file),
                now: settings.clock(),
                tolerance: settings.tolerance
            )
            if let kept = try file.rememberedClaim(id, items) { return kept }
            var outcomes: [ClaimOutcome] = []
            var memory = PackedBytes()
            var calendars = CalendarStates(file: file)
            for item in items {
                let outcome = try file.decide(item, for: claim, by: &calendars)
                memory.put(outcome, of: item)
                outcomes.append(outcome)
            }
            // Losing writes nothing, which makes it nearly free.
            guard outcomes.contains(where: \.isWon) else { return outcomes }
            _ = try file.raiseBeat(of: session)
            try file.remember(id, memory, at: claim.now)
            return outcomes
        }
    }

    private func liveNode(
        of session: SessionID,
        in file: StoreFile
    ) throws(StoreError) -> NodeName {
        let name = try file.first(
            "SELECT node FROM session WHERE id=? AND live=1",
            [.integer(session.rawValue)]
        ) { NodeName($0.text(0)) }
        guard let name else { throw .sessionLost }
        return name
    }

    package func cursors(of jobs: [UID]) throws(StoreError) -> [UID: Instant] {
        let file = try file()
        return try file.read { () throws(StoreError) in
            var cursors: [UID: Instant] = [:]
            for job in jobs {
                cursors[job] = try file.first(
                    "SELECT at FROM cursor WHERE uid=? AND deleted_at IS NULL",
                    [.text(job.text)]
                ) { Instant(unixMilliseconds: $0.integer(0)) }
            }
            return cursors
        }
    }
}

extension ClaimOutcome {
    var isWon: Bool {
        switch self {
        case .won: true
        case .taken, .stale, .disabled, .early, .gone: false
        }
    }
}

/// Who claims, and when by the store's clock.
struct Claim {
    let session: SessionID
    let node: NodeName
    let now: Instant
    let tolerance: Duration

    func isEarly(_ instant: Instant) -> Bool {
        instant > now.advanced(by: tolerance)
    }
}

/// The calendars that the items of one claim go by, each read once.
private struct CalendarStates {
    let file: StoreFile
    private typealias State = (digest: Digest?, revision: Revision)
    private var states: [ObjectKey: State] = [:]

    init(file: StoreFile) {
        self.file = file
    }

    /// The revision of a calendar that `item` knows another state of; zero for one that is gone.
    mutating func newer(than item: ClaimItem, tenant: String) throws(StoreError) -> Revision? {
        for mark in item.calendars {
            let key = ObjectKey(tenant: tenant, kind: .calendar, name: mark.name)
            let state = try state(of: key)
            guard state.digest == mark.digest else { return state.revision }
        }
        return nil
    }

    private mutating func state(of key: ObjectKey) throws(StoreError) -> State {
        if let known = states[key] { return known }
        let record = try file.object(key)
        let digest = record?.isDeleted == false ? record?.digest : nil
        let state = (digest, record?.revision ?? .zero)
        states[key] = state
        return state
    }
}

extension StoreFile {
    /// The first outcome of a claim that won something, if this is its repetition.
    fileprivate func rememberedClaim(
        _ id: RequestID,
        _ items: [ClaimItem]
    ) throws(StoreError) -> [ClaimOutcome]? {
        guard var kept = try remembered(id) else { return nil }
        var outcomes: [ClaimOutcome] = []
        for item in items {
            switch kept.outcome() {
            case .other(let outcome): outcomes.append(outcome)
            case .won(let digest, let granted):
                outcomes.append(.won(try grants(granted, digest, item)))
            case nil: throw .unavailable("request \(id) was sent before with fewer items")
            }
        }
        return outcomes
    }

    private func grants(
        _ granted: [RememberedOutcome.Granted],
        _ digest: Digest,
        _ item: ClaimItem
    ) throws(StoreError) -> [Grant] {
        let ids = item.runIDs
        var grants: [Grant] = []
        for one in granted where ids.indices.contains(one.place) {
            // A run that is closed and pruned needs no second start.
            guard let run = try storedRun(ids[one.place])?.record else { continue }
            grants.append(
                Grant(
                    run: run.id,
                    key: run.key,
                    cause: run.cause,
                    fence: one.fence,
                    digest: digest
                )
            )
        }
        return grants
    }

    fileprivate func decide(
        _ item: ClaimItem,
        for claim: Claim,
        by calendars: inout CalendarStates
    ) throws(StoreError) -> ClaimOutcome {
        guard let job = try cursor(of: item.job), !job.isDeleted else { return .gone }
        guard job.revision == item.revision else { return .stale(current: job.revision) }
        switch item.subject {
        case .instants(let from, let to, let runs, let skips):
            if let newer = try calendars.newer(than: item, tenant: job.name.tenant) {
                return .stale(current: newer)
            }
            guard job.at == from else { return .taken(cursor: job.at) }
            guard job.gate.isEnabled || runs.isEmpty else { return .disabled }
            guard !claim.isEarly(to) else { return .early(clock: claim.now) }
            return .won(try settle(job, through: to, runs, skips, for: claim))
        case .trigger(let id, let run):
            guard let pending = try pending(id), pending.trigger.key.job == item.job else {
                return .taken(cursor: job.at)
            }
            guard job.admits(pending.trigger.cause) else { return .disabled }
            guard !claim.isEarly(pending.trigger.notBefore) else {
                return .early(clock: claim.now)
            }
            guard job.hasRoom else { return .taken(cursor: job.at) }
            return .won([try start(pending, as: run, of: job, for: claim)])
        }
    }

    /// Gives every instant up to `to` its verdict.
    private func settle(
        _ before: JobCursor,
        through to: Instant,
        _ runs: [PlannedRun],
        _ skips: [SkipRange],
        for claim: Claim
    ) throws(StoreError) -> [Grant] {
        var job = before
        let isQueued =
            if job.gate.overlap == .queue { try hasPending(job.uid, .queued) } else { false }
        let plan = OverlapPlan(runs, job: job, isQueued: isQueued)
        for skip in skips { try put(skip, of: job.uid, at: claim.now) }
        if plan.supersedesWaiting { try supersedeWaiting(job.uid, at: claim.now) }
        if plan.killsOpen {
            try killOpenRuns(of: job.uid, author: KillOrder.replacer, at: claim.now)
        }
        var grants: [Grant] = []
        for (planned, verdict) in zip(runs, plan.verdicts) {
            let key = RunKey(job: job.uid, instant: planned.instant)
            switch verdict {
            case .start:
                let fence = job.takeFence()
                let grant = Grant(
                    run: planned.run,
                    key: key,
                    cause: planned.cause,
                    fence: fence,
                    digest: job.digest
                )
                try open(grant, Lineage(), of: job, for: claim)
                grants.append(grant)
            case .wait(let cause):
                _ = try add(key, of: job.name, cause, Lineage(), notBefore: claim.now)
            case .skip(let reason):
                try put(.single(planned.instant, because: reason), of: job.uid, at: claim.now)
            }
        }
        job.at = to
        try move(job)
        return grants
    }

    /// Turns a trigger into a run.
    private func start(
        _ pending: PendingTrigger,
        as id: RunID,
        of before: JobCursor,
        for claim: Claim
    ) throws(StoreError) -> Grant {
        var job = before
        let grant = Grant(
            run: id,
            key: pending.trigger.key,
            cause: pending.trigger.cause,
            fence: job.takeFence(),
            digest: job.digest
        )
        try run("DELETE FROM pending WHERE id=?", [.integer(pending.trigger.id.rawValue)])
        try open(grant, pending.lineage, of: job, for: claim)
        try move(job)
        return grant
    }

    private func open(
        _ grant: Grant,
        _ lineage: Lineage,
        of job: JobCursor,
        for claim: Claim
    ) throws(StoreError) {
        try claiming { statements throws(SQLiteError) in
            try statements.open(grant, lineage, of: job, for: claim)
        }
        noteChange()
    }

    /// Writes the job's new place, fence and count of open runs.
    private func move(_ job: JobCursor) throws(StoreError) {
        try claiming { statements throws(SQLiteError) in try statements.move(job) }
        noteChange()
    }

    func put(
        _ skip: SkipRange,
        of job: UID,
        at now: Instant
    ) throws(StoreError) {
        try run(
            """
            INSERT OR REPLACE INTO skip(uid, through, since, count, reason, at)
            VALUES(?, ?, ?, ?, ?, ?)
            """,
            [
                .text(job.text), .instant(skip.through), .instant(skip.from),
                .integer(skip.count), .text(skip.reason.rawValue), .instant(now),
            ]
        )
    }

    /// Gives replacements that still wait the verdict `superseded`.
    private func supersedeWaiting(_ job: UID, at now: Instant) throws(StoreError) {
        let waiting: [SQLValue] = [.text(job.text), .text(Cause.replacement.word)]
        let instants = try rows("SELECT instant FROM pending WHERE uid=? AND cause=?", waiting) {
            Instant(unixMilliseconds: $0.integer(0))
        }
        for instant in instants {
            try put(.single(instant, because: .superseded), of: job, at: now)
        }
        if !instants.isEmpty { try run("DELETE FROM pending WHERE uid=? AND cause=?", waiting) }
    }

    func hasPending(_ job: UID, _ cause: Cause) throws(StoreError) -> Bool {
        try first(
            "SELECT 1 FROM pending WHERE uid=? AND cause=? LIMIT 1",
            [.text(job.text), .text(cause.word)]
        ) { _ in true } ?? false
    }

    /// Records the order to end every open run of the job that has none yet.
    func killOpenRuns(of job: UID, author: String, at now: Instant) throws(StoreError) {
        let count = try run(
            """
            UPDATE run SET kill_author=?, kill_at=?
            WHERE uid=? AND state='open' AND kill_author IS NULL
            """,
            [.text(author), .instant(now), .text(job.text)]
        )
        if count > 0 { moveKills() }
    }
}
