// Sessions: opening, looking at and expiring them.

internal import Postgres
package import Vocabulary

extension PostgresLeaseStore {
    private static let openRunCount = """
        (SELECT count(*) FROM open_run WHERE open_run.session=session.id)
        """

    package func openSession(
        _ node: NodeIdentity,
        term: Duration
    ) throws(StoreError) -> SessionID {
        do throws(StoreError) {
            // Two of one name at once: one of them finds the other's row in the unique index.
            return try write(counting: .store) { deadline throws(LinkFailure) in
                try loadNamesakes(of: node, deadline)
            } decide: { model, now throws(StoreError) in
                try model.openSession(node, term: term, at: now)
            }
        } catch {
            guard case .nodeNameInUse(let view) = error else { throw error }
            throw .nodeNameInUse(try self.view(of: view.id) ?? view)
        }
    }

    private func loadNamesakes(
        of node: NodeIdentity,
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let sql = "SELECT \(SliceQuery.sessionColumns), 0::int8 FROM session WHERE node=$1 AND live"
        let answers = try link.round(
            [
                ServerLink.begin,
                Step(sql, [.text(node.name.text)]),
                Step("SELECT \(SliceQuery.clock(1))", [clock]),
            ],
            until: deadline
        )
        return try link.decoding { () throws(StoreError) in
            let now = answers[2].first?.integer(0) ?? 0
            var slice = Slice(now: Instant(unixMilliseconds: now), settings: settings)
            slice.add(try answers[1].all("a session") { SessionView(&$0) })
            return slice
        }
    }

    private func view(of session: SessionID) throws(StoreError) -> SessionView? {
        try link.read(
            "SELECT \(SliceQuery.sessionColumns), \(Self.openRunCount) FROM session WHERE id=$1",
            [.integer(session)]
        ).first("a session") { SessionView(&$0) }
    }

    package func sessions() throws(StoreError) -> [SessionView] {
        let sql = "SELECT \(SliceQuery.sessionColumns), \(Self.openRunCount) FROM session ORDER BY id"
        return try link.read(sql).all("a session") { SessionView(&$0) }
    }

    package func expire(
        _ session: SessionID,
        observed: Beat
    ) throws(StoreError) -> Bool {
        try write(counting: .session(session)) { deadline throws(LinkFailure) in
            // The row is locked as well: renewals, which raise the beat, do not take the other lock.
            let sql = """
                SELECT \(SliceQuery.sessionColumns), 0::int8 FROM session WHERE id=$1
                FOR NO KEY UPDATE
                """
            let answers = try link.round(
                [
                    ServerLink.begin,
                    Step(SliceQuery.lockSession, [lockSpace, .integer(session)]),
                    Step(sql, [.integer(session)]),
                    Step("SELECT \(SliceQuery.clock(1))", [clock]),
                ],
                until: deadline
            )
            return try link.decoding { () throws(StoreError) in
                let now = answers[3].first?.integer(0) ?? 0
                var slice = Slice(now: Instant(unixMilliseconds: now), settings: settings)
                slice.add(try answers[2].all("a session") { SessionView(&$0) })
                return slice
            }
        } decide: { model, now throws(StoreError) in
            model.expire(session, observed: observed, at: now)
        }
    }
}
