// The cluster's keys: which there are, and the three steps of changing them.

internal import Documents
internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import Platform
internal import Sealing
internal import Vocabulary

/// The routes under `/v1/cluster/keys`; none of them answers a key.
struct KeyRoutes: Sendable {
    let master: MasterParts

    var routes: [Route] {
        [
            Route("GET", "/v1/cluster/keys", .role(.admin)) { call async throws(Problem) in
                try whole(call)
                return .json(await list())
            },
            Route("POST", "/v1/cluster/keys", .role(.admin)) { call async throws(Problem) in
                try whole(call)
                return try await add(call)
            },
            Route("POST", "/v1/cluster/keys/{id}:use", .role(.admin)) {
                call async throws(Problem) in
                try whole(call)
                return try await use(call)
            },
            Route("DELETE", "/v1/cluster/keys/{id}", .role(.admin)) {
                call async throws(Problem) in
                try whole(call)
                return try await remove(call)
            },
        ]
    }

    private func whole(_ call: Call) throws(Problem) {
        try call.demandAllTenants(for: "the cluster's keys are everybody's")
    }

    private func list() async -> Value {
        let ring = master.keys.keys.ring
        let holders = await KeyHolders.ask(master)
        let labels = SealedRing(ring, to: [:]).labels
        let items = labels.map { label -> Value in
            let duty = ring.duty(of: label.id) ?? .retired
            return [
                "id": .integer(Int64(label.id.rawValue)),
                "fingerprint": .string(label.fingerprint),
                "state": .string(duty.rawValue),
                "added": label.addedAt == .epoch ? .null : .string(label.addedAt.description),
                "by": .string(label.author),
                "held_by": Self.names(holders.holding(label.id)),
                "lacking": Self.names(holders.lacking(label.id)),
                "sealing": Self.names(
                    holders.answers.filter { $0.value?.used == label.id }.keys.sorted()
                ),
            ]
        }
        return [
            "cluster": .string(ring.clusterFingerprint), "version": .integer(ring.version),
            "use": .integer(Int64(ring.used.rawValue)), "items": .array(items), "next": .null,
        ]
    }

    private static func names(_ names: [NodeName]) -> Value {
        .array(names.map { .string($0.text) })
    }

    // The steps.

    private func add(_ call: Call) async throws(Problem) -> HTTPResponse {
        let forgetting = try Self.forgetting(call)
        let alive = master.gossip.members.filter(\.isPresent).map(\.name.text)
        for name in forgetting where alive.contains(name) {
            throw Problem(
                .conflict,
                "\(name) is in the cluster; stop it before it is forgotten.",
                hint: "rota cluster status"
            )
        }
        let key = SecretKey.random()
        let author = call.principal.name
        let ring: KeyRing
        do throws(KeyChangeError) {
            ring = try await master.keys.add(
                key,
                forgetting: Set(forgetting.map { NodeName($0) }),
                at: SystemClock.wall,
                by: author
            )
        } catch {
            throw Problem(error)
        }
        guard let entry = ring.entries.last else { throw Problem(.unavailable, "No key.") }
        let isNew = entry.key == key
        log("key.added", entry, call, [isNew ? "new" : "waiting already"])
        return .json(Self.view(entry, ring, isNew: isNew), status: isNew ? 201 : 200)
    }

    /// Whom the new key is not to be sealed to; a word misread here would hand it to a thief.
    private static func forgetting(_ call: Call) throws(Problem) -> [String] {
        let document = try call.document()
        try JobRoutes.check(members: document, known: ["forget"])
        guard let value = document["forget"] else { return [] }
        let names = value.array?.compactMap(\.string) ?? []
        guard let given = value.array, given.count == names.count else {
            throw Problem(
                .fieldInvalid,
                "forget is no list of names.",
                faults: [.init(pointer: "#/forget", detail: "write [\"n3\"]")]
            )
        }
        return names
    }

    private func use(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try key(call)
        let ring = try await change { ring throws(KeyRingError) in
            guard ring[id] != nil else {
                throw .noSuchKey(id, have: ring.entries.map(\.id))
            }
            return ring
        }
        guard ring.used != id else { return try answer(id, ring) }
        let holders = await KeyHolders.ask(master)
        let lacking = holders.lacking(id)
        guard lacking.isEmpty else {
            throw Problem(
                .conflict,
                "Key \(id) is not on every member that is there: \(holders.words(lacking)). "
                    + "They could not read what the others seal with it.",
                hint: "rota cluster key list, until none lacks it",
                extra: ["lacking": Self.names(lacking)]
            )
        }
        let changed = try await change { ring throws(KeyRingError) in try ring.using(id) }
        if let entry = changed[id] { log("key.used", entry, call) }
        return try answer(id, changed)
    }

    private func remove(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try key(call)
        // What is refused whoever seals with it is refused first.
        let ring = try await change { ring throws(KeyRingError) in
            _ = try ring.removing(id)
            return ring
        }
        let holders = await KeyHolders.ask(master)
        let sealing = holders.maySeal(with: id)
        guard sealing.isEmpty else {
            throw Problem(
                .conflict,
                "Key \(id) may still be sealed with by \(holders.words(sealing)).",
                hint: "rota cluster key list, until none does",
                extra: ["sealing": Self.names(sealing)]
            )
        }
        let changed = try await change { ring throws(KeyRingError) in
            ring[id] == nil ? ring : try ring.removing(id)
        }
        if let entry = ring[id] { log("key.removed", entry, call) }
        return .json([
            "id": .integer(Int64(id.rawValue)), "version": .integer(changed.version),
            "use": .integer(Int64(changed.used.rawValue)),
        ])
    }

    private func answer(_ id: KeyID, _ ring: KeyRing) throws(Problem) -> HTTPResponse {
        guard let entry = ring[id] else { throw Problem(.notFound, "There is no key \(id).") }
        return .json(Self.view(entry, ring, isNew: false))
    }

    private static func view(_ entry: KeyRing.Entry, _ ring: KeyRing, isNew: Bool) -> Value {
        [
            "id": .integer(Int64(entry.id.rawValue)),
            "fingerprint": .string(entry.key.fingerprint),
            "state": .string(ring.duty(of: entry.id)?.rawValue ?? ""),
            "version": .integer(ring.version), "new": .bool(isNew),
        ]
    }

    private func key(_ call: Call) throws(Problem) -> KeyID {
        let text = call.capture("id")
        guard let number = UInt8(text), number > 0 else {
            throw Problem(
                .badRequest,
                "\(text) is no key; a key is a number from 1 to 255.",
                hint: "rota cluster key list"
            )
        }
        return KeyID(number)
    }

    private func change(
        _ change: (KeyRing) throws(KeyRingError) -> KeyRing
    ) async throws(Problem) -> KeyRing {
        do throws(KeyChangeError) {
            return try await master.keys.change(change)
        } catch {
            throw Problem(error)
        }
    }

    private func log(
        _ event: String,
        _ entry: KeyRing.Entry,
        _ call: Call,
        _ notes: [String] = []
    ) {
        master.log.info(
            event,
            [
                "key": "\(entry.id)", "fingerprint": entry.key.fingerprint,
                "by": call.principal.name, "note": notes.joined(separator: " "),
            ]
        )
    }
}

extension Problem {
    init(_ error: KeyChangeError) {
        switch error {
        case .store(let error): self.init(error)
        case .contended:
            self.init(
                .unavailable,
                "Others change the keys at this moment.",
                hint: "rota cluster key list"
            )
        case .lacking:
            self.init(
                .unavailable,
                "This master was not given the cluster's present keys.",
                hint: "the same through another master, or its log: keys.lacking, keys.refused"
            )
        case .ring(let error): self.init(error)
        }
    }

    private init(_ error: KeyRingError) {
        switch error {
        case .noSuchKey(let id, let have):
            let names = have.map(\.description).joined(separator: ", ")
            self.init(
                .notFound,
                "There is no key \(id); there are \(names).",
                hint: "rota cluster key list"
            )
        case .inUse(let id):
            self.init(
                .conflict,
                "Key \(id) is in use: every packet is sealed with it.",
                hint: "rota cluster key add, then use the new one"
            )
        case .full(let oldest):
            self.init(
                .conflict,
                "There are \(KeyRing.limit) keys, which is the most.",
                hint: "rota cluster key rm \(oldest)"
            )
        case .unreadable, .otherCluster: self.init(.unavailable, error.description)
        }
    }
}
