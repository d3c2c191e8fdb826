import Sealing
import Testing
import Vocabulary

@testable import JobList

@Suite struct `A key ring` {
    private let now = Instant(unixMilliseconds: 1_764_000_000_000)

    private func ring(_ count: Int, used: UInt8 = 1) throws -> KeyRing {
        var ring = KeyRing(first: .random())
        for _ in 1..<count {
            let (more, id) = try ring.adding(.random(), at: now, by: "li")
            ring = try more.using(id)
        }
        return try ring.using(KeyID(used))
    }

    @Test func `grows by a key that waits, is used, and the old one retires`() throws {
        let first = KeyRing(first: .random())
        let (second, id) = try first.adding(.random(), at: now, by: "li")
        #expect(id == KeyID(2))
        #expect(second.version == 1 && second.used == .first)
        #expect(second.duty(of: id) == .waiting)
        let third = try second.using(id)
        #expect(third.version == 2 && third.used == id)
        #expect(third.duty(of: .first) == .retired && third.duty(of: id) == .used)
        let fourth = try third.removing(.first)
        #expect(fourth.entries.map(\.id) == [id])
        #expect(fourth.clusterID == first.clusterID)
    }

    @Test func `adds nothing while a key waits, and changes nothing when nothing changes`() throws {
        let (once, id) = try KeyRing(first: .random()).adding(.random(), at: now, by: "li")
        let (twice, same) = try once.adding(.random(), at: now, by: "wang")
        #expect(twice == once && same == id)
        #expect(try once.using(.first) == once)
    }

    @Test func `refuses what would leave members without a key`() throws {
        let ring = try ring(2, used: 2)
        #expect(throws: KeyRingError.inUse(KeyID(2))) { try ring.removing(KeyID(2)) }
        let have = [KeyID(1), KeyID(2)]
        #expect(throws: KeyRingError.noSuchKey(KeyID(7), have: have)) { try ring.using(KeyID(7)) }
        #expect(throws: KeyRingError.noSuchKey(KeyID(7), have: have)) {
            try ring.removing(KeyID(7))
        }
        let full = try self.ring(KeyRing.limit, used: UInt8(KeyRing.limit))
        #expect(throws: KeyRingError.full(oldest: .first)) {
            try full.adding(.random(), at: now, by: "li")
        }
    }

    @Test func `numbers keys on past 255 and never twice at a time`() throws {
        var ring = KeyRing(first: .random())
        var seen: [UInt8] = []
        for _ in 0..<300 {
            let (more, id) = try ring.adding(.random(), at: now, by: "li")
            #expect(more.entries.count { $0.id == id } == 1)
            seen.append(id.rawValue)
            ring = try more.using(id).removing(more.used)
        }
        #expect(seen.prefix(3) == [2, 3, 4])
        #expect(seen[253] == 255 && seen[254] == 1)
        #expect(!seen.contains(0))
    }

    @Test func `is what its text says`() throws {
        let ring = try ring(3, used: 2)
        #expect(try KeyRing(text: ring.text) == ring)
        #expect(ring.text.utf8.count <= KeyRing.fileLimit)
        #expect(try self.ring(KeyRing.limit, used: 8).text.utf8.count <= KeyRing.fileLimit)
    }

    @Test func `is made of a single key as well`() throws {
        let key = SecretKey.random()
        let ring = try KeyRing(text: "# made on m1\n \(key.base64)\n\n")
        #expect(ring == KeyRing(first: key))
        #expect(ring.version == 0 && ring.used == .first)
    }

    @Test(
        arguments: [
            "", "#", "hello", "cluster a b", "cluster a\nversion 1\nuse 1",
            "cluster a\nversion x\nuse 1\nkey 1 KEY", "cluster a\nversion 1\nuse 2\nkey 1 KEY",
            "cluster a\nversion 1\nuse 1\nkey 1 KEY\nkey 1 KEY",
            "cluster a\nversion 1\nuse 0\nkey 0 KEY", "cluster a\nversion -1\nuse 1\nkey 1 KEY",
            "cluster a\nversion 1\nuse 256\nkey 256 KEY", "cluster a\nversion 1\nuse 1\nkey 1 abc",
            "cluster a\nversion 1\nuse 1\nkey 1 KEY\npassword hunter2",
        ]
    )
    func `is not made of anything else, and the refusal repeats none of it`(text: String) {
        let key = SecretKey.random().base64
        #expect {
            try KeyRing(text: text.replacing("KEY", with: key))
        } throws: { error in
            !"\(error)".contains(key) && !"\(error)".contains("hunter2")
        }
    }

    @Test func `prints no key`() throws {
        let ring = try ring(2)
        for entry in ring.entries {
            #expect(!"\(ring)".contains(entry.key.base64))
            #expect(!"\(entry.key.fingerprint)".contains(entry.key.base64))
        }
    }

    @Test func `is taken over only by a later one of the same cluster`() throws {
        let ring = try ring(2)
        let keys = GossipKeys(ring)
        let later = try ring.using(KeyID(2))
        #expect(!keys.install(KeyRing(first: .random())))
        #expect(!keys.install(ring))
        #expect(keys.install(later))
        #expect(!keys.install(ring))
        #expect(keys.ring == later)
    }

    @Test func `lets members in under each of its keys and under no other`() throws {
        let old = GossipKeys(try ring(2))
        let now = GossipKeys(try old.ring.using(KeyID(2)))
        #expect(old.memberToken != now.memberToken)
        #expect(now.isMemberToken(old.memberToken) && old.isMemberToken(now.memberToken))
        let later = GossipKeys(try now.ring.removing(.first))
        #expect(!later.isMemberToken(old.memberToken))
        #expect(!later.isMemberToken("member_"))
    }
}
