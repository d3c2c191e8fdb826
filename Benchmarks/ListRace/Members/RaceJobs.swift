// The jobs of the races: each some 330 bytes, as an ordinary job with a command has.

internal import Gossip
internal import JobList
internal import LockLease
internal import RaceWords
internal import Vocabulary

enum RaceJobs {
    static let perRevision = 10_000
    private static let at = Instant(unixMilliseconds: 1_790_000_000_000)

    static func key(_ number: Int) -> ObjectKey {
        let digits = String(number)
        let name = "job-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        return ObjectKey(tenant: "default", kind: .job, name: name)
    }

    /// As random as a ULID is, so that the index by uid is not filled in order.
    static func uid(_ number: Int) -> UID {
        let one = SeededGenerator.mixed(UInt64(number) &+ 1)
        let text = String(one, radix: 32) + String(SeededGenerator.mixed(one), radix: 32)
        return UID(String((text + "00000000000000000000000000").prefix(26)))
    }

    static func body(_ number: Int, edit: Int = 0) -> [UInt8] {
        let text = """
            {"spec":{"description":"Job number \(number), edit \(edit): a nightly export of the \
            orders of one shop to the warehouse","labels":{"shop":"\(number % 997)","team":"data"},\
            "retries":{"limit":2},"schedule":"\(number % 60) \(number % 24) * * *","shell":"exec \
            /usr/local/bin/export --shop \(number % 997) --format parquet --to \
            s3://warehouse/orders/\(number)","timeout":"15m"}}
            """
        return Array(text.utf8)
    }

    static func record(_ number: Int, revision: Revision, edit: Int = 0) -> ObjectRecord {
        let body = body(number, edit: edit)
        return ObjectRecord(
            key: key(number),
            uid: uid(number),
            version: Version(Int64(edit) + 1),
            revision: revision,
            isDeleted: false,
            body: body,
            digest: ChainDigest.digest(ofBody: body),
            createdAt: at,
            updatedAt: at,
            author: "import"
        )
    }

    static func edit(_ number: Int) -> ObjectEdit {
        ObjectEdit(
            key: key(number),
            expecting: .absent,
            uid: uid(number),
            change: .put(
                body: body(number),
                gate: JobGate(
                    isEnabled: true,
                    overlap: .forbid,
                    retries: RetryPolicy(),
                    nodeLoss: .lost,
                    keep: Retention()
                )
            )
        )
    }
}

/// Makes copies of lists to race with.
enum ListFiller {
    /// A copy with `--jobs` jobs at `--path` that has no history, as if from a snapshot.
    static func fill(_ words: Words) async throws {
        let count = try words.neededNumber("jobs")
        let replica = try Replica(ReplicaSettings(path: try words.neededText("path")))
        let last = Revision(epoch: 1, sequence: UInt64(max(1, count / RaceJobs.perRevision)))
        let position = Position(revision: last, digest: Digest(high: 7, low: 7))
        let installation = try await replica.beginInstallation()
        for start in stride(from: 0, to: count, by: 500) {
            let records = (start..<min(count, start + 500)).map { number in
                let sequence = UInt64(number / RaceJobs.perRevision + 1)
                return RaceJobs.record(
                    number,
                    revision: min(last, Revision(epoch: 1, sequence: sequence))
                )
            }
            try await installation.add(SnapshotChunk(records, at: position, isLast: false))
        }
        try await installation.add(SnapshotChunk([], at: position, isLast: true))
        _ = try await replica.finishInstallation()
        await replica.close()
    }

    /// A copy with `--revisions` commits of one job each in its log.
    static func log(_ words: Words) async throws {
        let replica = try Replica(ReplicaSettings(path: try words.neededText("path")))
        var head = Position.start
        let count = try words.neededNumber("revisions")
        for start in stride(from: 0, to: count, by: 1_000) {
            var batches: [ChangeBatch] = []
            for number in start..<min(count, start + 1_000) {
                let revision = Revision(epoch: 1, sequence: head.revision.sequence + 1)
                let job = number % 20_000
                let record = RaceJobs.record(job, revision: revision, edit: number / 20_000)
                let digest = ChainDigest.next(
                    after: head.digest,
                    revision: revision,
                    records: [record]
                )
                let position = Position(revision: revision, digest: digest)
                batches.append(ChangeBatch(previous: head, position: position, records: [record]))
                head = position
            }
            _ = try await replica.apply(batches)
        }
        await replica.close()
    }
}
