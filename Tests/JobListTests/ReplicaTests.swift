import Foundation
import JobList
import LockLease
import SQLite
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(2))) struct ReplicaTests {
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    func open(keptBatches: Int = 100_000) throws -> Replica {
        try Replica(ReplicaSettings(path: folder.database, keptBatches: keptBatches))
    }

    @Test func `batches that follow are applied, and come back as they were`() async throws {
        var history = History()
        history.commit([(History.key("a"), "one"), (History.key("b"), "two")])
        history.commit([(History.key("a"), nil)])
        let replica = try open()
        #expect(try await replica.apply(history.batches) == .applied(history.head))
        #expect(try await replica.changes(after: .zero, limit: 10) == history.batches)
        #expect(try await replica.everything() == history.records)
        #expect(await replica.count == 1)
        #expect(try await replica.record(History.key("a")) == nil)
        #expect(try await replica.record(History.key("b"))?.version == Version(1))
        #expect(try await replica.record(uid: UID("uid-of-b"))?.key == History.key("b"))
    }

    @Test func `a batch that comes twice changes nothing`() async throws {
        var history = History()
        history.commitJobs(5)
        let replica = try open()
        _ = try await replica.apply(history.batches)
        let again = Array(history.batches[1...])
        #expect(try await replica.apply(again) == .applied(history.head))
        #expect(try await replica.changes(after: .zero, limit: 10) == history.batches)
    }

    @Test func `a gap is named and nothing behind it is applied`() async throws {
        var history = History()
        history.commitJobs(5)
        let replica = try open()
        let outcome = try await replica.apply([history.batches[0], history.batches[3]])
        let next = history.batches[3].previous
        #expect(outcome == .gap(have: history.batches[0].position, next: next))
        #expect(await replica.position() == history.batches[0].position)
        #expect(await replica.count == 1)
    }

    @Test func `another history is told apart at its first commit`() async throws {
        var ours = History()
        ours.commitJobs(3)
        var theirs = ours
        ours.commit([(History.key("x"), "ours")])
        theirs.commit([(History.key("x"), "theirs")])
        theirs.commit([(History.key("y"), "later")])
        let replica = try open()
        _ = try await replica.apply(ours.batches)
        // The same number, another content; then a successor of that.
        for batch in theirs.batches[3...] {
            #expect(try await replica.apply([batch]) == .diverged(have: ours.head))
        }
        // An older revision that the log has otherwise.
        var other = History()
        other.commit([(History.key("z"), "elsewhere")])
        #expect(try await replica.apply(other.batches) == .diverged(have: ours.head))
        #expect(try await replica.everything() == ours.records)
    }

    @Test func `a batch that does not match its digests is refused, its elders are kept`()
        async throws
    {
        var history = History()
        history.commitJobs(2)
        let sound = history.batches[1]
        var forgedBody = sound
        forgedBody.records[0].body = History.body("rm -rf")
        var forgedDigest = forgedBody
        forgedDigest.records[0].digest = ChainDigest.digest(ofBody: forgedBody.records[0].body)
        var forgedTime = sound
        forgedTime.records[0].createdAt = .epoch
        var empty = sound
        empty.records = []
        var backwards = sound
        backwards.position = Position(revision: .zero, digest: sound.position.digest)
        for forged in [forgedBody, forgedDigest, forgedTime, empty, backwards] {
            let replica = try open()
            let error = await #expect(throws: ReplicaError.self) {
                try await replica.apply([history.batches[0], forged])
            }
            guard case .refused = error else {
                Issue.record("\(error.debugDescription)")
                return
            }
            #expect(await replica.position() == history.batches[0].position)
            #expect(try await replica.apply([sound]) == .applied(history.head))
            await replica.close()
            try FileManager.default.removeItem(atPath: folder.database)
        }
    }

    @Test func `a copy goes on after a restart where it was`() async throws {
        var history = History()
        history.commitJobs(10)
        do {
            let replica = try open()
            _ = try await replica.apply(Array(history.batches[..<6]))
            await replica.close()
        }
        let replica = try open()
        #expect(await replica.position() == history.batches[5].position)
        #expect(await replica.count == 6)
        #expect(try await replica.apply(history.batches) == .applied(history.head))
        #expect(try await replica.everything() == history.records)
    }

    @Test func `a copy killed between two calls opens at a whole commit`() async throws {
        var history = History()
        history.commitJobs(4)
        let replica = try open()
        for count in 1...4 {
            _ = try await replica.apply([history.batches[count - 1]])
            let image = try TestFolder()
            try folder.image(to: image)
            let revived = try Replica(ReplicaSettings(path: image.database))
            #expect(await revived.position() == history.batches[count - 1].position)
            #expect(await revived.filesSetAside.isEmpty)
            #expect(try await revived.apply(history.batches) == .applied(history.head))
            #expect(try await revived.everything() == history.records)
        }
    }

    @Test func `a job edited many times in a moment is there as it was last, after a kill too`()
        async throws
    {
        var history = History()
        history.commitJobs(3)
        let key = History.key("job-000001")
        for round in 0..<20 { history.commit([(key, "round \(round)")]) }
        history.commit([(History.key("job-000002"), nil)])
        let replica = try open()
        for batch in history.batches { _ = try await replica.apply([batch]) }
        let image = try TestFolder()
        try folder.image(to: image)
        #expect(try await replica.everything() == history.records)
        #expect(await replica.count == 2)
        let sums = await replica.audit().sums
        let revived = try Replica(ReplicaSettings(path: image.database))
        #expect(await revived.position() == history.head)
        #expect(await revived.audit().sums == sums)
        #expect(await revived.count == 2)
        #expect(try await revived.everything() == history.records)
        #expect(await revived.filesSetAside.isEmpty)
    }

    @Test func `the objects on the disk follow the log soon, although nobody reads them`()
        async throws
    {
        var history = History()
        history.commitJobs(1)
        let replica = try open()
        _ = try await replica.apply(history.batches)
        let beside = try Connection(path: folder.database)
        try await eventually("the objects follow") {
            try beside.query("SELECT name FROM object") { $0.text(0) }.count == 1
        }
        #expect(await replica.position() == history.head)
    }

    @Test func `a log that goes on with what is no commit is set aside`() async throws {
        var history = History()
        history.commitJobs(3)
        let replica = try open()
        for batch in history.batches { _ = try await replica.apply([batch]) }
        let image = try TestFolder()
        try folder.image(to: image)
        do {
            let connection = try Connection(path: image.database)
            try connection.execute("UPDATE log SET digest=zeroblob(16) WHERE number=3")
        }
        let revived = try Replica(ReplicaSettings(path: image.database))
        #expect(await revived.filesSetAside.count == 1)
        #expect(await revived.position() == .start)
    }

    @Test func `a file that is no database is set aside and fetched again`() async throws {
        let junk = Data(repeating: 0x5A, count: 20_000)
        try junk.write(to: URL(filePath: folder.database))
        let replica = try open()
        #expect(await replica.position() == .start)
        let aside = try #require(await replica.filesSetAside.first)
        #expect(aside.hasPrefix("\(folder.database).damaged-"))
        #expect(try Data(contentsOf: URL(filePath: aside)) == junk)
    }

    @Test func `damage that shows while running starts a fresh copy that can be filled`()
        async throws
    {
        var history = History()
        history.commitJobs(20)
        do {
            let replica = try open()
            _ = try await replica.apply(history.batches)
            await replica.close()
        }
        do {
            let connection = try Connection(path: folder.database)
            try connection.execute("UPDATE object SET kind='?' WHERE number=12")
        }
        let replica = try open()
        #expect(await replica.position() == history.head)
        await #expect(throws: ReplicaError.corrupt("a row of object cannot be read")) {
            _ = try await replica.everything()
        }
        #expect(await replica.position() == .start)
        #expect(await replica.filesSetAside.count == 1)
        try await replica.install(history.records, at: history.head)
        #expect(try await replica.everything() == history.records)
        // The old connection must not have taken the new file's journal with it.
        let image = try TestFolder()
        try folder.image(to: image)
        let revived = try Replica(ReplicaSettings(path: image.database))
        #expect(await revived.position() == history.head)
    }

    @Test func `a file whose pages are overwritten is set aside, at the start or when it shows`()
        async throws
    {
        var history = History()
        history.commitJobs(2_000)
        do {
            let replica = try open()
            _ = try await replica.apply(history.batches)
            await replica.close()
        }
        let file = URL(filePath: folder.database)
        let sound = try Data(contentsOf: file)
        for start in [0, 4_096, 40_960, sound.count / 2] {
            var bytes = sound
            let junk = Data(repeating: 0xA5, count: bytes.count - start)
            bytes.replaceSubrange(start..., with: junk)
            try bytes.write(to: file)
            let replica = try open()
            if await replica.filesSetAside.isEmpty {
                await #expect(throws: ReplicaError.self) { _ = try await replica.everything() }
            }
            #expect(await replica.filesSetAside.count == 1)
            #expect(await replica.position() == .start)
            await replica.close()
        }
    }

    @Test func `another program's database is refused and left alone`() async throws {
        do {
            let connection = try Connection(path: folder.database)
            try connection.execute("CREATE TABLE precious(x); INSERT INTO precious VALUES (1)")
        }
        #expect(throws: ReplicaError.self) { try open() }
        #expect(try folder.files == ["replica.db"])
    }

    @Test func `a second process on the same file is refused`() async throws {
        let first = try open()
        #expect(throws: ReplicaError.unavailable("another process has it open")) { try open() }
        #expect(await first.position() == .start)
    }
}
