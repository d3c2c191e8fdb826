// Renewals on a thread and a connection of their own.

internal import Platform
internal import Postgres
internal import Vocabulary

/// Renews sessions without waiting for what else the same process asks of the store.
///
/// One round trip, and no lock but that of the session's own row: a claim that waits for another
/// node's lock does not let the heartbeat wait with it.
actor PostgresRenewalLane {
    private let link: ServerLink
    private let loop: EventLoop

    init(_ link: sending ServerLink) {
        self.link = link
        loop = EventLoop(name: "store-renewals")
    }

    deinit {
        loop.stop()
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    func disconnect() {
        link.close()
    }

    private static let raise = """
        UPDATE session SET beat=beat+1, writes=writes+1 WHERE id=$1 AND live
        RETURNING beat + (SELECT beats FROM tally WHERE session=$1)
        """
    private static let state = """
        SELECT head_epoch, sequence, digest, \(PostgresLeaseStore.total("writes")) FROM meta
        """
    private static let orders = SliceQuery.openRuns(
        where: "session=$1 AND kill_author IS NOT NULL ORDER BY id"
    )

    func renew(_ session: SessionID) throws(StoreError) -> Renewal {
        let deadline = link.deadline()
        let answers: [Rows]
        do throws(LinkFailure) {
            try link.prepare(until: deadline)
            let id: [Parameter] = [.integer(session)]
            let steps = [Step(Self.raise, id), Step(Self.orders, id), Step(Self.state)]
            answers = try link.commit(steps, until: deadline)
        } catch {
            link.rollBack()
            throw link.inStoreWords(error)
        }
        guard let beat = answers[0].first?.integer(0) else { throw .sessionLost }
        let orders = try answers[1].all("a run") { StoredRun(&$0) }.compactMap(\.record.kill)
        let renewal = try answers[2].first("the store") { columns in
            let revision = columns.revision()
            return Renewal(
                beat: Beat(beat),
                head: Position(revision: revision, digest: columns.digest()),
                writes: columns.integer(),
                kills: orders
            )
        }
        guard let renewal else {
            throw .corrupt("\(link.url.address) has lost the store's own row")
        }
        return renewal
    }
}
