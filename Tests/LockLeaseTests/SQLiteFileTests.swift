import Foundation
import LockLease
import Platform
import SQLite
import TestSupport
import Testing
import Vocabulary

@Suite struct `A store's file` {
    let folder: TemporaryFolder
    var path: String { folder.path + "/store.db" }

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func `keeps everything over a restart`() async throws {
        let bench = try Bench(.sqlite)
        let first = try SQLiteLeaseStore(path: path)
        let edit = ObjectEdit(
            key: Bench.key("job"),
            expecting: .absent,
            uid: UID("uid"),
            change: .put(body: [1, 2], gate: Bench.gate())
        )
        let batch = try await first.commit([edit], id: bench.request(), author: "ann")
        let identity = try await first.identify()
        await first.shutDown()
        let second = try SQLiteLeaseStore(path: path)
        #expect(try await second.object(Bench.key("job")) == batch.records[0])
        #expect(try await second.identify().id == identity.id)
        #expect(try await second.identify().writes == identity.writes)
        await #expect(throws: StoreError.unavailable("this store has been shut down")) {
            try await first.pulse()
        }
    }

    @Test func `counts a renewal and a claim as one write each`() async throws {
        let bench = try Bench(.sqlite)
        let (job, session) = (try await bench.put(), try await bench.session())
        let before = try await bench.store.identify().writes
        #expect(try await bench.store.renew(session).writes == before + 1)
        _ = try await bench.run(session, job)
        #expect(try await bench.store.identify().writes == before + 2)
        #expect(try await bench.store.renew(session).writes == before + 3)
    }

    @Test func `counts the beats of sessions that are pruned, too`() async throws {
        let bench = try Bench(.sqlite)
        let session = try await bench.store.openSession(Bench.node("a"), term: .seconds(10))
        for _ in 0..<50 { _ = try await bench.store.renew(session) }
        try await bench.store.closeSession(session)
        let before = try await bench.store.identify().writes
        bench.clock.advance(by: .seconds(2 * 3_600))
        #expect(try await bench.store.prune(StoreRetention()) == 1)
        #expect(try await bench.store.identify().writes > before)
    }

    @Test func `remembers requests for as long as it must, and not much longer`() async throws {
        let clock = ManualClock(at: Bench.at(0))
        var settings = SQLiteStoreSettings()
        settings.clock = { clock.now }
        settings.requestMemory = .seconds(160)
        let store = try SQLiteLeaseStore(path: path, settings: settings)
        let connection = try Connection(path: path)
        let count = { try connection.query("SELECT count(*) FROM request") { $0.integer(0) } }
        for round in 1...1_000 {
            clock.advance(by: .seconds(1))
            let edit = ObjectEdit(
                key: Bench.key("job"),
                expecting: .any,
                uid: UID("uid"),
                change: .put(body: [], gate: Bench.gate())
            )
            _ = try await store.commit([edit], id: RequestID("\(round)"), author: "ann")
            let kept = try count()[0]
            #expect(min(round, 161) <= kept && kept <= 172, "\(kept) after \(round)")
        }
    }

    @Test func `is made by one of several that come at once, and known by the others`() async throws
    {
        for round in 0..<100 {
            let path = "\(folder.path)/\(round).db"
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<4 {
                    group.addTask { try await SQLiteLeaseStore(path: path).identify().id }
                }
                let ids = try await group.reduce(into: Set<String>()) { $0.insert($1) }
                #expect(ids.count == 1)
            }
        }
    }

    @Test func `is refused and left alone if it is no database`() throws {
        let text = Data(String(repeating: "not a database at all\n", count: 100).utf8)
        try text.write(to: URL(filePath: path))
        #expect(
            throws: StoreError.incompatible(
                "\(path) is not a store of Rota. Name another file"
            )
        ) { try SQLiteLeaseStore(path: path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == text)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["store.db"])
    }

    @Test func `is refused and left alone if it is somebody else's database`() throws {
        do {
            let theirs = try Connection(path: path)
            try theirs.execute("CREATE TABLE customers(name TEXT)")
        }
        let before = try Data(contentsOf: URL(filePath: path))
        #expect(
            throws: StoreError.incompatible(
                "\(path) is a database, but not a store of Rota. Name another file"
            )
        ) { try SQLiteLeaseStore(path: path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
    }

    @Test func `is refused if a newer release wrote it`() async throws {
        let store = try SQLiteLeaseStore(path: path)
        await store.shutDown()
        do {
            try Connection(path: path).execute("PRAGMA user_version=7")
        }
        #expect(
            throws: StoreError.incompatible(
                "the store \(path) has schema 7; this release knows 3. Run the newer release"
            )
        ) { try SQLiteLeaseStore(path: path) }
    }

    @Test func `of an older release is brought up to this one's`() async throws {
        let store = try SQLiteLeaseStore(path: path)
        try await fill(store, objects: 3)
        let before = try await store.identify()
        await store.shutDown()
        do {
            try Connection(path: path).execute("DROP INDEX run_kill; PRAGMA user_version=1")
        }
        let again = try SQLiteLeaseStore(path: path)
        #expect(try await again.identify().head == before.head)
        let sql = "SELECT user_version, (SELECT count(*) FROM sqlite_schema WHERE name='run_kill')"
        let found = try Connection(path: path).query("\(sql) FROM pragma_user_version") {
            [$0.integer(0), $0.integer(1)]
        }
        #expect(found == [[3, 1]])
    }

    @Test func `is refused if it is damaged`() async throws {
        let store = try SQLiteLeaseStore(path: path)
        try await fill(store, objects: 300)
        await store.shutDown()
        // Everything into the file first, or the log would heal the damage.
        do {
            try Connection(path: path).execute("PRAGMA wal_checkpoint(TRUNCATE)")
        }
        let file = try FileHandle(forUpdating: URL(filePath: path))
        for page: UInt64 in 20..<40 {
            try file.seek(toOffset: page * 4_096)
            try file.write(contentsOf: Data(repeating: 0xA5, count: 4_096))
        }
        try file.close()
        let error = #expect(throws: StoreError.self) { try SQLiteLeaseStore(path: path) }
        guard case .corrupt = error else { throw Missing(what: "corrupt in \(error as Any)") }
    }

    @Test func `that is full loses nothing and takes nothing by halves`() async throws {
        var settings = SQLiteStoreSettings()
        settings.pageLimit = 80
        let store = try SQLiteLeaseStore(path: path, settings: settings)
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        let error = await #expect(throws: StoreError.self) {
            try await fill(store, objects: 1_000)
        }
        guard case .full = error else { throw Missing(what: "full in \(error as Any)") }
        let (records, position) = try await store.snapshot(after: nil, limit: 1_000)
        let batches = try await store.changes(after: .zero, limit: 1_000)
        #expect(batches.last?.position == position)
        #expect(batches.flatMap(\.records).count == records.count)
        // What needs no room still goes.
        #expect(try await store.renew(session).beat == Beat(1))
        await store.shutDown()
        let again = try SQLiteLeaseStore(path: path)
        try await fill(again, objects: 1, prefix: "after")
    }

    @Test(.timeLimit(.minutes(1)))
    func `that somebody holds is unavailable for now, and says who`() async throws {
        var settings = SQLiteStoreSettings()
        settings.turnLimit = .milliseconds(30)
        let store = try SQLiteLeaseStore(path: path, settings: settings)
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        let holder = try FileLock(path: path + ".wlock")
        #expect(try holder.tryLock())
        let why = "store held by pid \(ProcessInfo.processInfo.processIdentifier)"
        for _ in 0..<3 {
            let error = await #expect(throws: StoreError.self) { try await store.renew(session) }
            guard case .unavailable(let words) = error, words.hasPrefix(why) else {
                throw Missing(what: "\(why) in \(error as Any)")
            }
            await #expect(throws: StoreError.self) { try await fill(store, objects: 1) }
        }
        // Readers go on.
        #expect(try await store.sessions().map(\.beat) == [Beat(0)])
        holder.unlock()
        // The first turn after that may still be on its way through an abandoned wait.
        settings.turnLimit = .seconds(30)
        let patient = try SQLiteLeaseStore(path: path, settings: settings)
        #expect(try await patient.renew(session).beat == Beat(1))
        try await fill(patient, objects: 1)
    }

    @Test func `keeps its log short`() async throws {
        var settings = SQLiteStoreSettings()
        settings.checkpointBytes = 100_000
        let store = try SQLiteLeaseStore(path: path, settings: settings)
        try await fill(store, objects: 200)
        let log = try #require(FileSystemKind.size(of: path + "-wal"))
        #expect(log < 400_000)
    }

    @Test func `tells a session of another boot as gone`() async throws {
        var settings = SQLiteStoreSettings()
        settings.bootID = "boot-1"
        let before = try SQLiteLeaseStore(path: path, settings: settings)
        _ = try await before.openSession(Bench.node("a"), term: .seconds(10))
        settings.bootID = "boot-2"
        let after = try SQLiteLeaseStore(path: path, settings: settings)
        #expect(try await after.sessions().map(\.isGone) == [true])
        settings.bootID = ""
        let unknowing = try SQLiteLeaseStore(path: path, settings: settings)
        #expect(try await unknowing.sessions().map(\.isGone) == [false])
    }

    private func fill(
        _ store: SQLiteLeaseStore,
        objects: Int,
        prefix: String = "object"
    ) async throws(StoreError) {
        for index in 0..<objects {
            let edit = ObjectEdit(
                key: ObjectKey(tenant: "default", kind: .template, name: "\(prefix)-\(index)"),
                expecting: .absent,
                uid: UID("uid-\(prefix)-\(index)"),
                change: .put(body: [UInt8](repeating: 7, count: 1_000), gate: nil)
            )
            _ = try await store.commit([edit], id: RequestID("\(prefix)-\(index)"), author: "ann")
        }
    }
}

@Suite struct `A store setting` {
    @Test func `names a file`() throws {
        #expect(try StoreURL("sqlite:///var/lib/rota/s.db") == .sqlite(path: "/var/lib/rota/s.db"))
    }

    @Test func `opens the store it names`() async throws {
        let folder = try TemporaryFolder()
        let store = try openStore("sqlite://\(folder.path)/s.db")
        #expect(try await store.identify().schema == 3)
    }

    @Test(arguments: [
        ("", "names no kind of store"),
        ("/var/lib/rota/store.db", "names no kind of store"),
        ("sqlite://store.db", "no absolute path"),
        ("sqlite:///", "no absolute path"),
        ("u:secret@h/db", "names no kind of store"),
        ("mysql://u:secret@h/db", "mysql:// is no kind of store"),
    ])
    func `that is none says what to write`(text: String, reason: String) throws {
        let error = try #require(throws: StoreError.self) { try StoreURL(text) }
        #expect(error.description.contains(reason))
        #expect(error.description.contains("Write "))
        #expect(!error.description.contains("secret"))
    }
}
