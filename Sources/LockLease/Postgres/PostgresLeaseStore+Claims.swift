// Claims: what is locked and read before the decision.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    package func claim(
        _ session: SessionID,
        id: RequestID,
        items: [ClaimItem]
    ) throws(StoreError) -> [ClaimOutcome] {
        try write(counting: .session(session), items: items) { deadline throws(LinkFailure) in
            try loadClaim(session, id, items, deadline)
        } decide: { model, now throws(StoreError) in
            try model.claim(session, id: id, items: items, at: now)
        }
    }

    private static let claimant = """
        SELECT \(SliceQuery.clock(3)), r.outcome, s.id, s.node, s.boot_id, s.pid, s.address,
        s.beat, s.term_ms, s.live, 0::int8 FROM (SELECT 1) AS one
        LEFT JOIN request AS r ON r.id=$2 LEFT JOIN session AS s ON s.id=$1
        """

    private func loadClaim(
        _ session: SessionID,
        _ id: RequestID,
        _ items: [ClaimItem],
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let triggers = items.compactMap(\.trigger)
        var steps = [
            ServerLink.begin,
            Step(SliceQuery.shareListAndSession, [lockSpace, .integer(session)]),
            Step(Self.claimant, [.integer(session), .text(id.text), clock]),
            Step(SliceQuery.cursors, [.texts(Set(items.map(\.job)))]),
        ]
        if !triggers.isEmpty {
            steps.append(
                Step(
                    SliceQuery.triggers(where: "id=ANY($1)"),
                    [.integers(triggers.map(\.rawValue))]
                )
            )
        }
        let answers = try link.round(steps, until: deadline)
        var slice = try link.decoding { () throws(StoreError) in
            var slice = try claimant(answers[2])
            slice.add(try answers[3].all("a job") { JobCursor(&$0) })
            if !triggers.isEmpty {
                slice.add(try answers[4].all("a trigger") { PendingTrigger(&$0) })
            }
            return slice
        }
        if let memory = answers[2].first?.bytes(1) {
            try recall(memory, id, items, &slice, deadline)
        } else {
            try addWhatOverlaps(items, &slice, deadline)
            try addCalendars(items, &slice, deadline)
        }
        return slice
    }

    private func claimant(_ rows: Rows) throws(StoreError) -> Slice {
        let now = rows.first?.integer(0) ?? 0
        var slice = Slice(now: Instant(unixMilliseconds: now), settings: settings)
        guard rows.first?.integer(2) != nil else { return slice }
        let views = try rows.all("a session") { columns -> SessionView? in
            _ = columns.integer()
            _ = columns.optionalBytes()
            return SessionView(&columns)
        }
        slice.add(views)
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
            slice.add(try answers[0].all("a trigger") { PendingTrigger(&$0) })
            slice.add(try answers[1].all("a run") { StoredRun(&$0) })
        }
    }

    /// Reads the calendars that instants were worked out by; their bodies decide nothing.
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
        try link.decoding { () throws(StoreError) in
            slice.add(try answers[0].all("a calendar") { ObjectRecord(&$0) })
        }
    }

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
