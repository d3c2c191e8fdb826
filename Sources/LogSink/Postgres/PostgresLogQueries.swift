// What is asked of and written to the tables of the central log store.

internal import Postgres
internal import Vocabulary

/// Statements, and what their answers mean.
enum PostgresLogQueries {
    private static let fields = """
        id, byte_limit, end_offset, head_end, tail_start, is_head_full, closed_at IS NOT NULL
        """

    static func row(of run: RunID) -> Step {
        Step("SELECT \(fields) FROM log WHERE run = $1", [.text(run.text)])
    }

    static func row(_ answer: Rows) -> LogRow? {
        guard let row = answer.first, let number = row.integer(0), let limit = row.integer(1),
            let end = row.integer(2), let headEnd = row.integer(3), let start = row.integer(4),
            let isHeadFull = row.flag(5), let isClosed = row.flag(6)
        else { return nil }
        return LogRow(
            number: number,
            limit: limit,
            end: end,
            headEnd: headEnd,
            tailStart: start,
            isHeadFull: isHeadFull,
            isClosed: isClosed
        )
    }

    /// Where the chunks of the tail of `run` start.
    static func tailChunks(of run: RunID) -> Step {
        Step(
            """
            SELECT start FROM chunk JOIN log ON log.id = chunk.log
            WHERE run = $1 AND start >= tail_start ORDER BY start
            """,
            [.text(run.text)]
        )
    }

    /// The row of `run`, once for each of `count` chunks from the one at `offset` on, behind what
    /// is missing if it lies in there; or once if there are none.
    static func rowAndChunks(of run: RunID, from offset: Int64, count: Int) -> Step {
        Step(
            """
            SELECT \(fields), found.start, found.lines
            FROM log LEFT JOIN LATERAL (
                SELECT start, lines FROM chunk WHERE chunk.log = log.id AND start >= coalesce(
                    (SELECT max(start) FROM chunk WHERE chunk.log = log.id AND start <=
                        CASE WHEN $2 >= head_end AND $2 < tail_start THEN tail_start ELSE $2 END),
                    0)
                ORDER BY start LIMIT $3
            ) AS found ON true
            WHERE run = $1 ORDER BY found.start
            """,
            [.text(run.text), .integer(offset), .integer(count)]
        )
    }

    static func chunks(_ answer: Rows) -> [LogChunk] {
        answer.map { row -> LogChunk? in
            guard let start = row.integer(7), let lines = row.bytes(8) else { return nil }
            return LogChunk(start: start, packed: lines)
        }.compactMap { $0 }
    }

    static func open(_ run: RunID, job: UID, keep: Retention, at now: Instant) -> Step {
        Step(
            """
            INSERT INTO log(run, job, byte_limit, keep_runs, keep_age, opened_at)
            VALUES($1, $2, $3, $4, $5, $6) ON CONFLICT(run) DO NOTHING
            """,
            [
                .text(run.text), .text(job.text), .integer(max(0, keep.logBytes)),
                .integer(max(0, keep.runs)), .integer(keep.ageInMilliseconds),
                .integer(now.unixMilliseconds),
            ]
        )
    }

    static func note(_ facts: RunFacts, of run: RunID) -> Step {
        Step(
            "UPDATE log SET facts = $2 WHERE run = $1 RETURNING id",
            [.text(run.text), .text(facts.text)]
        )
    }

    static func facts(of run: RunID) -> Step {
        Step("SELECT facts FROM log WHERE run = $1", [.text(run.text)])
    }

    static func close(_ run: RunID, at now: Instant) -> Step {
        Step(
            "UPDATE log SET closed_at = $2 WHERE run = $1 AND closed_at IS NULL",
            [.text(run.text), .integer(now.unixMilliseconds)]
        )
    }

    /// Stores what is new in `buffer`, if the log is still as the buffer knew it; answers a row
    /// then.
    static func store(_ buffer: LogBuffer) -> Step {
        let layout = buffer.layout
        let change = layout.change
        return Step(
            """
            WITH moved AS (
                UPDATE log SET end_offset = $3, head_end = $4, tail_start = $5,
                    is_head_full = $6, kept = $7
                WHERE id = $1 AND end_offset = $2 AND closed_at IS NULL RETURNING id
            ), written AS (
                INSERT INTO chunk(log, start, lines)
                SELECT id, new.start, new.lines
                FROM moved, unnest($8::int8[], $9::bytea[]) AS new(start, lines)
                ON CONFLICT (log, start) DO UPDATE SET lines = excluded.lines
            ), dropped AS (
                DELETE FROM chunk WHERE log = (SELECT id FROM moved)
                AND start >= $10 AND start < $11
            )
            SELECT id FROM moved
            """,
            [
                .integer(buffer.number), .integer(layout.storedEnd), .integer(layout.end),
                .integer(layout.missing.lowerBound), .integer(layout.missing.upperBound),
                .flag(layout.isHeadFull), .integer(layout.kept),
                .integers(change.writes.map(\.start)), .blobs(change.writes.map(\.packed)),
                .integer(change.dropped.lowerBound), .integer(change.dropped.upperBound),
            ]
        )
    }

    /// Where each of the logs of `runs` ends and whether it is closed.
    static func ends(of runs: [RunID]) -> Step {
        Step(
            "SELECT run, end_offset, closed_at IS NOT NULL FROM log WHERE run = ANY($1)",
            [.texts(runs.map(\.text))]
        )
    }

    /// Where the logs end that are not closed.
    static func ends(_ answer: Rows) -> [RunID: Int64] {
        var ends: [RunID: Int64] = [:]
        let open = answer.map { row -> (String, Int64)? in
            guard row.flag(2) == false, let run = row.text(0), let end = row.integer(1) else {
                return nil
            }
            return (run, end)
        }
        for (run, end) in open.compactMap({ $0 }) { ends[RunID(run)] = end }
        return ends
    }

    // MARK: Retention

    /// Closed logs that a job or the policy gives up by age and count.
    static func surplusOfJobs(_ policy: LogRetention) -> Step {
        Step(
            """
            SELECT id, run FROM (
                SELECT id, run, closed_at, row_number() OVER runs AS place,
                    first_value(keep_runs) OVER runs AS keep_runs,
                    first_value(keep_age) OVER runs AS keep_age
                FROM log WINDOW runs AS (PARTITION BY job ORDER BY run DESC)
            ) AS ranked WHERE closed_at IS NOT NULL
                AND (place > least($1, keep_runs) OR closed_at < $2 - least($3, keep_age))
            LIMIT $4
            """,
            [
                .integer(max(0, policy.runsPerJob)), .integer(policy.now.unixMilliseconds),
                .integer(policy.ageInMilliseconds), .integer(SurplusLog.batch),
            ]
        )
    }

    /// Closed logs that are too much for the whole, the first closed first.
    static func surplusBySize(_ policy: LogRetention) -> Step {
        Step(
            """
            SELECT id, run FROM (
                SELECT id, run, closed_at,
                    sum(kept) OVER (ORDER BY closed_at IS NULL DESC, closed_at DESC, run DESC
                        ROWS UNBOUNDED PRECEDING) AS bytes
                FROM log
            ) AS summed WHERE bytes > $1 AND closed_at IS NOT NULL
            ORDER BY closed_at, run LIMIT $2
            """,
            [.integer(policy.totalBytes), .integer(SurplusLog.batch)]
        )
    }

    static func surplus(_ answer: Rows) -> [SurplusLog] {
        answer.map { row -> SurplusLog? in
            guard let number = row.integer(0), let run = row.text(1) else { return nil }
            return SurplusLog(number: number, run: RunID(run))
        }.compactMap { $0 }
    }

    /// Removes `logs`; answers a row for each that was there.
    static func remove(_ logs: ArraySlice<SurplusLog>) -> Step {
        Step(
            """
            WITH gone AS (DELETE FROM chunk WHERE log = ANY($1))
            DELETE FROM log WHERE id = ANY($1) RETURNING id
            """,
            [.integers(logs.map(\.number))]
        )
    }
}
