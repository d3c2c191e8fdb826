import Foundation
import Gossip
import LockLease
import Platform
import Sealing
import TestSupport
import Testing
import Vocabulary

@testable import JobList

/// One member with everything that keeps its keys, beside others on loopback.
private struct Keyed {
    let name: NodeName
    let driver: GossipDriver
    let replica: Replica
    let keeper: KeyKeeper
    let keys: GossipKeys

    var ids: [UInt8] { keys.ring.entries.map(\.id.rawValue) }
    var address: String { "127.0.0.1:\(driver.boundPort)" }

    var alive: [String] {
        driver.members.filter { $0.state == .alive }.map(\.name.text)
    }
}

/// Members with one store, in folders that go with the yard.
private final class KeyYard {
    let yard: Yard
    let store = InMemoryLeaseStore(clock: { SystemClock.wall })
    let first: KeyRing
    private(set) var members: [String: Keyed] = [:]

    init() throws {
        yard = try Yard()
        first = KeyRing(first: yard.key)
    }

    func folder(_ name: String) -> String { "\(yard.folder)/\(name)" }

    @discardableResult
    func start(
        _ name: String,
        _ role: MemberRole = .node,
        given ring: KeyRing? = nil,
        seeds: [String]? = nil,
        looks: Bool = true
    ) async throws -> Keyed {
        let folder = folder(name)
        try FileStore.makeFolder(folder)
        let keys = GossipKeys(try KeyFiles.ring(given: ring ?? first, folder: folder))
        var settings = yard.settings(name, seeds: seeds ?? running.first.map { [$0.address] } ?? [])
        settings.role = role
        settings.keys = keys
        settings.clusterID = keys.ring.clusterID
        let replica = try Replica(ReplicaSettings(path: "\(folder)/list.db"))
        let log = DaemonLog(name: name, lowest: .error)
        let driver = try GossipDriver(settings: settings, list: replica, log: log) { _ in }
        let keeper = KeyKeeper(
            place: KeyKeeper.Place(
                name: NodeName(name),
                folder: folder,
                identity: try KeyFiles.identity(in: folder)
            ),
            store: store,
            replica: replica,
            feed: ChangeFeed(replica),
            keys: keys,
            gossip: driver,
            log: log
        )
        replica.observe { position in
            Task { await driver.listAdvanced(to: position) }
        }
        _ = await StoreTailer(store: store, list: replica).catchUp()
        if looks { await keeper.look() }
        await driver.start()
        let keyed = Keyed(
            name: NodeName(name),
            driver: driver,
            replica: replica,
            keeper: keeper,
            keys: keys
        )
        members[name] = keyed
        return keyed
    }

    func stop(_ name: String) async {
        guard let member = members.removeValue(forKey: name) else { return }
        await member.driver.stop()
        await member.replica.close()
    }

    /// What the list's news would make every member do.
    func lookAll() async {
        for name in members.keys.sorted() { await members[name]?.keeper.look() }
    }

    func stopAll() async {
        for member in running { await member.driver.stop() }
    }

    var running: [Keyed] { members.keys.sorted().compactMap { members[$0] } }
    var names: [String] { members.keys.sorted() }

    /// Whether gossip has brought every copy to the store's head; nobody here reads its log.
    func eachIsCurrent() async -> Bool {
        let head = await store.pulse().head
        return await eventually {
            for member in self.running where await member.replica.position() != head {
                return false
            }
            return true
        }
    }

    func eachSeesAll() async -> Bool {
        await eventually { self.running.allSatisfy { $0.alive == self.names } }
    }
}

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
struct `Changing keys` {
    private func added(_ master: Keyed) async throws -> KeyID {
        let ring = try await master.keeper.change { ring throws(KeyRingError) in
            try ring.adding(.random(), at: SystemClock.wall, by: "li").ring
        }
        return try #require(ring.entries.last?.id)
    }

    @Test func `loses no packet and no member while gossip goes on`() async throws {
        let yard = try KeyYard()
        let master = try await yard.start("m", .master)
        for name in ["a", "b", "c"] { try await yard.start(name) }
        #expect(await yard.eachSeesAll())

        func tellOne(by writer: Keyed) async throws {
            let key = ObjectKey(tenant: "default", kind: .pool, name: "one")
            try await writer.keeper.commit([
                ObjectEdit(
                    key: key,
                    expecting: .any,
                    uid: KeyKeeper.newUID(),
                    change: .put(body: Array("{}".utf8), gate: nil)
                )
            ])
            #expect(await yard.eachIsCurrent())
        }

        let names = yard.names
        #expect(await yard.eachIsCurrent())
        for round in 0..<3 {
            let old = master.keys.ring.used
            let id = try await added(master)
            #expect(await yard.eachIsCurrent())
            // In between, some have the new key and some have not.
            for name in names {
                await yard.members[name]?.keeper.look()
                try await tellOne(by: yard.running[round % 4])
            }
            _ = try await master.keeper.change { ring throws(KeyRingError) in try ring.using(id) }
            #expect(await yard.eachIsCurrent())
            // Now some seal with the new key and some with the old one.
            for name in names {
                await yard.members[name]?.keeper.look()
                try await tellOne(by: yard.running[(round + 1) % 4])
            }
            let seen = await eventually {
                yard.running.allSatisfy { keyed in
                    let others = names.filter { $0 != keyed.name.text }
                    return others.allSatisfy { keyed.driver.keysSeen[NodeName($0)] == id }
                }
            }
            #expect(seen, "each has heard each under key \(id)")
            _ = try await master.keeper.change { ring throws(KeyRingError) in
                try ring.removing(old)
            }
            #expect(await yard.eachIsCurrent())
            await yard.lookAll()
            try await tellOne(by: yard.running[round])
            #expect(yard.running.allSatisfy { $0.ids == [id.rawValue] })
        }
        for keyed in yard.running {
            let counters = keyed.driver.counters
            #expect(counters.refused == 0 && counters.unknownKeys == 0, "\(keyed.name)")
            #expect(keyed.alive == names)
        }
        await yard.stopAll()
    }

    @Test func `reaches a member that was away through all of it`() async throws {
        let yard = try KeyYard()
        let master = try await yard.start("m", .master)
        for name in ["a", "b"] { try await yard.start(name) }
        #expect(await yard.eachSeesAll())
        await yard.stop("b")
        for _ in 0..<2 {
            let old = master.keys.ring.used
            let id = try await added(master)
            _ = try await master.keeper.change { ring throws(KeyRingError) in
                try ring.using(id).removing(old)
            }
            await yard.lookAll()
        }
        #expect(master.keys.ring.entries.map(\.id.rawValue) == [3])
        // It knows key 1, by its own file and by the operator's; and where the others were.
        let back = try await yard.start("b", seeds: [])
        #expect(back.ids == [3])
        #expect(await yard.eachSeesAll())
        // It needs the store no more: the ring is in its folder.
        let kept = try KeyFiles.ring(given: yard.first, folder: yard.folder("b"))
        #expect(kept == master.keys.ring)
        #expect(FileStore.mode(of: KeyFiles.ringPath(in: yard.folder("b"))) == 0o600)
        #expect(FileStore.mode(of: "\(yard.folder("b"))/identity") == 0o600)
        await yard.stopAll()
    }

    @Test func `tells a member that has missed it, and those it knocks at, which key is lacking`()
        async throws
    {
        let yard = try KeyYard()
        let master = try await yard.start("m", .master)
        let id = try await added(master)
        _ = try await master.keeper.change { ring throws(KeyRingError) in
            try ring.using(id).removing(.first)
        }
        // It does not look into the store: only gossip, under a key that is gone.
        let late = try await yard.start("late", looks: false)
        #expect(await eventually { master.driver.counters.unknownKeys > 0 })
        #expect(await eventually { late.driver.counters.unknownKeys > 0 })
        #expect(late.alive == ["late"] && master.alive == ["m"])
        // It registers, a master seals the ring to it, and it is one of them.
        await late.keeper.look()
        await master.keeper.look()
        await late.keeper.look()
        #expect(late.ids == [2])
        #expect(await eventually { late.alive == ["late", "m"] })
        await yard.stopAll()
    }

    @Test func `is sealed to a newcomer by a master, and not to one that is forgotten`()
        async throws
    {
        let yard = try KeyYard()
        let master = try await yard.start("m", .master)
        try await yard.start("a")
        _ = try await added(master)
        // It was not there when the ring was sealed, and comes with the first key only.
        let late = try await yard.start("late")
        #expect(late.ids == [1])
        await master.keeper.look()
        await late.keeper.look()
        #expect(late.ids == [1, 2])

        await yard.stop("a")
        _ = try await master.keeper.change { ring throws(KeyRingError) in
            try ring.using(KeyID(2))
        }
        let ring = try await master.keeper.add(
            .random(),
            forgetting: [NodeName("a")],
            at: SystemClock.wall,
            by: "li"
        )
        #expect(ring.entries.map(\.id.rawValue) == [1, 2, 3])
        let record = try #require(await yard.store.object(SealedRing.key))
        let sealed = try SealedRing(body: record.body)
        #expect(sealed.recipients.keys.sorted() == [NodeName("late"), NodeName("m")])
        let thief = try KeyFiles.identity(in: yard.folder("a"))
        #expect(try sealed.opened(by: thief, of: NodeName("a")) == nil)
        #expect(try sealed.opened(by: thief, of: NodeName("late")) == nil)
        await yard.stopAll()
    }

    @Test func `goes on with no key that somebody was given who is forgotten`() async throws {
        let yard = try KeyYard()
        let master = try await yard.start("m", .master)
        try await yard.start("a")
        _ = try await added(master)
        await yard.members["a"]?.keeper.look()
        #expect(yard.members["a"]?.ids == [1, 2])
        await yard.stop("a")
        // Key 2 waits, and the one that is gone for good has it.
        func forget() async throws -> KeyRing {
            try await master.keeper.add(
                .random(),
                forgetting: [NodeName("a")],
                at: SystemClock.wall,
                by: "li"
            )
        }
        let ring = try await forget()
        #expect(ring.entries.map(\.id.rawValue) == [1, 3])
        #expect(master.keys.ring == ring)
        // Doing it twice adds one key.
        #expect(try await forget().entries == ring.entries)
        let record = try #require(await yard.store.object(SealedRing.key))
        let sealed = try SealedRing(body: record.body)
        let thief = try KeyFiles.identity(in: yard.folder("a"))
        #expect(try sealed.opened(by: thief, of: NodeName("a")) == nil)
        await yard.stopAll()
    }

    @Test func `leaves no key readable in the store`() async throws {
        let yard = try KeyYard()
        let master = try await yard.start("m", .master)
        try await yard.start("a")
        _ = try await added(master)
        let (records, _) = await yard.store.snapshot(after: Optional<ObjectKey>.none, limit: 100)
        #expect(records.count == 3)
        let texts = records.map { String(decoding: $0.body, as: UTF8.self) }
        for entry in master.keys.ring.entries {
            #expect(texts.allSatisfy { !$0.contains(entry.key.base64) })
            #expect(texts.contains { $0.contains(entry.key.fingerprint) })
        }
        let sealed = try SealedRing(body: records.first { $0.key == SealedRing.key }?.body ?? [])
        #expect(try SealedRing(body: sealed.body) == sealed)
        await yard.stopAll()
    }

    @Test func `by two masters at once ends in one ring`() async throws {
        let yard = try KeyYard()
        let one = try await yard.start("m1", .master)
        let two = try await yard.start("m2", .master)
        async let first = added(one)
        async let second = added(two)
        _ = try await (first, second)
        await yard.lookAll()
        #expect(one.keys.ring == two.keys.ring)
        #expect(one.ids == [1, 2])
        await yard.stopAll()
    }

    @Test func `finds the others by the store alone`() async throws {
        let yard = try KeyYard()
        for name in ["a", "b", "c"] { try await yard.start(name, seeds: []) }
        #expect(await yard.eachSeesAll())
        await yard.stopAll()
    }

    @Test func `is refused to two clusters in one store, and to a folder of another cluster`()
        async throws
    {
        let yard = try KeyYard()
        let master = try await yard.start("m", .master)
        _ = try await added(master)
        let stranger = KeyRing(first: .random())
        let other = try await yard.start("other", given: stranger, seeds: [])
        #expect(other.keys.ring == stranger)
        #expect(other.alive == ["other"])
        #expect(
            throws: KeyRingError.otherCluster(
                theirs: stranger.clusterFingerprint,
                ours: yard.first.clusterFingerprint
            )
        ) {
            try KeyFiles.ring(given: stranger, folder: yard.folder("m"))
        }
        await yard.stopAll()
    }

    @Test func `goes on from a store that was restored to an earlier ring`() async throws {
        let yard = try KeyYard()
        let master = try await yard.start("m", .master)
        let id = try await added(master)
        let record = try #require(await yard.store.object(SealedRing.key))
        _ = try await master.keeper.change { ring throws(KeyRingError) in try ring.using(id) }
        _ = try await yard.store.commit(
            [
                ObjectEdit(
                    key: SealedRing.key,
                    expecting: .any,
                    uid: KeyKeeper.newUID(),
                    change: .put(body: record.body, gate: nil)
                )
            ],
            id: RequestID("restore"),
            author: "backup"
        )
        await master.keeper.look()
        #expect(master.keys.ring.used == id)
        let ring = try await master.keeper.change { ring throws(KeyRingError) in
            try ring.removing(.first)
        }
        #expect(ring.entries.map(\.id) == [id])
        await yard.stopAll()
    }
}
