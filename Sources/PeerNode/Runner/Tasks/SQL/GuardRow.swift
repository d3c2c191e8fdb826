// The row that makes the effect of an SQL task happen at most once.

internal import LockLease
internal import ODBC
internal import Vocabulary

/// What one attempt writes into the target's table `rota_guard`, and what it makes of another's.
///
/// The row is part of the task's own transaction, so it is there if and only if the effect is. Its
/// key is the instant and not the attempt: the second attempt to commit one is refused by the
/// database itself, whatever the nodes believe of each other.
struct GuardRow: Equatable {
    /// Works as it stands on PostgreSQL and SQLite, and with few changes elsewhere.
    static let definition = """
        CREATE TABLE IF NOT EXISTS rota_guard (job VARCHAR(64) NOT NULL, \
        instant VARCHAR(64) NOT NULL, fence BIGINT NOT NULL, run VARCHAR(64) NOT NULL, \
        PRIMARY KEY (job, instant))
        """

    let job: String
    /// With the shard behind it, where the run is one of several for the instant.
    let instant: String
    let fence: Int64
    let run: String

    init(_ grant: Grant) {
        job = grant.key.job.description
        let part = grant.key.shard == .whole ? "" : "/\(grant.key.shard)"
        instant = "\(grant.key.instant)\(part)"
        fence = grant.fence.rawValue
        run = grant.run.text
    }

    /// What is to be done in view of the row that is there already.
    enum Finding: Equatable {
        /// The effect is there, and nobody newer has to be heeded.
        case isDone(by: String)
        /// This attempt is an old one: somebody took over and has finished.
        case isStale(newer: Int64, by: String)
    }

    func finding(fence other: Int64, run otherRun: String) -> Finding {
        other > fence ? .isStale(newer: other, by: otherRun) : .isDone(by: otherRun)
    }

    /// Writes the row; the database refuses it if there is one.
    func insert(on connection: Connection) throws(ODBCError) {
        // The fence is a number of ours: written out, it needs no type from the driver.
        try connection.statement().run(
            "INSERT INTO rota_guard (job, instant, fence, run) VALUES (?, ?, \(fence), ?)",
            [job, instant, run]
        )
    }

    /// The row that is there, if there is one.
    func find(on connection: Connection) throws(ODBCError) -> Finding? {
        let statement = try connection.statement()
        try statement.run(
            "SELECT fence, run FROM rota_guard WHERE job = ? AND instant = ?",
            [job, instant]
        )
        guard try statement.advance() else { return nil }
        let cells = try statement.cells()
        guard cells.count == 2, case .text(let number, _) = cells[0],
            let other = Int64(number), case .text(let name, _) = cells[1]
        else { return .isDone(by: "somebody") }
        return finding(fence: other, run: name)
    }
}
