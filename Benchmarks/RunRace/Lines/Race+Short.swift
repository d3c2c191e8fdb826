// Thousands of short runs a minute: every record complete, and what they leave on the disk.

internal import LockLease
internal import Platform
internal import Vocabulary

extension Race {
    private static let perSecond = 84

    /// 84 jobs a second for ten minutes on one node: records, growth, how late an end is recorded.
    func raceShort() async throws {
        let length = isShort ? 60 : 600
        try await with(nodes: 1, slots: 400) { cluster in
            let evidence = Evidence(path: "\(cluster.folder)/evidence")
            let command = stamping(evidence.path)
            try await cluster.add(
                (0..<Self.perSecond).map { number in
                    var spec = RaceJobs.spec("* * * * * *", command)
                    // Every record is looked at afterwards.
                    spec.keep.runs = 2 * length
                    return ("short-\(number)", RaceJobs.uid(), spec)
                }
            )
            let begin = RaceJobs.second(in: .seconds(1))
            try await sleep(until: begin)
            let before = cluster.bytesOnDisk
            try await sleep(until: begin.advanced(by: .seconds(length)))
            let after = cluster.bytesOnDisk
            let stamps = evidence.stamps.filter {
                $0.lag(after: begin) >= 0 && $0.lag(after: begin) < Double(length)
            }
            try await account(stamps, of: length, in: cluster)
            let growth = Double(after - before) / Double(max(1, stamps.count))
            say("# on the disk: \(rounded(growth, to: 0)) bytes a run")
        }
    }

    private func account(
        _ stamps: [Stamp],
        of length: Int,
        in cluster: NodeCluster
    ) async throws {
        let starts = Dictionary(grouping: stamps) { "\($0.job) \($0.instant?.description ?? "")" }
        let doubled = starts.values.count { $0.count > 1 }
        var delays: [Double] = []
        var (open, unrecorded) = (0, Set(starts.keys))
        for record in try await cluster.records(limit: 2 * Self.perSecond * length) {
            guard let finished = record.finishedAt else {
                open += 1
                continue
            }
            let key = "\(record.name.name) \(record.key.instant)"
            guard let stamp = starts[key]?.first else { continue }
            unrecorded.remove(key)
            delays.append(
                Double(finished.unixMilliseconds) - Double(stamp.nanoseconds) / 1_000_000
            )
        }
        let finish = Samples(delays)
        let due = Self.perSecond * length
        say("# short: \(due) due, \(stamps.count) started, \(doubled) doubled, \(open) open")
        bench("short-runs-unrecorded", Double(unrecorded.count), 0, "runs")
        bench("short-runs-lost", Double(due - starts.count), 0, "runs")
        bench("short-runs-finish-p50", finish.median, 1_000, "ms")
        bench("short-runs-finish-p99", finish.at(0.99), 1_000, "ms")
    }
}
