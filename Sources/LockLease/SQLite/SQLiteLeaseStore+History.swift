// History: who the store is, and what accepting a restored one does.

internal import SQLite
internal import Vocabulary

extension SQLiteLeaseStore {
    package func identify() throws(StoreError) -> StoreIdentity {
        try identity(of: file().meta())
    }

    package func acceptHistory() throws(StoreError) -> StoreIdentity {
        let file = try file()
        let now = settings.clock()
        try file.write { () throws(StoreError) in
            let epoch = try file.beginEpoch()
            try file.raiseNumbers(to: StoreHistory.firstNumber(ofEpoch: epoch))
            try file.run("UPDATE session SET live=0, ended_at=? WHERE live=1", [.instant(now)])
            try file.run(
                "UPDATE run SET state=?, reason=?, finished_at=? WHERE state='open'",
                [.text(RunState.lost.rawValue), .text(StoreHistory.reason), .instant(now)]
            )
            try file.forgetTriggers(at: now)
            try file.moveCursors(to: now)
            file.moveTriggers()
            file.moveKills()
        }
        return try identify()
    }

    private func identity(of meta: StoreMeta) -> StoreIdentity {
        StoreIdentity(
            id: meta.storeID,
            schema: Int(StoreSchema.version),
            head: meta.head,
            writes: meta.writes,
            clock: settings.clock()
        )
    }
}

extension StoreFile {
    fileprivate func beginEpoch() throws(StoreError) -> UInt32 {
        try run("UPDATE meta SET epoch=max(epoch, head_epoch)+1, floor=sequence")
        try run("UPDATE meta SET head_epoch=epoch")
        return try meta().epoch
    }

    /// Has fences, sessions and triggers count on from `number`.
    fileprivate func raiseNumbers(to number: Int64) throws(StoreError) {
        try run("UPDATE cursor SET fence=max(fence, ?)", [.integer(number)])
        try run("UPDATE meta SET fence_floor=max(fence_floor, ?)", [.integer(number)])
        // Where AUTOINCREMENT keeps its count. <https://www.sqlite.org/autoinc.html>
        for table in ["session", "pending"] {
            let values: [SQLValue] = [.integer(number), .text(table)]
            let update = "UPDATE sqlite_sequence SET seq=max(seq, ?) WHERE name=?"
            if try run(update, values) == 0 {
                try run("INSERT INTO sqlite_sequence(seq, name) VALUES(?, ?)", values)
            }
        }
    }

    fileprivate func forgetTriggers(at now: Instant) throws(StoreError) {
        let waiting = try rows("SELECT \(PendingTrigger.columns) FROM pending") {
            PendingTrigger(row: $0)
        }
        for waiting in try all(waiting, what: "a trigger")
        where waiting.trigger.cause.isOfSchedule {
            let skip = SkipRange.single(waiting.trigger.key.instant, because: .history)
            try put(skip, of: waiting.trigger.key.job, at: now)
        }
        try run("DELETE FROM pending")
    }

    fileprivate func moveCursors(to now: Instant) throws(StoreError) {
        try run("UPDATE cursor SET open=0 WHERE open>0")
        let behind = try rows(
            "SELECT uid, at FROM cursor WHERE deleted_at IS NULL AND at<?",
            [.instant(now)]
        ) { (UID($0.text(0)), Instant(unixMilliseconds: $0.integer(1))) }
        for (uid, at) in behind {
            try put(StoreHistory.unknown(from: at, through: now), of: uid, at: now)
        }
        try run(
            "UPDATE cursor SET at=? WHERE deleted_at IS NULL AND at<?",
            [.instant(now), .instant(now)]
        )
    }
}
