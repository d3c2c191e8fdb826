// How much of the past is kept: batches in the log, and tombstones.

internal import LockLease
internal import SQLite
package import Vocabulary

extension Replica {
    /// Batches and tombstones looked at in one go, so that no reader waits long for the writer.
    private static let dropLimit = 2_000

    /// Tells up to where members still need changes, and drops what nobody does.
    ///
    /// - Parameter revision: The least position among members that are there or were within the
    ///   hour; `nil`: nobody needs any.
    /// - Throws: ``ReplicaError`` if the file cannot be written.
    package func keep(neededAfter revision: Revision?) throws(ReplicaError) {
        needed = revision
        try compact(afterApplying: 0)
    }

    /// Below this a deletion may have been forgotten.
    package var tombFloor: Revision { file.meta.tombFloor }

    /// Drops at most a few times what was just added, once a tenth more than wanted is kept.
    func compact(afterApplying count: Int) throws(ReplicaError) {
        let meta = file.meta
        guard meta.nextLogged > meta.firstLogged else { return }
        let rule = FloorRule(settings: settings, needed: needed, newest: try newestLogged())
        guard let oldest = try oldestLogged(), rule.isWorthDropping(oldest, in: meta) else {
            return
        }
        let limit = max(Self.dropLimit, 2 * count)
        try write { file, meta throws(SQLiteError) in
            var meta = meta
            for entry in try file.connection.logged(from: meta.firstLogged, limit: limit) {
                guard rule.isSurplus(entry, in: meta) else { break }
                meta.firstLogged = entry.number + 1
                meta.logBytes -= entry.bytes
                meta.floor = entry.position
            }
            try file.connection.run(
                "DELETE FROM log WHERE number<?",
                [.integer(meta.firstLogged)]
            )
            if let floor = try file.tombstonesEnd(below: meta.floor.revision, by: rule, limit) {
                try file.connection.run(
                    "DELETE FROM object WHERE deleted=1 AND (epoch, sequence)<=(?, ?)",
                    floor.columns
                )
                meta.tombFloor = max(meta.tombFloor, floor)
            }
            return meta
        }
        file.oldest = nil
        recent.forget(through: file.meta.floor.revision)
    }

    private func newestLogged() throws(ReplicaError) -> Instant {
        if let known = file.newestAt { return known }
        let newest = try logged(from: file.meta.nextLogged - 1, limit: 1).first?.at ?? .epoch
        file.newestAt = newest
        return newest
    }

    /// The same at every commit but for those that drop something.
    private func oldestLogged() throws(ReplicaError) -> LogEntry? {
        if let known = file.oldest, known.number == file.meta.firstLogged { return known }
        file.oldest = try logged(from: file.meta.firstLogged, limit: 1).first
        return file.oldest
    }

    private func logged(from number: Int64, limit: Int) throws(ReplicaError) -> [LogEntry] {
        try attempt { file throws(SQLiteError) in
            try file.connection.logged(from: number, limit: limit)
        }
    }
}

/// One batch in the log, without its records.
struct LogEntry: Equatable {
    let number: Int64
    let position: Position
    let at: Instant
    let bytes: Int64
}

/// Decides what of the past may go.
///
/// Time is the store's, as the newest batch has it: no clock of this machine decides.
struct FloorRule {
    let settings: ReplicaSettings
    /// Members need what comes after this.
    let needed: Revision?
    let newest: Instant

    /// Whether it is time to begin: a tenth more than wanted is there.
    func isWorthDropping(_ oldest: LogEntry, in meta: ReplicaMeta) -> Bool {
        isSurplus(oldest, in: meta, slack: 10)
    }

    func isSurplus(_ entry: LogEntry, in meta: ReplicaMeta) -> Bool {
        isSurplus(entry, in: meta, slack: .max)
    }

    /// `slack`: Begin only beyond the limit and this part of it.
    private func isSurplus(_ entry: LogEntry, in meta: ReplicaMeta, slack: Int64) -> Bool {
        let count = meta.nextLogged - entry.number
        let (most, bytes) = (Int64(settings.keptBatches), Int64(settings.keptBytes))
        let age = entry.at.duration(to: newest)
        guard
            count > most + most / slack || meta.logBytes > bytes + bytes / slack
                || age > settings.keptAge
        else { return false }
        guard let needed, entry.position.revision > needed else { return true }
        // A member that is behind is waited for, but not for ever.
        return count > 2 * most || meta.logBytes > 2 * bytes
    }

    func isForgettable(_ revision: Revision, deletedAt at: Instant) -> Bool {
        at.duration(to: newest) >= settings.tombstonesKept
            && needed.map { revision <= $0 } ?? true
    }
}

extension ReplicaFile {
    /// Up to which revision tombstones may go; `nil`: none.
    fileprivate func tombstonesEnd(
        below floor: Revision,
        by rule: FloorRule,
        _ limit: Int
    ) throws(SQLiteError) -> Revision? {
        let rows = try connection.query(
            """
            SELECT epoch, sequence, max(updated) FROM object
            WHERE deleted=1 AND (epoch, sequence)<=(?, ?)
            GROUP BY epoch, sequence ORDER BY epoch, sequence LIMIT ?
            """,
            floor.columns + [.integer(limit)]
        ) { ($0.revision(at: 0), Instant(unixMilliseconds: $0.integer(2))) }
        let forgettable = rows.prefix { revision, at in
            revision.map { rule.isForgettable($0, deletedAt: at) } ?? false
        }
        return forgettable.last?.0
    }
}

extension Connection {
    /// The log's batches from `number` on, without their records.
    func logged(from number: Int64, limit: Int) throws(SQLiteError) -> [LogEntry] {
        try query(
            """
            SELECT number, epoch, sequence, digest, at, length(records) FROM log
            WHERE number>=? ORDER BY number LIMIT ?
            """,
            [.integer(number), .integer(limit)]
        ) { row in
            row.position(at: 1).map {
                LogEntry(
                    number: row.integer(0),
                    position: $0,
                    at: Instant(unixMilliseconds: row.integer(4)),
                    bytes: row.integer(5)
                )
            }
        }.compactMap(\.self)
    }
}
