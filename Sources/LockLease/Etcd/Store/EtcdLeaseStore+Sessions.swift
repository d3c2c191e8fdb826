// Sessions: one key each, whose version is the beat; that it is there is that it lives.

package import Vocabulary

extension EtcdLeaseStore {
    package func openSession(
        _ node: NodeIdentity,
        term: Duration
    ) async throws(StoreError) -> SessionID {
        try await ready()
        let nonce = random.next()
        var rounds = 0
        while true {
            let reading = try await read([
                .one(keys.node(node.name)), .one(keys.sessionCount), .one(keys.accepting),
            ])
            guard reading.answers[2].entries.isEmpty else {
                throw .unavailable("the store's restored history is just being accepted")
            }
            if let entry = reading.answers[0].entries.first {
                let view = try await view(ofLiving: entry, at: reading.revision)
                // Our own, if an earlier attempt of this very call was applied and not answered.
                if let (view, value) = view {
                    if value.nonce == nonce { return view.id }
                    throw .nodeNameInUse(view)
                }
            }
            let count = try counted(reading.answers[1].entries.first) + 1
            let session = SessionID(count)
            let value = SessionValue(
                node: node,
                term: .milliseconds(term.milliseconds),
                nonce: nonce
            )
            let transaction = EtcdTransaction(
                conditions: [
                    .isAbsent(keys.node(node.name)), .isAbsent(keys.accepting),
                    .modified(
                        keys.sessionCount,
                        at: reading.answers[1].entries.first?.modified ?? 0
                    ),
                ],
                success: [
                    .put(keys.living(session), value.bytes),
                    .put(keys.node(node.name), Array(hexText(session).utf8)),
                    .put(keys.sessionCount, countBytes(count)),
                ]
            )
            if try await send(transaction).isSuccess {
                cache.sessions[session] = value
                return session
            }
            rounds += 1
            try await rest(rounds, "a session for \(node.name)")
        }
    }

    private func hexText(_ session: SessionID) -> String {
        keys.lastPart(keys.living(session))
    }

    func countBytes(_ count: Int64) -> [UInt8] {
        var writer = CompactWriter()
        writer.put(count)
        return writer.bytes
    }

    func counted(_ entry: KeyEntry?) throws(StoreError) -> Int64 {
        guard let entry else { return 0 }
        return try reading("the count of sessions") { () throws(UnreadableValue) in
            var reader = CompactReader(entry.value)
            return try reader.number()
        }
    }

    /// The session that has a node's name; `nil` if it has ended meanwhile.
    private func view(
        ofLiving name: KeyEntry,
        at revision: Int64
    ) async throws(StoreError) -> (SessionView, SessionValue)? {
        let id = try reading("the session of \(name.key)") { () throws(UnreadableValue) in
            let text = "/" + String(decoding: name.value, as: UTF8.self)
            return SessionID(try keys.lastNumber(EtcdKey(text)))
        }
        let reading = try await read(
            [.one(keys.living(id)), .all(under: keys.open(by: id), .countOnly)],
            at: revision
        )
        guard let entry = reading.answers[0].entries.first else { return nil }
        let value = try self.reading("session \(id)") { () throws(UnreadableValue) in
            try SessionValue(entry.value)
        }
        let open = Int(reading.answers[1].count)
        return (value.view(id, beat: Beat(entry.version - 1), openRuns: open), value)
    }

    package func sessions() async throws(StoreError) -> [SessionView] {
        try await ready()
        var entries: [KeyEntry] = []
        let revision = try await pages(under: keys.living) { page throws(StoreError) in
            entries += page
            return true
        }
        try await pages(under: keys.dead, at: revision) { page throws(StoreError) in
            entries += page
            return true
        }
        var found: [(id: SessionID, value: SessionValue, beat: Beat)] = []
        for entry in entries {
            found.append(
                try reading("a session") { () throws(UnreadableValue) in
                    (
                        SessionID(try keys.lastNumber(entry.key)), try SessionValue(entry.value),
                        Beat(entry.version - 1)
                    )
                }
            )
        }
        let counts = try await read(
            found.map { .all(under: keys.open(by: $0.id), .countOnly) },
            at: revision
        ).answers.map { Int($0.count) }
        return zip(found, counts).map { $0.value.view($0.id, beat: $0.beat, openRuns: $1) }
            .sorted { $0.id < $1.id }
    }

    package func expire(_ session: SessionID, observed: Beat) async throws(StoreError) -> Bool {
        try await ready()
        let nonce = random.next()
        let reading = try await read([.one(keys.living(session))])
        guard let entry = reading.answers[0].entries.first,
            entry.version == observed.rawValue + 1
        else { return false }
        let value = try self.reading("session \(session)") { () throws(UnreadableValue) in
            try SessionValue(entry.value)
        }
        let transaction = EtcdTransaction(
            conditions: [.version(keys.living(session), entry.version)],
            success: end(session, value, beat: observed, at: gateway.clock, nonce: nonce),
            failure: [.read(.one(keys.dead(session)))]
        )
        let answer = try await send(transaction)
        guard !answer.isSuccess, let dead = answer.ranges.first?.entries.first else {
            return answer.isSuccess
        }
        // libcurl sends once more by itself when a kept connection breaks before any answer.
        return try self.reading("session \(session)") { () throws(UnreadableValue) in
            try SessionValue(dead.value).end?.nonce == nonce
        }
    }

    /// What ends a session, whatever becomes of its runs.
    func end(
        _ session: SessionID,
        _ value: SessionValue,
        beat: Beat,
        at now: Instant,
        nonce: UInt64
    ) -> [KeyOperation] {
        cache.sessions[session] = nil
        var ended = value
        ended.end = SessionValue.End(beat: beat, at: now, nonce: nonce)
        return [
            .delete(keys.living(session)), .delete(keys.node(value.node.name)),
            .put(keys.dead(session), ended.bytes),
        ]
    }
}
