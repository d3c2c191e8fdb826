// How long closed things stay.

internal import Postgres
internal import Vocabulary

extension PostgresLeaseStore {
    package func prune(_ retention: StoreRetention) throws(StoreError) -> Int {
        let end = ContinuousClock.now.advanced(by: settings.sweepLimit)
        let reading = try link.read("SELECT \(SliceQuery.clock(1))", [clock]).first?.integer(0)
        let now = Instant(unixMilliseconds: reading ?? 0)
        let days = DayPartitions(link: link, now: now)
        var count = try days.dropOld(skips: retention.skips)
        count += try pruneRuns(at: now, until: end)
        count += try sweep([
            Step(
                "DELETE FROM skip WHERE at<$1",
                [.instant(now.advanced(by: .zero - retention.skips))]
            )
        ])
        count += try pruneSessions(now.advanced(by: .zero - deadSessionMemory))
        count += try pruneTombstones(now.advanced(by: .zero - retention.tombstones))
        count += try pruneBatches(keeping: retention.batches)
        let forgotten = now.advanced(by: .zero - settings.requestMemory)
        _ = try sweep([Self.forgetRequests(before: forgotten, limit: 100_000)])
        if count > 0 { _ = try sweep([Step("UPDATE meta SET writes=writes+1")]) }
        days.makeNext()
        return count
    }

    /// Removes some old requests, those that nobody is looking at.
    static func forgetRequests(before oldest: Instant, limit: Int) -> Step {
        Step(
            """
            DELETE FROM request WHERE id IN (SELECT id FROM request WHERE at<$1
            ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED)
            """,
            [.instant(oldest), .integer(limit)]
        )
    }

    /// Does `steps` in one transaction; answers how many rows the last one changed.
    private func sweep(_ steps: [Step]) throws(StoreError) -> Int {
        let deadline = link.deadline(settings.sweepLimit)
        do throws(LinkFailure) {
            try link.prepare(until: deadline)
            return try link.commit(steps, until: deadline)[steps.count - 1].changed
        } catch {
            link.rollBack()
            throw link.inStoreWords(error)
        }
    }

    /// Removes closed runs beyond what their job keeps, a thousand at a time.
    private func pruneRuns(
        at now: Instant,
        until end: ContinuousClock.Instant
    ) throws(StoreError) -> Int {
        let sql = """
            SELECT id FROM (
                SELECT id, finished_at, keep_runs, keep_ms, row_number() OVER (
                    PARTITION BY closed_run.uid ORDER BY id DESC) AS place
                FROM closed_run JOIN cursor ON cursor.uid=closed_run.uid) AS run
            WHERE place>keep_runs OR finished_at<$1-keep_ms LIMIT 100000
            """
        var count = 0
        while true {
            let ids = try link.read(sql, [.instant(now)]).all("a run") { $0.text() }
            for start in stride(from: 0, to: ids.count, by: 1_000) {
                let some = Array(ids[start..<min(start + 1_000, ids.count)])
                count += try sweep([
                    Step("DELETE FROM closed_run WHERE id=ANY($1)", [.texts(some)])
                ])
            }
            if ids.count < 100_000 || ContinuousClock.now >= end { return count }
        }
    }

    /// Removes dead sessions; what they counted is the store's from then on.
    private func pruneSessions(_ oldest: Instant) throws(StoreError) -> Int {
        let sum = { (counter: String) in
            "\(counter)=\(counter)+(SELECT coalesce(sum(\(counter)), 0)::int8 FROM counted)"
        }
        let sql = """
            WITH gone AS (DELETE FROM session WHERE NOT live AND ended_at<$1
                AND NOT EXISTS (SELECT FROM open_run WHERE open_run.session=session.id)
                RETURNING id, writes),
            counted AS (DELETE FROM tally USING gone WHERE session=id
                RETURNING tally.writes + gone.writes AS writes, triggers, kills)
            UPDATE meta SET \(sum("writes")), \(sum("triggers")), \(sum("kills"))
            RETURNING (SELECT count(*) FROM gone)
            """
        let deadline = link.deadline()
        do throws(LinkFailure) {
            try link.prepare(until: deadline)
            let step = Step(sql, [.instant(oldest)])
            return Int(try link.commit([step], until: deadline)[0].first?.integer(0) ?? 0)
        } catch {
            link.rollBack()
            throw link.inStoreWords(error)
        }
    }

    /// Removes what is left of jobs and objects that were deleted long ago.
    ///
    /// Shares the list, so that no edit comes in between: a new job of an old name must not start
    /// below the fences of the one before it.
    private func pruneTombstones(_ oldest: Instant) throws(StoreError) -> Int {
        let old = "(SELECT uid FROM cursor WHERE deleted_at<$1 AND open=0)"
        let values: [Parameter] = [.instant(oldest)]
        return try sweep([
            Step(SliceQuery.shareList, [lockSpace]),
            Step(SliceQuery.cursors(where: "deleted_at<$1 AND open=0", .locking), values),
            Step(
                """
                UPDATE meta SET fence_floor=greatest(fence_floor,
                (SELECT max(fence) FROM cursor WHERE uid IN \(old)))
                """,
                values
            ),
            Step("DELETE FROM closed_run WHERE uid IN \(old)", values),
            Step("DELETE FROM skip WHERE uid IN \(old)", values),
            Step("DELETE FROM cursor WHERE uid IN \(old)", values),
            Step(
                """
                DELETE FROM object WHERE deleted AND updated_at<$1
                AND NOT EXISTS (SELECT FROM cursor WHERE cursor.uid=object.uid)
                """,
                values
            ),
        ])
    }

    private func pruneBatches(keeping kept: Int) throws(StoreError) -> Int {
        let least: [Parameter] = [.integer(max(1, kept))]
        let gone = "sequence<=(SELECT floor FROM meta WHERE sequence>$1)"
        return try sweep([
            Step(
                "UPDATE meta SET floor=greatest(floor, sequence-$1) WHERE sequence>$1",
                least
            ),
            Step("DELETE FROM change WHERE \(gone)", least),
            Step("DELETE FROM batch WHERE \(gone)", least),
        ])
    }
}
