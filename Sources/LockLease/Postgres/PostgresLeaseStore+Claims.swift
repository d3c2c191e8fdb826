// Claims: what is locked and read before the decision.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    package func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) throws(StoreError) -> [ClaimOutcome] {
        for item in items { item.checkPlan() }
        let deadline = link.deadline()
        let call = WriteCall(counter: .liveSession(session), first: .looking, items: items) {
            model,
            now throws(StoreError) in
            try model.claim(session, id: id, items: items, at: now)
        }
        if let slice = try recall(session, items, deadline) {
            let outcomes = try write(call, until: deadline, remembered: slice) {
                $0.allSatisfy(\.isWon)
            }
            if let outcomes { return outcomes }
        }
        return try write(call, until: deadline) { holding throws(LinkFailure) in
            try loadClaim(session, id, items, holding, deadline)
        }
    }

    /// What the items are decided by, as this store remembers it.
    private func recall(
        _ session: SessionID,
        _ items: [ClaimItem],
        _ deadline: Connection.Deadline
    ) throws(StoreError) -> Slice? {
        guard !items.isEmpty, !link.line.isUnconfirmed else { return nil }
        do throws(LinkFailure) {
            try link.prepare(until: deadline)
        } catch {
            throw link.inStoreWords(error)
        }
        memory.join(link.generation)
        return memory.slice(for: session, items, settings)
    }

    /// The clock, the memory of a request, and a session; where none of that is, still a row.
    private static let claimant = """
        SELECT \(SliceQuery.clock(3)), r.outcome, s.id, s.node, s.boot_id, s.pid, s.address,
        s.beat, s.term_ms, s.live, 0::int8 FROM (SELECT 1) AS one
        LEFT JOIN request AS r ON r.id=$2 LEFT JOIN session AS s ON s.id=$1
        """

    private func loadClaim(
        _ session: SessionID,
        _ id: RequestID,
        _ items: [ClaimItem],
        _ holding: Holding,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        var steps: [Step] = []
        if holding == .locking {
            steps.append(ServerLink.begin)
            if items.contains(where: { !$0.calendars.isEmpty }) {
                steps.append(Step(SliceQuery.shareList, [lockSpace]))
            }
        }
        let first = steps.count
        // The memory is asked for behind the cursors: whoever finds them moved by an earlier
        // sending of this very request finds that as well.
        steps.append(
            Step(
                SliceQuery.cursors(where: "uid=ANY($1)", holding),
                [.texts(Set(items.map(\.job)))]
            )
        )
        steps.append(Step(Self.claimant, [.integer(session), .text(id.text), clock]))
        let triggers = items.compactMap(\.trigger).map(\.rawValue)
        if !triggers.isEmpty {
            steps.append(Step(SliceQuery.triggers(where: "id=ANY($1)"), [.integers(triggers)]))
        }
        let answers = try link.round(steps, until: deadline)
        var slice = try link.decoding { () throws(StoreError) in
            var slice = Slice(settings: settings)
            try slice.addJobs(answers[first])
            try slice.addClaimant(answers[first + 1])
            if !triggers.isEmpty { try slice.addTriggers(answers[first + 2]) }
            return slice
        }
        if let view = slice.model.sessions[session]?.view { memory.remember(view) }
        if let memory = answers[first + 1].first?.bytes(1) {
            try recall(memory, id, items, &slice, deadline)
        } else {
            try addWhatOverlaps(items, &slice, deadline)
            try addCalendars(items, &slice, deadline)
        }
        return slice
    }

    /// Reads what waits or runs of jobs whose policy looks at it.
    private func addWhatOverlaps(
        _ items: [ClaimItem],
        _ slice: inout Slice,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) {
        var (waiting, running): ([UID], [UID]) = ([], [])
        for case let job? in Set(items.map(\.job)).map({ slice.model.jobs[$0]?.cursor }) {
            switch job.gate.overlap {
            case .forbid, .allow: break
            case .queue: waiting.append(job.uid)
            case .replace:
                waiting.append(job.uid)
                if job.open > 0 { running.append(job.uid) }
            }
        }
        guard !waiting.isEmpty else { return }
        let isInTheWay = "uid=ANY($1) AND cause IN ('queued', 'replacement')"
        let answers = try link.round(
            [
                Step(SliceQuery.triggers(where: isInTheWay), [.texts(waiting)]),
                Step(SliceQuery.openRuns(where: "uid=ANY($1)"), [.texts(running)]),
            ],
            until: deadline
        )
        try link.decoding { () throws(StoreError) in
            try slice.addTriggers(answers[0])
            try slice.addRuns(answers[1])
        }
    }

    /// Reads the calendars that instants were worked out by; their bodies decide nothing.
    ///
    /// They are looked at again behind the lock of the list, so that no edit of one that has
    /// returned is missed.
    private func addCalendars(
        _ items: [ClaimItem],
        _ slice: inout Slice,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) {
        var keys: Set<ObjectKey> = []
        for item in items {
            guard let job = slice.model.jobs[item.job]?.cursor else { continue }
            for mark in item.calendars {
                keys.insert(ObjectKey(tenant: job.name.tenant, kind: .calendar, name: mark.name))
            }
        }
        guard !keys.isEmpty else { return }
        let sql = """
            SELECT tenant, kind, name, uid, version, epoch, sequence, deleted, ''::bytea, digest,
            created_at, updated_at, author FROM object JOIN
            unnest($1::text[], $2::text[]) AS v(tenant, name) USING (tenant, name)
            WHERE kind='calendar'
            """
        let keyed = keys.sorted()
        let answers = try link.round(
            [Step(sql, [.texts(keyed.map(\.tenant)), .texts(keyed.map(\.name))])],
            until: deadline
        )
        try link.decoding { () throws(StoreError) in try slice.addObjects(answers[0]) }
        let found = keyed.compactMap { slice.model.objects[$0] }
        slice.guards = [
            Step(SliceQuery.shareList, [lockSpace]),
            Step(
                Self.checkCalendars,
                [
                    .texts(found.map(\.key.tenant)), .texts(found.map(\.key.name)),
                    .integers(found.map { Int64($0.revision.epoch) }),
                    .integers(found.map { Int64(clamping: $0.revision.sequence) }),
                    .integer(found.count),
                ]
            ),
        ]
    }

    /// Divides by zero unless the calendars are as they were seen, now that no edit can come.
    private static let checkCalendars = """
        SELECT 1 / (count(*) = $5)::int4 FROM object JOIN
        unnest($1::text[], $2::text[], $3::int8[], $4::int8[]) AS v(tenant, name, epoch, sequence)
        USING (tenant, name, epoch, sequence) WHERE kind='calendar'
        """

    /// Brings back the outcomes that this very request had.
    private func recall(
        _ memory: [UInt8],
        _ id: RequestID,
        _ items: [ClaimItem],
        _ slice: inout Slice,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) {
        let ids = Parameter.texts(items.flatMap(\.runIDs))
        let answers = try link.round(
            [
                Step(SliceQuery.openRuns(where: "id=ANY($1)"), [ids]),
                Step(SliceQuery.closedRuns, [ids]),
            ],
            until: deadline
        )
        try link.decoding { () throws(StoreError) in
            var runs: [RunID: RunRecord] = [:]
            for rows in answers {
                for run in try rows.all("a run", { StoredRun(&$0) }) {
                    runs[run.record.id] = run.record
                }
            }
            var reader = PackedReader(memory)
            guard let outcomes = reader.outcomes(of: items, runs: runs) else {
                throw .unavailable("request \(id) was sent before with other items")
            }
            slice.model.requests[id] = .claim(outcomes)
            slice.isRepeated = true
        }
    }

    package func cursors(of jobs: [UID]) throws(StoreError) -> [UID: Instant] {
        let rows = try link.read(
            "SELECT uid, at FROM cursor WHERE uid=ANY($1) AND deleted_at IS NULL",
            [.texts(jobs)]
        )
        let found = try rows.all("a job") { (UID($0.text()), $0.instant()) }
        return Dictionary(found) { first, _ in first }
    }
}

extension Slice {
    /// The clock and the session, if there is one, from the claimant's row.
    fileprivate mutating func addClaimant(_ rows: Rows) throws(StoreError) {
        setClock(rows)
        guard rows.first?.integer(2) != nil else { return }
        let view = try rows.first("a session") { columns -> SessionView? in
            _ = columns.integer()
            _ = columns.optionalBytes()
            return SessionView(&columns)
        }
        if let view { model.sessions[view.id] = StoreModel.Session(view: view) }
    }
}

extension ClaimItem {
    fileprivate var trigger: TriggerID? {
        switch subject {
        case .instants: nil
        case .trigger(let id, run: _): id
        }
    }
}

extension PackedReader {
    /// The outcomes of a claim whose items are sent again; `nil` if there are fewer of them.
    ///
    /// A run that is closed and pruned needs no second start.
    fileprivate mutating func outcomes(
        of items: [ClaimItem],
        runs: [RunID: RunRecord]
    ) -> [ClaimOutcome]? {
        var outcomes: [ClaimOutcome] = []
        for item in items {
            switch outcome() {
            case .other(let outcome): outcomes.append(outcome)
            case .won(let digest, let granted):
                let ids = item.runIDs
                let grants = granted.compactMap { one -> Grant? in
                    guard ids.indices.contains(one.place), let run = runs[ids[one.place]] else {
                        return nil
                    }
                    return Grant(
                        run: run.id,
                        key: run.key,
                        cause: run.cause,
                        fence: one.fence,
                        digest: digest
                    )
                }
                outcomes.append(.won(grants))
            case nil: return nil
            }
        }
        return outcomes
    }
}
