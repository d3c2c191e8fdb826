// How runs end: the verdict, the room it makes, and the attempt it causes, in one commit.

internal import SQLite
package import Vocabulary

extension SQLiteLeaseStore {
    package func finish(
        _ session: SessionID,
        completions: [Completion]
    ) throws(StoreError) -> [FinishOutcome] {
        let file = try file()
        return try file.write { () throws(StoreError) in
            let now = settings.clock()
            var outcomes: [FinishOutcome] = []
            for completion in completions {
                outcomes.append(try file.finish(completion, by: session, at: now))
            }
            return outcomes
        }
    }
}

/// How a run ends.
struct RunEnding {
    var state: RunState
    var exit: ExitStatus?
    var reason: String
    var retryDelay: Duration
}

extension Completion {
    /// Traps on a completion that completes nothing.
    var ending: RunEnding {
        precondition(!state.isOpen, "run \(run) was finished as open")
        return RunEnding(state: state, exit: exit, reason: reason, retryDelay: retryDelay)
    }
}

extension StoreFile {
    fileprivate func finish(
        _ completion: Completion,
        by session: SessionID,
        at now: Instant
    ) throws(StoreError) -> FinishOutcome {
        let ending = completion.ending
        guard let run = try storedRun(completion.run) else { return .noSuchRun }
        guard run.record.fence == completion.fence, run.record.session == session else {
            return .stale(run.record.state)
        }
        guard run.record.state.isOpen else {
            // The same report again: its first answer was lost.
            let isRepeated = run.record.state == completion.state
            return isRepeated ? .recorded(retry: run.retry) : .stale(run.record.state)
        }
        return .recorded(retry: try close(run, ending, at: now))
    }

    /// Closes an open run; answers the trigger of its next attempt, if there is one.
    func close(
        _ run: StoredRun,
        _ ending: RunEnding,
        at now: Instant
    ) throws(StoreError) -> TriggerID? {
        let record = run.record
        let job = try cursor(of: record.key.job)
        try self.run(
            "UPDATE cursor SET open=open-1 WHERE uid=?",
            [.text(record.key.job.text)]
        )
        var retry: TriggerID?
        if let job, !job.isDeleted,
            let next = run.lineage.next(
                after: ending.state,
                of: record.id,
                isKilled: record.kill != nil,
                gate: job.gate
            )
        {
            let key = RunKey(
                job: record.key.job,
                instant: record.key.instant,
                shard: record.key.shard,
                attempt: record.key.attempt + 1
            )
            let due = now.advanced(by: max(.zero, ending.retryDelay))
            retry = try add(key, of: job.name, next.cause, next.lineage, notBefore: due).id
        } else if try hasPending(record.key.job) {
            // There is room now for what waits.
            moveTriggers()
        }
        try self.run(
            """
            UPDATE run SET state=?, finished_at=?, reason=?, retry=?, exit_kind=?, exit=?
            WHERE id=?
            """,
            [
                .text(ending.state.rawValue), .instant(now), .text(ending.reason),
                .optional(retry?.rawValue),
            ] + ExitStatus.values(ending.exit) + [.text(record.id.text)]
        )
        return retry
    }

    /// Writes a trigger.
    func add(
        _ key: RunKey,
        of name: ObjectKey,
        _ cause: Cause,
        _ lineage: Lineage,
        notBefore: Instant
    ) throws(StoreError) -> Trigger {
        try run(
            """
            INSERT INTO pending(uid, instant, shard, shards, attempt, tenant, name, cause, detail,
            by_hand, retries, losses, not_before) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)
            """,
            key.values + [
                .text(name.tenant), .text(name.name), .text(cause.word), .text(cause.detail),
            ] + lineage.values + [.instant(notBefore)]
        )
        moveTriggers()
        return Trigger(
            id: TriggerID(lastInsertedRow),
            key: key,
            name: name,
            cause: cause,
            notBefore: notBefore
        )
    }

    func hasPending(_ job: UID) throws(StoreError) -> Bool {
        try first("SELECT 1 FROM pending WHERE uid=? LIMIT 1", [.text(job.text)]) { _ in true }
            ?? false
    }
}
