// History: who the store is, and what accepting a restored one does.

internal import Postgres
internal import Vocabulary

extension PostgresLeaseStore {
    package func identify() throws(StoreError) -> StoreIdentity {
        try link.identify(until: link.deadline())
        return try identity()
    }

    /// Counts of what sessions did, with what they did before pruning took them.
    static func total(_ counter: String) -> String {
        "\(counter) + (SELECT coalesce(sum(\(counter)), 0)::int8 FROM session)"
    }

    private func identity() throws(StoreError) -> StoreIdentity {
        let sql = """
            SELECT store_id, head_epoch, sequence, digest, \(Self.total("writes")),
            \(SliceQuery.clock(1)) FROM meta
            """
        let identity = try link.read(sql, [clock]).first("the store") { columns in
            let id = columns.text()
            let revision = columns.revision()
            return StoreIdentity(
                id: id,
                schema: Migration.newest,
                head: Position(revision: revision, digest: columns.digest()),
                writes: columns.integer(),
                clock: columns.instant()
            )
        }
        guard let identity else {
            throw .corrupt("\(link.url.address) has lost the store's own row")
        }
        return identity
    }

    package func acceptHistory() throws(StoreError) -> StoreIdentity {
        let deadline = link.deadline(settings.sweepLimit)
        do throws(LinkFailure) {
            try link.prepare(until: deadline)
            // Everybody has to wait here, those too who need no lock of the list.
            let rows = try link.round(
                [
                    ServerLink.begin,
                    Step(SliceQuery.lockList, [lockSpace]),
                    Step("LOCK TABLE cursor, session, open_run, pending IN EXCLUSIVE MODE"),
                    Step("SELECT \(SliceQuery.clock(1))", [clock]),
                ],
                until: deadline
            )
            let now = Instant(unixMilliseconds: rows[3].first?.integer(0) ?? 0)
            _ = try link.commit(Self.acceptance(at: now), until: deadline)
        } catch {
            link.rollBack()
            throw link.inStoreWords(error)
        }
        pulses.hint()
        return try identity()
    }

    private static func acceptance(at now: Instant) -> [Step] {
        let columns = StoredRun.postgresColumns.names()
        let ended = columns.replacing("state,", with: "$1,").replacing("reason,", with: "$2,")
            .replacing("finished_at,", with: "$3,")
        let reason = Parameter.text(SkipReason.history.rawValue)
        // Numbers of the lost part are not given out again; see ``StoreHistory``.
        let numbers = Parameter.integer(StoreHistory.firstNumber(ofEpoch: 1))
        let first = "(SELECT epoch FROM meta) * "
        let causes = [Cause.schedule, .catchUp, .queued, .replacement].filter(\.isOfSchedule)
        let putSkip = "INSERT INTO skip(uid, through, since, count, reason, at)"
        let again = """
            ON CONFLICT (uid, through) DO UPDATE SET since=excluded.since, count=excluded.count,
            reason=excluded.reason, at=excluded.at
            """
        return [
            Step(
                """
                UPDATE meta SET epoch=greatest(epoch, head_epoch)+1,
                head_epoch=greatest(epoch, head_epoch)+1, floor=sequence, writes=writes+1,
                triggers=triggers+1, kills=kills+1
                """
            ),
            Step("UPDATE meta SET fence_floor=greatest(fence_floor, epoch * $1)", [numbers]),
            Step(
                """
                SELECT setval('trigger_id', greatest(last_value, \(first)$1)) FROM trigger_id
                """,
                [numbers]
            ),
            Step(
                """
                SELECT setval('session_id', greatest(last_value, \(first)$1)) FROM session_id
                """,
                [numbers]
            ),
            Step("UPDATE session SET live=false, ended_at=$1 WHERE live", [.instant(now)]),
            Step(
                "INSERT INTO closed_run(\(columns)) SELECT \(ended) FROM open_run",
                [.text(RunState.lost.rawValue), .text(StoreHistory.reason), .instant(now)]
            ),
            Step("DELETE FROM open_run"),
            Step(
                """
                \(putSkip) SELECT DISTINCT ON (uid, instant) uid, instant, instant-1, 1, $1, $2
                FROM pending WHERE cause=ANY($3) \(again)
                """,
                [reason, .instant(now), .texts(causes.map(\.word))]
            ),
            Step("DELETE FROM pending"),
            Step(
                """
                \(putSkip) SELECT uid, $2, at, 0, $1, $2 FROM cursor
                WHERE deleted_at IS NULL AND at<$2 \(again)
                """,
                [reason, .instant(now)]
            ),
            Step(
                """
                UPDATE cursor SET open=0, turn=turn+1, fence=greatest(fence, \(first)$2),
                at=CASE WHEN deleted_at IS NULL THEN greatest(at, $1) ELSE at END
                """,
                [.instant(now), numbers]
            ),
        ]
    }
}
