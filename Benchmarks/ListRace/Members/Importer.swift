// A master as far as an import goes: commits, applies, and tells the members.

internal import Gossip
internal import JobList
internal import LockLease
internal import Platform
internal import RaceWords
internal import Sealing
internal import Vocabulary

/// Commits `--jobs` jobs to the store at `--store`, ``RaceJobs/perRevision`` at a time, once
/// `--members` members are there.
///
/// It prints where its gossip can be reached, then when it began, in milliseconds since boot.
struct Importer {
    private let store: String
    private let path: String
    private let jobs: Int
    private let members: Int
    private let key: SecretKey

    init(_ words: Words) throws {
        store = try words.neededText("store")
        path = try words.neededText("path")
        jobs = try words.neededNumber("jobs")
        members = try words.neededNumber("members")
        key = try RaceMember.key(words)
    }

    func run() async throws {
        let signals = StopSignals()
        let store = try openStore(store)
        _ = try await store.identify()
        let replica = try Replica(ReplicaSettings(path: path))
        let gossip = try RaceMember.gossip("master", path: path, seeds: [], key: key, list: replica)
        await gossip.start()
        say("\(gossip.boundPort) 0")
        // The members' heads ride on probes; looking a hundred times a second costs nothing.
        while gossip.members.count(where: { $0.state == .alive }) <= members {
            try await Task.sleep(for: .milliseconds(10))
        }
        say("\(SystemClock.monotonic.sinceBoot.milliseconds) 0")
        for start in stride(from: 0, to: jobs, by: RaceJobs.perRevision) {
            let numbers = start..<min(jobs, start + RaceJobs.perRevision)
            let batch = try await store.commit(
                numbers.map { RaceJobs.edit($0) },
                id: RequestID("import-\(start)"),
                author: "import"
            )
            _ = try await replica.apply([batch])
            await gossip.publish(batch)
        }
        for await _ in signals.requests { break }
        await gossip.stop()
    }
}
