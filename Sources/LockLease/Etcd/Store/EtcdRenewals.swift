// Renewals on a thread and connections of their own.

internal import Platform
internal import Vocabulary

/// Renews sessions without waiting for what else the same process asks of the store.
actor EtcdRenewals {
    private let keys: StoreKeys
    private let gateway: EtcdGateway
    private let reach: StoreReach
    private let loop: EventLoop

    init(_ settings: EtcdSettings, _ keys: StoreKeys, _ reach: StoreReach) {
        self.keys = keys
        self.reach = reach
        gateway = EtcdGateway(settings, callLimit: settings.callLimit / 2)
        loop = EventLoop(name: "store-renewals")
    }

    deinit {
        loop.stop()
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    nonisolated func forgetHistory() {
        gateway.forgetHistory()
    }

    /// One request: writing the session's key once more raises its version, which is the beat, and
    /// stands in nobody's way.
    func renew(_ session: SessionID) async throws(StoreError) -> Renewal {
        try reach.check()
        let answer: TransactionAnswer
        do throws(GatewayError) {
            answer = try await gateway.transact(
                EtcdTransaction(
                    conditions: [.exists(keys.living(session))],
                    success: [
                        .touch(keys.living(session)),
                        .read(
                            KeyRange(start: keys.living(session), what: .keysOnly)
                        ),
                        .read(.one(keys.head)), .read(.all(under: keys.kills(for: session))),
                    ]
                )
            )
        } catch {
            throw reach.failed(error)
        }
        guard answer.isSuccess else { throw .sessionLost }
        do throws(UnreadableValue) {
            return try renewal(answer)
        } catch {
            throw .corrupt("etcd: what a renewal of \(session) reads makes no sense")
        }
    }

    private func renewal(_ answer: TransactionAnswer) throws(UnreadableValue) -> Renewal {
        let ranges = answer.ranges
        guard ranges.count == 3, let session = ranges[0].entries.first else {
            throw UnreadableValue()
        }
        var orders: [KillOrder] = []
        for entry in ranges[2].entries {
            orders.append(try KillOrder(RunID(keys.lastPart(entry.key)), entry.value))
        }
        let head = try ranges[1].entries.first.map { entry throws(UnreadableValue) in
            try HeadValue(entry.value).head
        }
        return Renewal(
            beat: Beat(session.version - 1),
            head: head ?? .start,
            writes: answer.header.revision ?? 0,
            kills: orders
        )
    }
}
