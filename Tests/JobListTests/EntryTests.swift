import Foundation
import Gossip
import LockLease
import SQLite
import TestSupport
import Testing
import Vocabulary

@testable import JobList

/// The columns beside the documents: what a node's start reads of the list.
@Suite(.timeLimit(.minutes(2))) struct `The list's columns` {
    let folder: TestFolder

    init() throws {
        folder = try TestFolder()
    }

    private func open() throws -> Replica {
        try Replica(ReplicaSettings(path: folder.database))
    }

    // MARK: Outlines

    private func job(_ random: inout SeededGenerator) -> Job {
        func dice(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &random) }
        var spec = JobSpec(
            task: .shell(ShellTask(command: #"echo "{\"spec\":[]}" \\"#)),
            schedule: dice(5) == 0 ? nil : "\(dice(60)) 3 * * *"
        )
        spec.description = #"says "calendar", {[ and \"#
        spec.timeZone = dice(2) == 0 ? "UTC" : "Europe/Berlin"
        if dice(3) == 0 { spec.rules.jitter = .seconds(dice(600)) }
        if dice(3) == 0 { spec.rules.clockChanges.gap = .skip }
        if dice(3) == 0 { spec.rules.calendar = CalendarUse(except: ["holidays"]) }
        if dice(2) == 0 { spec.misfire = .all(limit: 1 + dice(9)) }
        if dice(2) == 0 { spec.storeLoss = .skip }
        if dice(2) == 0 { spec.startDeadline = .seconds(1 + dice(90)) }
        if dice(2) == 0 { spec.catchUpWindow = .seconds(60 + dice(90)) }
        if dice(2) == 0 { spec.selector.tags = ["disk": "ssd"] }
        if dice(2) == 0 { spec.retries.limit = dice(9) }
        var job = Job(spec: spec)
        let start = Instant(unixSeconds: 1_790_000_000)
        for day in 0..<dice(4) {
            job = job.paused(reason: "r", at: start.advanced(by: .seconds(86_400 * day)))
            if dice(2) == 0 {
                job = job.resumed(at: start.advanced(by: .seconds(86_400 * day + 60)))
            }
        }
        return job
    }

    @Test(.tags(.randomized))
    func `outlines cut out of documents are those of the jobs`() throws {
        var random = SeededGenerator(seed: 3)
        for round in 0..<2_000 {
            let job = job(&random)
            let body = JobDocument.encodeBody(job)
            let bytes = try #require(OutlineForm.bytes(of: body[...], in: "t"), "round \(round)")
            let outline = try OutlineForm.read(bytes)
            #expect(outline == JobOutline(of: job, in: "t"), "round \(round)")
            // What a job does is not in it, so that others have the same.
            var other = job
            other.spec.task = .http(HTTPTask(url: "http://localhost/"))
            other.spec.owner = "somebody"
            let same = OutlineForm.bytes(of: JobDocument.encodeBody(other)[...], in: "t")
            #expect(same == bytes)
        }
    }

    @Test func `what is no job, or not one that is understood, has no outline`() {
        let bodies = [
            "", "{}", "[]", "null", #"{"spec":3}"#, #"{"spec":{"shell":"a"}"#,
            #"{"spec":{"shell":"a"}} "#, #"{"spec":{"shell":"a","moon":"full"}}"#,
            #"{"spec":{"shell":"a"},"more":1}"#, #"{"spec":{"shell":"a}}"#, #"{"spec":{"sh"#,
            #"{"eras":[,"spec":{}}"#, #"{"spec":{"shell":}}"#,
        ]
        for body in bodies {
            #expect(OutlineForm.bytes(of: Array(body.utf8)[...], in: "t") == nil, "\(body)")
        }
    }

    @Test(.tags(.randomized))
    func `no bytes trap the scanner`() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<3_000 {
            var body = JobDocument.encodeBody(job(&random))
            for _ in 0..<Int.random(in: 1..<4, using: &random) {
                let place = Int.random(in: 0..<body.count, using: &random)
                body[place] = .random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { body = Array(body.prefix(body.count / 2)) }
            if let bytes = OutlineForm.bytes(of: body[...], in: "t") {
                _ = try? OutlineForm.read(bytes)
            }
        }
    }

    // MARK: Rows

    /// What the columns ought to say, from the documents.
    private func expected(_ records: [ObjectRecord]) -> [UID: String] {
        var rows: [UID: String] = [:]
        for record in records where record.key.kind == .job && !record.isDeleted {
            let job = try? JobDocument.decodeBody(record.body)
            let outline = job.map { JobOutline(of: $0, in: record.key.tenant) }
            rows[record.uid] = Self.line(outline, record.revision, record.createdAt)
        }
        return rows
    }

    private static func line(
        _ outline: JobOutline?,
        _ revision: Revision,
        _ created: Instant
    ) -> String {
        "\(outline.map { "\($0)" } ?? "none") \(revision) \(created)"
    }

    private func actual(_ replica: Replica, limit: Int = 7) async throws -> [UID: String] {
        var rows: [UID: String] = [:]
        var outlines: [Int64: JobOutline] = [:]
        var next: Int64? = 0
        while let start = next {
            let page = try await replica.entries(
                from: start,
                limit: limit,
                known: Set(outlines.keys)
            )
            next = page.next
            for (number, outline) in page.outlines { outlines[number] = try outline.get() }
            for entry in page.entries {
                let outline = entry.outline.flatMap { outlines[$0] }
                #expect(rows[entry.uid.uid] == nil)
                rows[entry.uid.uid] = Self.line(outline, entry.revision, entry.createdAt)
            }
            for uid in page.others {
                let record = try #require(try await replica.record(uid: uid))
                rows.merge(expected([record])) { $1 }
            }
        }
        return rows
    }

    /// How many outlines there are, and how many users they think they have.
    private func outlineCounts() throws -> [Int64] {
        let connection = try Connection(path: folder.database, isReadOnly: true)
        return try ["count(*)", "coalesce(sum(users), 0)"].map { word in
            try connection.query("SELECT \(word) FROM outline") { $0.integer(0) }[0]
        }
    }

    /// Edits at random: puts of jobs and others, deletions, bodies that nobody understands.
    private func history(_ count: Int, seed: UInt64) -> JobHistory {
        var history = JobHistory()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<count {
            let number = Int.random(in: 0..<30, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: history.commit(number, nil)
            case 1: history.commit(number, Array(#"{"spec":{"moon":"full"}}"#.utf8))
            case _: history.commit(number, JobDocument.encodeBody(job(&random)))
            }
        }
        return history
    }

    @Test(.tags(.randomized))
    func `follow the documents through batches, installations and mending`() async throws {
        for seed in UInt64(1)...4 {
            let history = history(120, seed: seed)
            let replica = try open()
            for start in stride(from: 0, to: 120, by: 20) {
                _ = try await replica.apply(Array(history.batches[start..<start + 20]))
                let records = try await replica.everything()
                #expect(try await actual(replica) == expected(records), "seed \(seed)")
            }
            let counts = try outlineCounts()
            let readable = expected(history.records).values.filter { !$0.hasPrefix("none") }
            #expect(counts[1] == Int64(readable.count))
            #expect(counts[0] <= counts[1])
            try await replica.install(history.records, at: history.head)
            #expect(try await actual(replica) == expected(history.records), "seed \(seed)")
            #expect(try outlineCounts()[1] == Int64(readable.count))
            let gone = history.records.filter { !$0.isDeleted }.map(\.key).prefix(5)
            _ = try await replica.mend(gone.map { ($0, nil) })
            #expect(try await actual(replica) == expected(try await replica.everything()))
            await replica.close()
            try FileManager.default.removeItem(atPath: folder.database)
        }
    }

    @Test func `are made for a file that had none, which keeps everything else`() async throws {
        let history = history(120, seed: 9)
        var replica = try open()
        _ = try await replica.apply(history.batches)
        await replica.close()
        do {
            let connection = try Connection(path: folder.database)
            try connection.execute(
                "DROP TABLE entry; DROP TABLE outline; PRAGMA user_version=2"
            )
        }
        replica = try open()
        #expect(await replica.filesSetAside.isEmpty)
        #expect(await replica.position() == history.head)
        #expect(try await replica.everything() == history.records)
        #expect(try await actual(replica) == expected(history.records))
        // And they are kept in step from there on.
        var more = history
        let spec = JobSpec(task: .shell(ShellTask(command: "a")))
        more.commit(3, JobDocument.encodeBody(Job(spec: spec)))
        _ = try await replica.apply([more.batches[120]])
        #expect(try await actual(replica) == expected(more.records))
    }

    @Test func `definitions are found by uid, and what cannot be read is told apart`()
        async throws
    {
        var history = JobHistory()
        let spec = JobSpec(task: .shell(ShellTask(command: "true")), schedule: "@hourly")
        history.commit(1, JobDocument.encodeBody(Job(spec: spec)))
        history.commit(2, Array(#"{"spec":{"shell":{"moon":1}}}"#.utf8))
        history.commit(3, JobDocument.encodeBody(Job(spec: spec)))
        history.commit(3, nil)
        let replica = try open()
        _ = try await replica.apply(history.batches)
        let uids = (1...4).map { JobHistory.uid($0) }
        let found = try await replica.definitions(of: uids)
        #expect(try found[uids[0]]?.get().spec == spec)
        #expect(try found[uids[0]]?.get().digest == history.batches[0].records[0].digest)
        #expect(throws: DocumentFaults.self) { try found[uids[1]]?.get() }
        #expect(found[uids[2]] == nil && found[uids[3]] == nil)
    }
}

/// A store's side of a list of jobs, in memory.
struct JobHistory {
    private(set) var batches: [ChangeBatch] = []
    private(set) var head = Position.start
    private var objects: [ObjectKey: ObjectRecord] = [:]

    /// Every fifth is of no usual form.
    static func uid(_ number: Int) -> UID {
        number % 5 == 4
            ? UID("uid-of-\(number)")
            : UID(Digest(high: UInt64(number), low: 5).description)
    }

    /// Commits one object, every seventh of which is no job; `nil` deletes it.
    mutating func commit(_ number: Int, _ body: [UInt8]?) {
        let kind = number % 7 == 6 ? ObjectKind.template : .job
        let tenant = number % 2 == 0 ? "home" : "away"
        let key = ObjectKey(tenant: tenant, kind: kind, name: "job-\(number)")
        let revision = Revision(epoch: 1, sequence: head.revision.sequence + 1)
        let old = objects[key]
        let record = ObjectRecord(
            key: key,
            uid: Self.uid(number),
            version: Version((old?.version.rawValue ?? 0) + 1),
            revision: revision,
            isDeleted: body == nil,
            body: body ?? [],
            digest: ChainDigest.digest(ofBody: body ?? []),
            createdAt: old?.createdAt ?? Instant(unixSeconds: 1_800_000_000),
            updatedAt: Instant(unixSeconds: 1_800_000_000),
            author: "kim"
        )
        objects[key] = record
        let digest = ChainDigest.next(after: head.digest, revision: revision, records: [record])
        let position = Position(revision: revision, digest: digest)
        batches.append(ChangeBatch(previous: head, position: position, records: [record]))
        head = position
    }

    var records: [ObjectRecord] { objects.values.sorted { $0.key < $1.key } }
}
