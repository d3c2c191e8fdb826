import Foundation
import Gossip
import JobList
import LockLease
import Platform
import SQLite
import Sealing
import Synchronization
import Testing
import TestSupport
import Vocabulary

/// A member with a copy on disk and, if asked for, a store behind it.
private struct BulkMember {
    let name: String
    let replica: Replica
    let driver: GossipDriver
    let address: String
}

/// Members of one test, in a folder that goes with it.
private final class BulkYard: Sendable {
    let folder: TestFolder
    let key = SecretKey.random()
    let store = FakeStore()

    init() throws {
        folder = try TestFolder()
    }

    func path(_ name: String) -> String { "\(folder.path)/\(name).db" }

    func start(
        _ name: String,
        seeds: [String] = [],
        hasStore: Bool = false,
        adjust: (inout GossipSettings) -> Void = { _ in }
    ) async throws -> BulkMember {
        let replica = try Replica(ReplicaSettings(path: path(name)))
        var settings = GossipSettings(
            name: NodeName(name),
            role: .node,
            clusterID: "test",
            bootEpochFile: "\(folder.path)/\(name).boot",
            membersFile: "\(folder.path)/\(name).members"
        )
        settings.bindAddress = "127.0.0.1:0"
        settings.key = key
        settings.seeds = seeds
        // What tests want looked after, they ask for.
        settings.upkeep.scrubInterval = .zero
        adjust(&settings)
        let driver = try GossipDriver(
            settings: settings,
            list: replica,
            store: hasStore ? StoreTailer(store: store, list: replica) : nil,
            log: DaemonLog(name: name, lowest: .error),
            onChange: { _ in }
        )
        await driver.start()
        return BulkMember(
            name: name,
            replica: replica,
            driver: driver,
            address: "127.0.0.1:\(driver.boundPort)"
        )
    }

    /// A copy of so many jobs that has no history, as if it were an old one.
    func fill(_ name: String, _ history: History) async throws {
        let replica = try Replica(ReplicaSettings(path: path(name)))
        try await replica.install(history.records, at: history.head)
        await replica.close()
    }
}

@Suite(.timeLimit(.minutes(2)), .serialized) struct GossipBulkTests {
    private let yard: BulkYard

    init() throws {
        yard = try BulkYard()
    }

    private func stop(_ members: [BulkMember]) async {
        for member in members { await member.driver.stop() }
    }

    private func many(_ count: Int, text: String = "x") -> History {
        var history = History()
        for start in stride(from: 0, to: count, by: 1_000) {
            history.commit(
                (start..<min(count, start + 1_000)).map {
                    (History.key("n-\($0.padded(to: 6))"), "\(text) \($0)")
                }
            )
        }
        return history
    }

    @Test func `new members take whole lists, two at a time, and nobody misses a probe`()
        async throws
    {
        let history = many(20_000, text: String(repeating: "long ", count: 60))
        try await yard.fill("full", history)
        let full = try await yard.start("full")
        var members = [full]
        for number in 0..<5 {
            members.append(try await yard.start("new-\(number)", seeds: [full.address]))
        }
        for member in members.dropFirst() {
            let hasAll = await eventually(within: .seconds(60)) {
                await member.replica.position() == history.head
            }
            #expect(hasAll)
            #expect(await member.replica.audit().sums == full.replica.audit().sums)
        }
        let everybody = members.allSatisfy { member in
            member.driver.members.count { $0.state == .alive } == 6
        }
        #expect(everybody)
        // An incarnation above 0 is an objection to a suspicion.
        #expect(full.driver.members.allSatisfy { $0.incarnation == 0 })
        await stop(members)
    }

    @Test func `a member that changes while it is copied hands over all of it`() async throws {
        let start = many(5_000)
        try await yard.fill("full", start)
        let full = try await yard.start("full")
        let history = Mutex(start)
        let editing = Task {
            for number in 0..<200 {
                let batch = history.withLock {
                    $0.commit([
                        (History.key("n-\((number * 37 % 5_000).padded(to: 6))"), "edited"),
                        (History.key("z-\(number)"), number % 3 == 0 ? nil : "new"),
                    ])
                }
                _ = try await full.replica.apply([batch])
                full.driver.publish(batch)
            }
        }
        let fresh = try await yard.start("fresh", seeds: [full.address])
        try await editing.value
        let head = history.withLock(\.head)
        let hasAll = await eventually { await fresh.replica.position() == head }
        #expect(hasAll)
        #expect(await fresh.replica.audit().sums == full.replica.audit().sums)
        await stop([full, fresh])
    }

    @Test func `a flipped bit is found beside another member and mended from the store`()
        async throws
    {
        let history = many(3_000)
        yard.store.edit { $0.history = history }
        for name in ["sound", "hurt"] { try await yard.fill(name, history) }
        do {
            let connection = try Connection(path: yard.path("hurt"))
            #expect(try connection.run("UPDATE object SET updated=updated+1 WHERE number=700") == 1)
        }
        let sound = try await yard.start("sound", hasStore: true)
        let hurt = try await yard.start("hurt", seeds: [sound.address], hasStore: true)
        _ = await eventually { hurt.driver.members.count { $0.state == .alive } == 2 }
        #expect(await hurt.driver.audit(with: NodeName("sound")) == 0)
        while true {
            if let report = try await hurt.replica.scrub(limit: 500) {
                #expect(report.changedBuckets.count == 1)
                break
            }
        }
        // The sound one asks the store as well, and is told that it is right.
        #expect(await sound.driver.audit(with: NodeName("hurt")) == 0)
        #expect(await hurt.driver.audit(with: NodeName("sound")) == 1)
        #expect(await hurt.driver.audit(with: NodeName("sound")) == 0)
        #expect(try await hurt.replica.everything() == history.records)
        await stop([sound, hurt])
    }

    @Test func `upkeep mends by itself, from a member if the store is away`() async throws {
        let history = many(2_000)
        for name in ["sound", "hurt"] { try await yard.fill(name, history) }
        do {
            let connection = try Connection(path: yard.path("hurt"))
            let sql = "UPDATE object SET body=CAST('{\"spec\":{}}' AS BLOB) WHERE number=700"
            #expect(try connection.run(sql) == 1)
        }
        yard.store.edit { $0.failure = .unavailable("gone fishing") }
        let sound = try await yard.start("sound", hasStore: true)
        let hurt = try await yard.start("hurt", seeds: [sound.address], hasStore: true) {
            $0.upkeep.scrubInterval = .milliseconds(5)
            $0.upkeep.scrubPause = .milliseconds(50)
        }
        let key = history.records[699].key
        let isMended = await eventually {
            (try? await hurt.replica.record(key))?.body == history.records[699].body
        }
        #expect(isMended)
        #expect(await hurt.replica.position() == history.head)
        await stop([sound, hurt])
    }

    @Test func `a comparison of equal lists costs less than a kilobyte`() async throws {
        let history = many(2_000)
        for name in ["one", "two"] { try await yard.fill(name, history) }
        let one = try await yard.start("one")
        let two = try await yard.start("two", seeds: [one.address])
        _ = await eventually { two.driver.members.count { $0.state == .alive } == 2 }
        let question = StreamCodec.encode(
            .audit(.root(await one.replica.audit().sums.root, at: history.head))
        )
        let answer = StreamCodec.encode(StreamReply.audit(.same))
        #expect(question.count + answer.count < 64)
        #expect(await two.driver.audit(with: NodeName("one")) == 0)
        await stop([one, two])
    }

    @Test func `a batch that members cannot deliver is fetched from the store`() async throws {
        var history = many(10)
        yard.store.edit { $0.history = history }
        for name in ["liar", "honest"] { try await yard.fill(name, history) }
        let liar = try await yard.start("liar")
        let honest = try await yard.start("honest", seeds: [liar.address], hasStore: true)
        _ = await eventually { honest.driver.members.count { $0.state == .alive } == 2 }
        let batch = history.commit([(History.key("new"), "true")])
        yard.store.edit { $0.history = history }
        var forged = batch
        forged.records[0].body = History.body("rm -rf /")
        liar.driver.publish(forged)
        let hasTruth = await eventually {
            (try? await honest.replica.record(History.key("new")))?.body == batch.records[0].body
        }
        #expect(hasTruth)
        #expect(await honest.replica.position() == history.head)
        await stop([liar, honest])
    }
}
