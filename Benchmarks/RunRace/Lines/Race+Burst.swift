// Thousands of jobs that are due in one second, beside a loop that does nothing but start them.

internal import Platform
internal import Vocabulary

extension Race {
    private static let slack = 1.5

    /// Every job starts once; how long until the last has, beside the bare loop before and after.
    func raceBurst() async throws {
        let count = isShort ? 1_000 : 5_000
        let first = try await bareSpawn(count)
        var ours = 0.0
        try await with(nodes: 3, slots: count) { cluster in
            let evidence = Evidence(path: "\(cluster.folder)/evidence")
            let due = RaceJobs.second(in: .seconds(20))
            let schedule = RaceJobs.once(at: due)
            let command = stamping(evidence.path)
            try await cluster.add(
                (0..<count).map { number in
                    ("burst-\(number)", RaceJobs.uid(), RaceJobs.spec(schedule, command))
                }
            )
            guard SystemClock.wall < due else {
                throw RaceFailure("the jobs were not everywhere in time")
            }
            try await sleep(until: due)
            let found = try await evidence.wait(for: count, within: .seconds(60))
            if found.count < count { await sayWhatBecame(cluster) }
            // Whatever would start twice has time to.
            try await Task.sleep(for: .seconds(3))
            let stamps = evidence.stamps
            ours = try account(stamps, of: count, due: due)
            let share = Dictionary(grouping: stamps, by: \.node).mapValues(\.count)
            let parts = share.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            let lags = Samples(stamps.map { $0.lag(after: due) })
            say(
                """
                # burst of \(count): half after \(rounded(lags.median)) s, all after \
                \(rounded(ours)) s; \(parts.joined(separator: ", "))
                """
            )
        }
        let second = try await bareSpawn(count)
        say("# bare posix_spawn: \(rounded(first)) s before, \(rounded(second)) s after")
        let bare = (first + second) / 2
        bench("burst-\(count)", ours, bare, "s")
        bench("burst-\(count)-goal", ours, bare * Self.slack, "s")
    }

    /// What the store says of runs that did not succeed, and how often.
    private func sayWhatBecame(_ cluster: NodeCluster) async {
        let records = (try? await cluster.records(limit: 20_000)) ?? []
        let words = records.filter { $0.state != .succeeded }.map { "\($0.state): \($0.reason)" }
        for (word, same) in Dictionary(grouping: words, by: { $0 }) {
            say("# \(same.count) runs are \(word)")
        }
        for complaint in cluster.complaints { say("# \(complaint)") }
        let evidence = Evidence(path: "\(cluster.folder)/evidence")
        let seconds = evidence.stamps.map { $0.nanoseconds / 500_000_000 }
        for (half, same) in Dictionary(grouping: seconds, by: { $0 }).sorted(by: { $0.key < $1.key }
        ) {
            say("# \(same.count) starts in the half second \(Double(half) / 2)")
        }
    }

    /// The time until the last start, in seconds; fails unless each job started exactly once.
    private func account(_ stamps: [Stamp], of count: Int, due: Instant) throws -> Double {
        let starts = Dictionary(grouping: stamps, by: \.job).mapValues(\.count)
        let doubled = starts.values.count { $0 > 1 }
        let lost = count - starts.count
        say("# burst: \(stamps.count) starts, \(lost) lost, \(doubled) doubled")
        guard lost == 0, doubled == 0 else { throw RaceFailure("the burst is not whole") }
        return stamps.map { $0.lag(after: due) }.max() ?? .nan
    }

    /// Seconds from before the first spawn until the last program has begun.
    private func bareSpawn(_ count: Int) async throws -> Double {
        let evidence = Evidence(path: "\(folder)/bare")
        _ = try Terminal.run("rm -f \"$1\"", arguments: [evidence.path])
        let loop = EventLoop(name: "bare")
        defer { loop.stop() }
        let process = try await NodeProcess.start(
            ["\(tools)/bare-spawn", "\(count)", stamping(evidence.path)],
            on: loop
        )
        try await process.wait(within: .seconds(120))
        let stamps = evidence.stamps
        let said = process.output.split(separator: "\n").first
        guard let begin = said.flatMap({ Int64($0) }), stamps.count == count else {
            throw RaceFailure("bare-spawn: \(process.lastWords)")
        }
        return Double((stamps.map(\.nanoseconds).max() ?? begin) - begin) / 1e9
    }
}
