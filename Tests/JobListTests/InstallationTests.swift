import Foundation
import Gossip
import JobList
import LockLease
import SQLite
import Testing
import TestSupport
import Vocabulary

@Suite(.timeLimit(.minutes(2))) struct InstallationTests {
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    func open() throws -> Replica { try Replica(ReplicaSettings(path: folder.database)) }

    /// What a sender with this history answers after `key`.
    func chunk(_ history: History, after key: ObjectKey?, limit: Int = 10) -> SnapshotChunk {
        let rest = history.records.filter { record in key.map { record.key > $0 } ?? true }
        return SnapshotChunk(
            Array(rest.prefix(limit)),
            at: history.head,
            isLast: rest.isEmpty
        )
    }

    /// Takes chunks from `history`, which `edit` may change before each, until all are there.
    func load(
        _ installation: any ListInstallation,
        from history: inout History,
        chunks: Int = .max,
        edit: (inout History) -> Void = { _ in }
    ) async throws {
        for _ in 0..<chunks {
            switch await installation.progress().next {
            case .chunk(let key, _):
                edit(&history)
                try await installation.add(chunk(history, after: key))
            case .changes(let revision):
                try await installation.amend(
                    Array(history.batches.filter { $0.position.revision > revision }.prefix(3))
                )
            case .finished: return
            }
        }
    }

    @Test func `a list that changes while it is sent ends as of one position`() async throws {
        var history = History()
        history.commitJobs(60)
        let replica = try open()
        let installation = try await replica.beginInstallation()
        try await load(installation, from: &history) { history in
            let number = history.batches.count
            guard number < 68 else { return }
            history.commit([
                (History.key("job-000059"), "again \(number)"),
                (History.key("job-000001"), "again \(number)"),
                (History.key("job-0000\(10 + number % 40)"), nil),
                (History.key("a-new-\(number)"), "new"),
            ])
        }
        #expect(try await replica.finishInstallation() == history.head)
        #expect(try await replica.everything() == history.records)
        #expect(await replica.count == history.records.count { !$0.isDeleted })
        // What was applied again while installing is history that can be passed on.
        let start = history.batches[60].position.revision
        let kept = try await replica.changes(after: start, limit: 99)
        #expect(kept == Array(history.batches[61...]))
        let whole = try Replica(ReplicaSettings(path: "\(folder.path)/whole.db"))
        _ = try await whole.apply(history.batches)
        #expect(await replica.audit().sums == whole.audit().sums)
    }

    @Test func `a broken transfer goes on where it was, with another member too`() async throws {
        var history = History()
        history.commitJobs(100)
        let replica = try open()
        let first = try await replica.beginInstallation()
        try await load(first, from: &history, chunks: 4)
        #expect(await first.progress().count == 40)
        await replica.pauseInstallation()
        // The other one is further on, and has what came since in its history.
        history.commit([(History.key("job-000003"), nil), (History.key("job-000099"), nil)])
        let second = try await replica.beginInstallation()
        #expect(
            await second.progress().next
                == .chunk(
                    after: History.key("job-000039"),
                    base: history.batches[99].position
                )
        )
        try await load(second, from: &history)
        #expect(await second.progress().count == 100)
        #expect(try await replica.finishInstallation() == history.head)
        #expect(try await replica.everything() == history.records)
    }

    @Test func `a member that is behind what was taken is of no use`() async throws {
        var history = History()
        history.commitJobs(30)
        let behind = history
        history.commitJobs(10)
        let replica = try open()
        let installation = try await replica.beginInstallation()
        try await load(installation, from: &history, chunks: 1)
        let late = chunk(behind, after: await installation.progress().lastKey)
        await #expect(throws: ReplicaError.self) { try await installation.add(late) }
        #expect(await installation.progress().count == 10)
    }

    @Test func `changes of another history are refused, and the old copy stays`() async throws {
        var ours = History()
        ours.commitJobs(5)
        let replica = try open()
        _ = try await replica.apply(ours.batches)
        var theirs = History()
        theirs.commit([(History.key("a"), "one")], epoch: 2)
        var later = History()
        later.commit([(History.key("b"), "two")], epoch: 2)
        later.commit([(History.key("b"), "three")], epoch: 2)
        let installation = try await replica.beginInstallation()
        try await installation.add(chunk(theirs, after: nil))
        try await installation.add(chunk(later, after: History.key("a")))
        try await installation.add(chunk(later, after: History.key("b")))
        await #expect(throws: ReplicaError.self) {
            try await installation.amend([later.batches[1]])
        }
        await #expect(throws: ReplicaError.self) { _ = try await replica.finishInstallation() }
        await replica.dropInstallation()
        #expect(await replica.position() == ours.head)
        #expect(try await replica.everything() == ours.records)
        #expect(try !folder.files.contains("replica.db.fresh"))
    }

    @Test func `a chunk that was damaged on the way is refused, and sent again`() async throws {
        var history = History()
        history.commitJobs(20)
        let sound = chunk(history, after: nil)
        let replica = try open()
        let installation = try await replica.beginInstallation()
        for place in stride(from: 0, to: sound.rows.count, by: 97) {
            var damaged = sound
            damaged.rows[place] ^= 0x10
            await #expect(throws: ReplicaError.self) { try await installation.add(damaged) }
            // With a digest made to fit, the rows' own digests and order are all that is left.
            let forged = SnapshotChunk(
                position: damaged.position,
                tombFloor: damaged.tombFloor,
                count: damaged.count + 1,
                isLast: false,
                digest: damaged.digest,
                rows: damaged.rows
            )
            await #expect(throws: ReplicaError.self) { try await installation.add(forged) }
        }
        #expect(await installation.progress().count == 0)
        try await load(installation, from: &history)
        #expect(try await replica.finishInstallation() == history.head)
    }

    @Test func `one installation at a time, and the copy serves meanwhile`() async throws {
        var history = History()
        history.commitJobs(20)
        let replica = try open()
        _ = try await replica.apply(history.batches)
        _ = try await replica.beginInstallation()
        await #expect(throws: ReplicaError.self) { _ = try await replica.beginInstallation() }
        history.commitJobs(5)
        #expect(try await replica.apply(history.batches) == .applied(history.head))
        #expect(try await replica.everything() == history.records)
    }

    @Test func `a copy that went further meanwhile by itself is not put back`() async throws {
        var history = History()
        history.commitJobs(10)
        let replica = try open()
        let installation = try await replica.beginInstallation()
        try await load(installation, from: &history)
        history.commitJobs(10)
        _ = try await replica.apply(history.batches)
        #expect(try await replica.finishInstallation() == history.head)
        #expect(try await replica.everything() == history.records)
    }

    @Test func `a crash at any moment of an installation leaves the old copy or the new one`()
        async throws
    {
        var old = History()
        old.commitJobs(50)
        var new = History()
        new.commitJobs(80)
        let replica = try open()
        _ = try await replica.apply(Array(old.batches.prefix(50)))
        let installation = try await replica.beginInstallation()
        var images: [TestFolder] = []
        for _ in 0..<20 {
            let image = try TestFolder()
            try folder.image(to: image)
            images.append(image)
            try await load(installation, from: &new, chunks: 1)
        }
        for image in images {
            let revived = try Replica(ReplicaSettings(path: image.database))
            #expect(await revived.filesSetAside.isEmpty)
            #expect(await revived.position() == old.head)
            #expect(try await revived.everything() == old.records)
            #expect(try !image.files.contains("replica.db.fresh"))
        }
        #expect(try await replica.finishInstallation() == new.head)
        let image = try TestFolder()
        try folder.image(to: image)
        let revived = try Replica(ReplicaSettings(path: image.database))
        #expect(await revived.position() == new.head)
        #expect(try await revived.everything() == new.records)
    }

    @Test func `readers see the one copy or the other while they change places`() async throws {
        var history = History()
        history.commitJobs(200)
        let replica = try open()
        _ = try await replica.apply(history.batches)
        let old = history.records
        let reading = Task {
            while !Task.isCancelled {
                let count = try await replica.count(kind: .job, tenant: "home")
                guard count == 200 || count == 300 else { return count }
            }
            return 300
        }
        #expect(try await replica.everything() == old)
        history.commitJobs(100)
        try await replica.install(history.records, at: history.head)
        reading.cancel()
        #expect(try await reading.value == 300)
        #expect(try await replica.everything() == history.records)
    }

    @Test func `rows are sent as they are kept`() async throws {
        var history = History()
        history.commitJobs(30)
        history.commit([(History.key("job-000003"), nil)])
        let replica = try open()
        _ = try await replica.apply(history.batches)
        let (sent, lastKey) = try await replica.chunk(after: nil, limit: 20)
        #expect(
            sent
                == SnapshotChunk(
                    Array(history.records.prefix(20)),
                    at: history.head,
                    isLast: false
                )
        )
        #expect(lastKey == history.records[19].key)
        #expect(try sent.records() == Array(history.records.prefix(20)))
        let end = try await replica.chunk(after: history.records.last?.key, limit: 20)
        #expect(end.chunk.isLast && end.chunk.count == 0)
    }
}
