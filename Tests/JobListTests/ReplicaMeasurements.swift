import Foundation
import JobList
import LockLease
import Platform
import Testing
import Vocabulary

/// Figures, not claims: run with `MEASURE=1`, best in a release build.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["MEASURE"] != nil), .serialized)
struct ReplicaMeasurements {
    func measure(_ what: String, _ work: () async throws -> Void) async rethrows {
        let start = SystemClock.monotonic
        try await work()
        let seconds = start.duration(to: SystemClock.monotonic).inSeconds
        print("\(what): \(Int(seconds * 1_000)) ms")
    }

    @Test func `apply, install, load and feed`() async throws {
        let folder = try TestFolder()
        var history = History()
        history.commitJobs(10_000)
        let replica = try Replica(ReplicaSettings(path: folder.database))
        try await measure("apply 10,000 batches, one a call") {
            for batch in history.batches { _ = try await replica.apply([batch]) }
        }
        let second = try Replica(ReplicaSettings(path: "\(folder.path)/second.db"))
        try await measure("apply 10,000 batches, 500 a call") {
            for start in stride(from: 0, to: 10_000, by: 500) {
                _ = try await second.apply(Array(history.batches[start..<start + 500]))
            }
        }
        history.commitJobs(90_000)
        let records = history.records
        try await measure("install 100,000 records") {
            try await replica.install(records, at: history.head)
        }
        await replica.close()
        var reopened: Replica?
        try await measure("reopen with 100,000 records") {
            reopened = try Replica(ReplicaSettings(path: folder.database))
        }
        let copy = try #require(reopened)
        try await measure("read 100,000 records in pages of 1,000") {
            _ = try await copy.everything()
        }
        try await measure("decode 100,000 bodies") {
            for record in records { _ = try JobDocument.decodeBody(record.body) }
        }
        try await measure("list 100,000 through a cursor") {
            let cursor = ChangeFeed(copy).cursor(since: nil)
            while cursor.resumable == nil { _ = try await cursor.next(timeout: .zero) }
        }
    }
}
