// How runs end: what is locked and read before the verdict.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    package func finish(
        _ session: SessionID,
        completions: [Completion]
    ) throws(StoreError) -> [FinishOutcome] {
        let outcomes = try write(counting: .session(session)) { deadline throws(LinkFailure) in
            try loadFinish(completions.map(\.run), deadline)
        } decide: { model, now throws(StoreError) in
            model.finish(session, completions: completions, at: now)
        }
        return outcomes
    }

    private func loadFinish(
        _ runs: [RunID],
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let ids = Parameter.texts(runs)
        let isTheirs = "uid IN (SELECT uid FROM open_run WHERE id=ANY($1))"
        let answers = try link.round(
            [
                ServerLink.begin,
                Step(SliceQuery.cursorsOfOpenRuns, [ids]),
                Step(SliceQuery.openRuns(where: "id=ANY($1)"), [ids]),
                Step(SliceQuery.anyTriggers(where: isTheirs), [ids]),
                Step("SELECT \(SliceQuery.clock(1))", [clock]),
            ],
            until: deadline
        )
        var slice = try link.decoding { () throws(StoreError) in
            let now = answers[4].first?.integer(0) ?? 0
            var slice = Slice(now: Instant(unixMilliseconds: now), settings: settings)
            slice.add(try answers[1].all("a job") { JobCursor(&$0) })
            slice.add(try answers[2].all("a run") { StoredRun(&$0) })
            slice.add(try answers[3].all("a trigger") { PendingTrigger(&$0) })
            return slice
        }
        // A claim that committed between the two statements has its cursor locked next time.
        for id in slice.model.openRuns {
            guard let job = slice.model.runs[id]?.record.key.job, slice.model.jobs[job] == nil else {
                continue
            }
            throw .collision(.overtaken)
        }
        let others = runs.filter { slice.model.runs[$0] == nil }
        guard !others.isEmpty else { return slice }
        let closed = try link.round([Step(SliceQuery.closedRuns, [.texts(others)])], until: deadline)
        try link.decoding { () throws(StoreError) in
            slice.add(try closed[0].all("a run") { StoredRun(&$0) })
        }
        // What is answered of these rests on the commit that closed them.
        slice.isRepeated = closed[0].count > 0
        return slice
    }

    package func closeSession(_ session: SessionID) throws(StoreError) {
        try write(counting: .session(session)) { deadline throws(LinkFailure) in
            let begin = [
                ServerLink.begin,
                Step(SliceQuery.lockSession, [lockSpace, .integer(session)]),
            ]
            var slice = try loadSessions(begin, [session], deadline)
            // What an expired session left open is for whoever takes over.
            guard slice.model.isLive(session) == true else {
                slice.isRepeated = slice.model.sessions[session] != nil
                return slice
            }
            try addOpenRuns(of: session, limit: .max, &slice, deadline)
            return slice
        } decide: { model, now throws(StoreError) in
            try model.closeSession(session, at: now)
        }
    }

    package func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int
    ) throws(StoreError) -> [RunRecord] {
        try write(counting: .session(session)) { deadline throws(LinkFailure) in
            let begin = [
                ServerLink.begin,
                Step(SliceQuery.shareSession, [lockSpace, .integer(session)]),
            ]
            var slice = try loadSessions(begin, [dead, session], deadline)
            guard slice.model.isLive(session) == true, slice.model.isLive(dead) == false else {
                return slice
            }
            try addOpenRuns(of: dead, limit: limit, &slice, deadline)
            return slice
        } decide: { model, now throws(StoreError) in
            try model.takeOver(dead, by: session, limit: limit, at: now)
        }
    }

    /// Reads sessions and the clock, behind the statements in `begin`.
    private func loadSessions(
        _ begin: [Step],
        _ sessions: [SessionID],
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let sql = "SELECT \(SliceQuery.sessionColumns), 0::int8 FROM session WHERE id=ANY($1)"
        let answers = try link.round(
            begin + [
                Step(sql, [.integers(sessions.map(\.rawValue))]),
                Step("SELECT \(SliceQuery.clock(1))", [clock]),
            ],
            until: deadline
        )
        return try link.decoding { () throws(StoreError) in
            let now = answers[begin.count + 1].first?.integer(0) ?? 0
            var slice = Slice(now: Instant(unixMilliseconds: now), settings: settings)
            slice.add(try answers[begin.count].all("a session") { SessionView(&$0) })
            return slice
        }
    }

    /// Locks the jobs of the oldest open runs of a session, and reads what is still open then.
    private func addOpenRuns(
        of session: SessionID,
        limit: Int,
        _ slice: inout Slice,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) {
        let candidates = try link.round(
            [
                Step(
                    "SELECT id, uid FROM open_run WHERE session=$1 ORDER BY id LIMIT $2",
                    [.integer(session), .integer(Int64(clamping: max(0, limit)))]
                )
            ],
            until: deadline
        )
        let found = try link.decoding { () throws(StoreError) in
            try candidates[0].all("a run") { ($0.text(), $0.text()) }
        }
        let jobs = Parameter.texts(Set(found.map(\.1)).map { $0 })
        let answers = try link.round(
            [
                Step(SliceQuery.cursors, [jobs]),
                Step(SliceQuery.openRuns(where: "id=ANY($1)"), [.texts(found.map(\.0))]),
                Step(SliceQuery.anyTriggers(where: "uid=ANY($1)"), [jobs]),
            ],
            until: deadline
        )
        try link.decoding { () throws(StoreError) in
            slice.add(try answers[0].all("a job") { JobCursor(&$0) })
            slice.add(try answers[1].all("a run") { StoredRun(&$0) })
            slice.add(try answers[2].all("a trigger") { PendingTrigger(&$0) })
        }
    }
}

extension PostgresError {
    /// Somebody committed between two statements that should have seen the same.
    fileprivate static let overtaken = Self(
        kind: .refused,
        code: .serializationFailure,
        message: "a claim came in between",
        work: "finishing runs"
    )
}
