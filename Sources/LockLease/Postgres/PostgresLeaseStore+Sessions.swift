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
            let deadline = link.deadline()
            let call = WriteCall(counter: .store) { model, now throws(StoreError) in
                try model.openSession(node, term: term, at: now)
            }
            return try write(call, until: deadline) { _ throws(LinkFailure) in
                try loadNamesakes(of: node, deadline)
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
        let steps = [
            Step(SliceQuery.sessions(where: "node=$1 AND live"), [.text(node.name.text)])
        ]
        return try loadSessions(steps, deadline)
    }

    /// Begins a transaction; reads sessions and the clock.
    private func loadSessions(
        _ steps: [Step],
        _ deadline: Connection.Deadline
    ) throws(LinkFailure) -> Slice {
        let clock = Step("SELECT \(SliceQuery.clock(1))", [clock])
        let answers = try link.round([ServerLink.begin] + steps + [clock], until: deadline)
        return try link.decoding { () throws(StoreError) in
            var slice = Slice(settings: settings)
            try slice.addSessions(answers[1])
            slice.setClock(answers[2])
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
        let sql =
            "SELECT \(SliceQuery.sessionColumns), \(Self.openRunCount) FROM session ORDER BY id"
        return try link.read(sql).all("a session") { SessionView(&$0) }
    }

    package func expire(
        _ session: SessionID,
        observed: Beat
    ) throws(StoreError) -> Bool {
        let deadline = link.deadline()
        let call = WriteCall(counter: .session(session)) { model, now throws(StoreError) in
            model.expire(session, observed: observed, at: now)
        }
        return try write(call, until: deadline) { _ throws(LinkFailure) in
            let lock = SliceQuery.sessions(where: "id=$1") + " FOR NO KEY UPDATE"
            return try loadSessions([Step(lock, [.integer(session)])], deadline)
        }
    }
}
