// Sessions: who is alive, who is dead, and what becomes of the runs of the dead.

internal import SQLite
package import Vocabulary

extension SQLiteLeaseStore {
    package func openSession(
        _ node: NodeIdentity,
        term: Duration
    ) throws(StoreError) -> SessionID {
        let file = try file()
        var opened: SessionID?
        do throws(StoreError) {
            return try file.write { () throws(StoreError) in
                try makeRoom(for: node, in: file)
                try file.run(
                    """
                    INSERT INTO session(node, boot_id, pid, address, beat, term_ms, live)
                    VALUES(?, ?, ?, ?, 0, ?, 1)
                    """,
                    [
                        .text(node.name.text), .text(node.bootID),
                        .integer(Int64(node.processID)), .text(node.address),
                        .integer(term.milliseconds),
                    ]
                )
                // The lock is there before anybody can see the session and look for it.
                let id = SessionID(file.lastInsertedRow)
                opened = id
                try locks.take(id)
                return id
            }
        } catch {
            if let opened { locks.drop(opened) }
            throw error
        }
    }

    package func resumeSession(
        _ session: SessionID,
        of node: NodeName
    ) async throws(StoreError) {
        let file = try file()
        let living = try views(
            in: file,
            where: "id=? AND node=? AND live=1",
            [.integer(session.rawValue), .text(node.text)]
        )
        guard let view = living.first else { throw .sessionLost }
        // A lock that cannot be had is held by a process that still lives.
        guard locks.retake(session) else { throw .nodeNameInUse(view) }
        do throws(StoreError) {
            _ = try await renew(session)
        } catch {
            locks.drop(session)
            throw error
        }
    }

    package func holdFile(of session: SessionID) -> String? {
        locks.holdFile(of: session)
    }

    private func makeRoom(for node: NodeIdentity, in file: StoreFile) throws(StoreError) {
        let living = try views(in: file, where: "node=? AND live=1", [.text(node.name.text)])
        for view in living {
            guard view.isGone else { throw .nodeNameInUse(view) }
            try end(view.id, in: file)
        }
    }

    package func sessions() throws(StoreError) -> [SessionView] {
        let file = try file()
        return try views(in: file, where: "1", [])
    }

    private func views(
        in file: StoreFile,
        where condition: String,
        _ values: [SQLValue]
    ) throws(StoreError) -> [SessionView] {
        let sql = """
            SELECT id, node, boot_id, pid, address, beat, term_ms, live,
            (SELECT count(*) FROM run WHERE run.session=session.id AND state='open')
            FROM session WHERE \(condition) ORDER BY id
            """
        return try file.rows(sql, values) { row in
            let id = SessionID(row.integer(0))
            let bootID = row.text(2)
            let isOfOtherBoot =
                !bootID.isEmpty && !settings.bootID.isEmpty && bootID != settings.bootID
            return SessionView(
                id: id,
                node: NodeIdentity(
                    name: NodeName(row.text(1)),
                    bootID: bootID,
                    processID: Int32(clamping: row.integer(3)),
                    address: row.text(4)
                ),
                beat: Beat(row.integer(5)),
                term: .milliseconds(row.integer(6)),
                isLive: row.integer(7) != 0,
                isGone: isOfOtherBoot || locks.isGone(id),
                openRuns: Int(row.integer(8))
            )
        }
    }

    package func expire(
        _ session: SessionID,
        observed: Beat
    ) throws(StoreError) -> Bool {
        let file = try file()
        return try file.write { () throws(StoreError) in
            let count = try file.run(
                "UPDATE session SET live=0, ended_at=? WHERE id=? AND live=1 AND beat=?",
                [
                    .instant(settings.clock()), .integer(session.rawValue),
                    .integer(observed.rawValue),
                ]
            )
            return count == 1
        }
    }

    package func closeSession(_ session: SessionID) throws(StoreError) {
        let file = try file()
        try file.write { () throws(StoreError) in
            guard let isLive = try isLive(session, in: file) else { throw .sessionLost }
            // What an expired session left open is for whoever takes over.
            guard isLive else { return }
            try end(session, in: file)
            let now = settings.clock()
            for run in try openRuns(of: session, limit: .max, in: file) {
                try lose(run, because: "node \(run.record.node) ended its session", now, in: file)
            }
        }
        locks.drop(session)
    }

    package func takeOver(
        _ dead: SessionID,
        by session: SessionID,
        limit: Int
    ) throws(StoreError) -> [RunRecord] {
        let file = try file()
        return try file.write { () throws(StoreError) in
            guard try isLive(session, in: file) == true else { throw .sessionLost }
            guard try isLive(dead, in: file) == false else { return [] }
            let now = settings.clock()
            var lost: [RunRecord] = []
            for run in try openRuns(of: dead, limit: limit, in: file) {
                try lose(run, because: "node \(run.record.node) was lost", now, in: file)
                guard let after = try file.storedRun(run.record.id) else { continue }
                lost.append(after.record)
            }
            return lost
        }
    }

    /// Whether the session lives; `nil` if it is unknown.
    func isLive(_ session: SessionID, in file: StoreFile) throws(StoreError) -> Bool? {
        try file.first("SELECT live FROM session WHERE id=?", [.integer(session.rawValue)]) {
            $0.integer(0) != 0
        }
    }

    private func end(_ session: SessionID, in file: StoreFile) throws(StoreError) {
        try file.run(
            "UPDATE session SET live=0, ended_at=? WHERE id=? AND live=1",
            [.instant(settings.clock()), .integer(session.rawValue)]
        )
    }

    private func openRuns(
        of session: SessionID,
        limit: Int,
        in file: StoreFile
    ) throws(StoreError) -> [StoredRun] {
        try file.storedRuns(
            where: "session=? AND state='open' ORDER BY id LIMIT ?",
            [.integer(session.rawValue), .integer(Int64(clamping: max(0, limit)))]
        )
    }

    private func lose(
        _ run: StoredRun,
        because reason: String,
        _ now: Instant,
        in file: StoreFile
    ) throws(StoreError) {
        let ending = RunEnding(state: .lost, exit: nil, reason: reason, retryDelay: .zero)
        _ = try file.close(run, ending, at: now)
    }
}
