// Makes histories as a store would, and folders to keep copies of them in.

import Foundation
import JobList
import LockLease
import Platform
import Vocabulary

/// A store's side of the list, in memory.
struct History {
    private(set) var batches: [ChangeBatch] = []
    private(set) var objects: [ObjectKey: ObjectRecord] = [:]
    private(set) var head = Position.start
    private var commits: Int64 = 0

    static func key(_ name: String, tenant: String = "home", kind: ObjectKind = .job) -> ObjectKey {
        ObjectKey(tenant: tenant, kind: kind, name: name)
    }

    static func body(_ text: String) -> [UInt8] {
        Array(#"{"spec":{"description":"\#(text)","shell":"true"}}"#.utf8)
    }

    /// Commits `edits` as one revision; a `nil` body deletes.
    @discardableResult
    mutating func commit(
        _ edits: [(key: ObjectKey, text: String?)],
        epoch: UInt32 = 1
    ) -> ChangeBatch {
        commits += 1
        let revision = Revision(epoch: epoch, sequence: head.revision.sequence + 1)
        let now = Instant(unixMilliseconds: 1_800_000_000_000 + commits)
        let records = edits.map { edit in
            let old = objects[edit.key]
            let body = edit.text.map { Self.body($0) } ?? []
            return ObjectRecord(
                key: edit.key,
                uid: old?.uid ?? UID("uid-of-\(edit.key.name)"),
                version: Version((old?.version.rawValue ?? 0) + 1),
                revision: revision,
                isDeleted: edit.text == nil,
                body: body,
                digest: ChainDigest.digest(ofBody: body),
                createdAt: old?.createdAt ?? now,
                updatedAt: now,
                author: "kim"
            )
        }
        for record in records { objects[record.key] = record }
        let digest = ChainDigest.next(after: head.digest, revision: revision, records: records)
        let batch = ChangeBatch(
            previous: head,
            position: Position(revision: revision, digest: digest),
            records: records
        )
        head = batch.position
        batches.append(batch)
        return batch
    }

    /// `count` commits of one new job each.
    mutating func commitJobs(_ count: Int) {
        for number in batches.count..<batches.count + count {
            commit([(Self.key("job-\(number.padded(to: 6))"), "number \(number)")])
        }
    }

    /// Random puts and deletes among a few names, one to three a commit.
    mutating func commitAtRandom(_ count: Int, using random: inout SeededGenerator) {
        for _ in 0..<count {
            var names = Array(0..<20).shuffled(using: &random)
            names.removeLast(Int.random(in: 17...19, using: &random))
            commit(
                names.map { name in
                    let text = Int.random(in: 0..<4, using: &random) == 0 ? nil : "\(head)"
                    return (Self.key("job-\(name)"), text)
                }
            )
        }
    }

    var records: [ObjectRecord] { objects.values.sorted { $0.key < $1.key } }
}

/// A folder of a test's own, removed at its end.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "list-\(UUID())").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var database: String { "\(path)/replica.db" }

    var files: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    /// The disk as a power cut would leave it: every file as it is now, under `folder`.
    func image(to folder: TestFolder) throws {
        for file in try files {
            try FileManager.default.copyItem(
                atPath: "\(path)/\(file)",
                toPath: "\(folder.path)/\(file)"
            )
        }
    }
}

extension ReplicatedList {
    /// Everything in the copy, page by page.
    func everything(pageLimit: Int = 1_000) async throws -> [ObjectRecord] {
        var records: [ObjectRecord] = []
        while true {
            let page = try await snapshot(after: records.last?.key, limit: pageLimit).records
            if page.isEmpty { return records }
            records += page
        }
    }
}
