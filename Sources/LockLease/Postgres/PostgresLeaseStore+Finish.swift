// How runs end: what is locked and read before the verdict.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    package func finish(
        _ session: SessionID,
        completions: [Completion]
    ) throws(StoreError) -> [FinishOutcome] {
        let deadline = link.deadline()
        let call = WriteCall(counter: .session(session), first: .looking) {
            model,
            now throws(StoreError) in
            model.finish(session, completions: completions, at: now)
        }
        return try write(call, until: deadline) { holding throws(LinkFailure) in
            try loadFinish(completions.map(\.run), holding, deadline)
        }
    }

    private func loadFinish(
        _ runs: [RunID],
        _ holding: Holding,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let ids = Parameter.texts(runs)
        let isTheirs = "uid IN (SELECT uid FROM open_run WHERE id=ANY($1))"
        let begin = holding == .locking ? [ServerLink.begin] : []
        let answers = try link.round(
            begin + [
                Step(SliceQuery.cursors(where: isTheirs, holding), [ids]),
                Step(SliceQuery.openRuns(where: "id=ANY($1)"), [ids]),
                Step(SliceQuery.anyTriggers(where: isTheirs), [ids]),
                Step("SELECT \(SliceQuery.clock(1))", [clock]),
            ],
            until: deadline
        ).dropFirst(begin.count)
        var slice = Slice(settings: settings)
        try add(Array(answers), to: &slice)
        let others = runs.filter { slice.model.runs[$0] == nil }
        guard !others.isEmpty else { return slice }
        let closed = try link.round(
            [Step(SliceQuery.closedRuns, [.texts(others)])],
            until: deadline
        )
        try link.decoding { () throws(StoreError) in try slice.addRuns(closed[0]) }
        // What is answered of these rests on the commit that closed them.
        slice.isRepeated = closed[0].count > 0
        return slice
    }

    /// Adds jobs, their open runs, what waits for them, and the clock.
    private func add(_ answers: [Rows], to slice: inout Slice) throws(LinkFailure) {
        try link.decoding { () throws(StoreError) in
            try slice.addJobs(answers[0])
            try slice.addRuns(answers[1])
            try slice.addTriggers(answers[2])
            slice.setClock(answers[3])
        }
        // A claim that committed between the statements; its job is there the next time.
        for id in slice.model.openRuns {
            guard let job = slice.model.runs[id]?.record.key.job else { continue }
            if slice.model.jobs[job] == nil { throw .collision(.overtaken) }
        }
    }

    package func closeSession(_ session: SessionID) throws(StoreError) {
        let deadline = link.deadline()
        let call = WriteCall(counter: .session(session)) { model, now throws(StoreError) in
            try model.closeSession(session, at: now)
        }
        return try write(call, until: deadline) { _ throws(LinkFailure) in
            let jobs = try jobs(ofOpenRuns: "session=$1", [.integer(session)], deadline)
            let lock = SliceQuery.sessions(where: "id=$1") + " FOR NO KEY UPDATE"
            let answers = try link.round(
                [
                    Step(SliceQuery.cursors(where: "uid=ANY($1)", .locking), [jobs]),
                    Step(lock, [.integer(session)]),
                    Step(SliceQuery.openRuns(where: "session=$1"), [.integer(session)]),
                    Step(SliceQuery.anyTriggers(where: "uid=ANY($1)"), [jobs]),
                    Step("SELECT \(SliceQuery.clock(1))", [clock]),
                ],
                until: deadline
            )
            var slice = Slice(settings: settings)
            try link.decoding { () throws(StoreError) in try slice.addSessions(answers[1]) }
            // What an expired session left open is for whoever takes over.
            guard slice.model.isLive(session) == true else {
                slice.isRepeated = slice.model.sessions[session] != nil
                return slice
            }
            try add([answers[0], answers[2], answers[3], answers[4]], to: &slice)
            return slice
        }
    }

    package func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int
    ) throws(StoreError) -> [RunRecord] {
        let deadline = link.deadline()
        let call = WriteCall(counter: .liveSession(session)) { model, now throws(StoreError) in
            try model.takeOver(dead, by: session, limit: limit, at: now)
        }
        return try write(call, until: deadline) { _ throws(LinkFailure) in
            let oldest = "id IN (SELECT id FROM open_run WHERE session=$1 ORDER BY id LIMIT $2)"
            let some: [Parameter] = [.integer(dead), .integer(Int64(clamping: max(0, limit)))]
            let jobs = try jobs(ofOpenRuns: oldest, some, deadline)
            let isOldest = "uid=ANY($3) AND \(oldest)"
            let both = [dead, session].map(\.rawValue)
            let answers = try link.round(
                [
                    Step(SliceQuery.cursors(where: "uid=ANY($1)", .locking), [jobs]),
                    Step(SliceQuery.openRuns(where: isOldest), some + [jobs]),
                    Step(SliceQuery.anyTriggers(where: "uid=ANY($1)"), [jobs]),
                    Step("SELECT \(SliceQuery.clock(1))", [clock]),
                    Step(SliceQuery.sessions(where: "id=ANY($1)"), [.integers(both)]),
                ],
                until: deadline
            )
            var slice = Slice(settings: settings)
            try add(answers, to: &slice)
            try link.decoding { () throws(StoreError) in try slice.addSessions(answers[4]) }
            return slice
        }
    }

    /// Begins a transaction, and finds the jobs of some open runs before anything is locked.
    private func jobs(
        ofOpenRuns condition: String,
        _ values: [Parameter],
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Parameter {
        let sql = "SELECT DISTINCT uid FROM open_run WHERE \(condition)"
        let answers = try link.round([ServerLink.begin, Step(sql, values)], until: deadline)
        let uids = try link.decoding { () throws(StoreError) in
            try answers[1].all("a run") { $0.text() }
        }
        return .texts(uids)
    }
}

extension PostgresError {
    /// Somebody committed between two statements that should have seen the same.
    fileprivate static let overtaken = Self(
        kind: .refused,
        code: .serializationFailure,
        message: "a claim came in between",
        work: "ending runs"
    )
}
