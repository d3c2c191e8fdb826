import Foundation
import Gossip
import LockLease
import SQLite
import Testing
import TestSupport
import Vocabulary

@testable import JobList

/// The disk as a process leaves it that dies while one list takes another one's place.
///
/// What these are to catch: a copy in the making that is taken for the list, a
/// list that is gone between closing and renaming, a log that is read with another file.
@Suite(.timeLimit(.minutes(2))) struct InstallationCrashTests {
    private let folder: TestFolder
    private let replica: Replica
    private let old: History
    private let new: History

    init() async throws {
        folder = try TestFolder()
        replica = try Replica(ReplicaSettings(path: folder.database))
        var old = History()
        old.commitJobs(50)
        var new = old
        new.commitJobs(30)
        new.commit([(History.key("job-000003"), nil)])
        (self.old, self.new) = (old, new)
        _ = try await replica.apply(old.batches)
    }

    /// All of the new list beside the old one, which changes from now on.
    private func loaded() async throws -> FreshCopy {
        let installation = try await replica.beginInstallation()
        try await installation.add(SnapshotChunk(new.records, at: new.head, isLast: true))
        return try #require(installation as? FreshCopy)
    }

    private func image() throws -> TestFolder {
        let image = try TestFolder()
        try folder.image(to: image)
        return image
    }

    /// What the next process finds in `image`, which it can go on with.
    private func expect(
        _ history: History,
        in image: TestFolder,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var history = history
        let revived = try Replica(ReplicaSettings(path: image.database))
        #expect(await revived.filesSetAside.isEmpty, sourceLocation: sourceLocation)
        #expect(await revived.position() == history.head, sourceLocation: sourceLocation)
        let records = try await revived.everything()
        #expect(records == history.records, sourceLocation: sourceLocation)
        #expect(
            try !image.files.contains { $0.hasPrefix("replica.db.fresh") },
            sourceLocation: sourceLocation
        )
        let next = history.commit([(History.key("later"), "later")])
        #expect(
            try await revived.apply([next]) == .applied(next.position),
            sourceLocation: sourceLocation
        )
        await revived.close()
        let again = try Replica(ReplicaSettings(path: image.database))
        #expect(await again.position() == next.position, sourceLocation: sourceLocation)
        #expect(await again.filesSetAside.isEmpty, sourceLocation: sourceLocation)
    }

    @Test func `is the old list while the new one is being loaded, indexed and synced`()
        async throws
    {
        let installation = try await replica.beginInstallation()
        let copy = try #require(installation as? FreshCopy)
        try await expect(old, in: try image())
        let half = Array(new.records.prefix(40))
        try await copy.add(SnapshotChunk(half, at: new.head, isLast: false))
        try await expect(old, in: try image())
        let rest = Array(new.records.dropFirst(40))
        try await copy.add(SnapshotChunk(rest, at: new.head, isLast: true))
        try await expect(old, in: try image())
        _ = try await copy.seal()
        // Whole and on the disk: and still it is not the list before it has its name.
        try await expect(old, in: try image())
    }

    @Test func `is the old list between its closing and the renaming`() async throws {
        let (path, _) = try await loaded().seal()
        let fresh = try image()
        await replica.close()
        let closed = try image()
        #expect(try !closed.files.contains("replica.db-wal"))
        try FileManager.default.copyItem(
            atPath: "\(fresh.path)/\((path as NSString).lastPathComponent)",
            toPath: "\(closed.path)/\((path as NSString).lastPathComponent)"
        )
        try await expect(old, in: closed)
    }

    @Test func `is the new list from the renaming on`() async throws {
        let (path, position) = try await loaded().seal()
        #expect(position == new.head)
        let fresh = try image()
        await replica.close()
        let renamed = try image()
        try FileManager.default.removeItem(atPath: renamed.database)
        try FileManager.default.copyItem(
            atPath: "\(fresh.path)/\((path as NSString).lastPathComponent)",
            toPath: renamed.database
        )
        try await expect(new, in: renamed)
    }

    @Test func `is the new list once it is in use, and with what came after it`() async throws {
        _ = try await loaded()
        #expect(try await replica.finishInstallation() == new.head)
        try await expect(new, in: try image())
        var later = new
        later.commitJobs(3)
        _ = try await replica.apply(Array(later.batches.suffix(3)))
        try await expect(later, in: try image())
    }

    @Test func `is never the new list with the old one's log`() async throws {
        _ = try await loaded()
        // Whoever reads the old file keeps its log from being removed when it is closed.
        do {
            let guest = try Connection(path: folder.database)
            try guest.run("BEGIN")
            _ = try guest.query("SELECT count(*) FROM object") { $0.integer(0) }
            await #expect(throws: ReplicaError.self) { _ = try await replica.finishInstallation() }
            try await expect(old, in: try image())
            #expect(try await replica.everything() == old.records)
            try guest.run("COMMIT")
        }
        // The new list was kept, whole as it is.
        _ = try await replica.beginInstallation()
        #expect(try await replica.finishInstallation() == new.head)
        try await expect(new, in: try image())
    }
}
