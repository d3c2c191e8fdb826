import Documents
import Foundation
import Gossip
import HTTPClient
import LockLease
import Platform
import Sealing
import TestSupport
import Testing
import Vocabulary

@testable import JobList
@testable import Master

@Suite(.tags(.integration), .timeLimit(.minutes(1)), .serialized)
struct `Members as a master tells of them` {
    @Test func `are well, or it says what is wrong with each`() async throws {
        let yard = try await ClusterYard()
        let (sound, ill) = (try await yard.open("n1"), try await yard.open("n2"))
        // Its disk has failed: it will never have what the list gets from now on.
        await ill.replica.close()
        for member in [sound, ill] { await member.gossip.start() }
        await ill.gossip.setFlags(isDraining: true, isStale: true)
        await ill.gossip.setZoneData("1999a")
        for number in 0..<12 {
            let edit = ObjectEdit(
                key: ObjectKey(tenant: "default", kind: .pool, name: "pool-\(number)"),
                expecting: .absent,
                uid: UID("pool-\(number)"),
                change: .put(body: Array("{}".utf8), gate: nil)
            )
            _ = try await yard.store.commit([edit], id: RequestID("\(number)"), author: "li")
        }
        try await requireEventually {
            let troubles = try await yard.sight(of: "n2")?["troubles"]?.array ?? []
            let current = try await yard.sight(of: "n1")?["is_current"] == true
            return troubles.count == 3 && current
        }
        let head = try await yard.store.pulse().head.revision
        let (_, cluster) = try await yard.ask("GET", "/v1/cluster/members")
        #expect(cluster["seen_by"] == "m1")
        #expect(cluster["troubles"] == 3)
        #expect(cluster["revision"] == .string(head.description))
        #expect(cluster["use"] == 1)
        let items = cluster["items"]?.array ?? []
        #expect(items.compactMap { $0["name"]?.string } == ["m1", "n1", "n2"])
        #expect(items.map { $0["troubles"]?.array?.count } == [0, 0, 3])
        #expect(items.allSatisfy { $0["state"] == "alive" })
        let told = items[2]["troubles"]?.array?.compactMap(\.string) ?? []
        #expect(told[0] == "its list is too old to decide by")
        #expect(told[1].hasPrefix("its list is ") && told[1].hasSuffix(" revisions behind"))
        #expect(told[2] == "its time zone data is 1999a, not \(ZoneInfoFiles.version)")
        #expect((items[2]["behind"]?.integer ?? 0) >= 12)
        #expect(items[2]["draining"] == true && items[1]["draining"] == false)
        #expect(items[1]["key"] == 1)
        // Who said goodbye is no trouble.
        await ill.gossip.leave()
        try await requireEventually { try await yard.sight(of: "n2")?["state"] == "left" }
        #expect(try await yard.ask("GET", "/v1/cluster/members").document["troubles"] == 0)
        await sound.gossip.leave()
        try await yard.end()
    }

    @Test(arguments: [
        (0, "ok"), (250, "ok"), (-250, "ok"), (251, "skewed"), (-251, "skewed"), (1_000, "skewed"),
        (1_001, "out"), (-1_001, "out"),
    ])
    func `have clocks that are well, off, or out of the race`(milliseconds: Int, word: String) {
        #expect(MemberSight.clock(.milliseconds(milliseconds)) == word)
    }

    @Test func `are forgotten by a new key only when they are gone`() async throws {
        let yard = try await ClusterYard()
        let thief = try await yard.open("n1")
        await thief.keys.look()
        await thief.gossip.start()
        try await requireEventually { try await yard.sight(of: "n1")?["state"] == "alive" }
        func recipients() async throws -> [String] {
            guard let record = try await yard.store.object(SealedRing.key) else { return [] }
            return try SealedRing(body: record.body).recipients.keys.map(\.text).sorted()
        }
        func add(_ forget: [Value]) async throws -> (status: Int, document: Value) {
            let body: Value = forget.isEmpty ? [:] : ["forget": .array(forget)]
            return try await yard.ask("POST", "/v1/cluster/keys", body)
        }
        #expect(try await add([]).status == 201)
        #expect(try await recipients() == ["m1", "n1"])

        let refused = try await add(["n1"])
        #expect(refused.status == 409)
        #expect(
            refused.document["detail"]?.string
                == "n1 is in the cluster; stop it before it is forgotten."
        )
        #expect(try await recipients() == ["m1", "n1"])

        await thief.gossip.leave()
        try await requireEventually { try await yard.sight(of: "n1")?["state"] == "left" }
        let second = try await add(["n1", "never-heard-of"])
        // Key 2 waits and n1 was given it: it is not the one to go on with.
        #expect(second.status == 201)
        #expect(second.document["id"] == 3)
        #expect(try await recipients() == ["m1"])
        let gone = try await yard.store.object(MemberDocument.key(of: NodeName("n1")))
        #expect(gone?.isDeleted == true)
        let third = try await add(["n1"])
        #expect(third.status == 200)
        #expect(third.document["id"] == 3)
        try await yard.end()
    }
}
