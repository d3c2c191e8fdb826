// The statements of which every claimed run needs one each, kept at hand.

internal import SQLite
internal import Vocabulary

/// What is run for every single claim: looking a statement up by its text would cost as much as the
/// statement.
struct ClaimStatements {
    private let cursor: Statement
    private let move: Statement
    private let open: Statement

    init(_ connection: Connection) throws(SQLiteError) {
        cursor = try connection.prepare("SELECT \(JobCursor.columns) FROM cursor WHERE uid=?")
        move = try connection.prepare("UPDATE cursor SET at=?, fence=?, open=? WHERE uid=?")
        open = try connection.prepare(
            """
            INSERT INTO run(id, uid, instant, shard, shards, attempt, tenant, name, cause, detail,
            by_hand, retries, losses, fence, epoch, sequence, node, session, state, claimed_at)
            VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
            """
        )
    }

    /// The job's row.
    ///
    /// Outer `nil`: there is no such job. Inner `nil`: its row makes no sense.
    func cursor(of job: UID) throws(SQLiteError) -> JobCursor?? {
        try cursor.first({ $0.put(job.text) }, row: { JobCursor(row: $0) })
    }

    func move(_ job: JobCursor) throws(SQLiteError) {
        try move.run { values in
            values.put(job.at.unixMilliseconds)
            values.put(job.fence.rawValue)
            values.put(job.open)
            values.put(job.uid.text)
        }
    }

    func open(
        _ grant: Grant,
        _ lineage: Lineage,
        of job: JobCursor,
        for claim: Claim
    ) throws(SQLiteError) {
        try open.run { values in
            values.put(grant.run.text)
            values.put(grant.key.job.text)
            values.put(grant.key.instant.unixMilliseconds)
            values.put(grant.key.shard.index)
            values.put(grant.key.shard.count)
            values.put(grant.key.attempt)
            values.put(job.name.tenant)
            values.put(job.name.name)
            values.put(grant.cause.word)
            values.put(grant.cause.detail)
            values.put(lineage.isByHand ? 1 : 0)
            values.put(lineage.retries)
            values.put(lineage.losses)
            values.put(grant.fence.rawValue)
            values.put(.epoch(job.revision))
            values.put(.sequence(job.revision))
            values.put(claim.node.text)
            values.put(claim.session.rawValue)
            values.put(RunState.open.rawValue)
            values.put(claim.now.unixMilliseconds)
        }
    }
}
