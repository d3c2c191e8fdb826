// The node that goes first dies just before or just after an instant with a thousand runs.

internal import Platform
internal import Vocabulary

extension Race {
    private static let runs = 1_000

    /// Killed 100 ms before the instant: it has claimed nothing, and the others start everything.
    func raceDeadFirst() async throws {
        try await with(nodes: 3, slots: 2_000) { cluster in
            let evidence = Evidence(path: "\(cluster.folder)/evidence")
            let due = try await addJobs(cluster, stamping(evidence.path), isRetried: false)
            try await sleep(until: due.advanced(by: .milliseconds(-100)))
            cluster.kill(cluster.names[0])
            _ = try await evidence.wait(for: Self.runs, within: .seconds(30))
            try await Task.sleep(for: .seconds(2))
            let stamps = evidence.stamps
            let starts = Dictionary(grouping: stamps, by: \.job)
            let doubled = starts.values.count { $0.count > 1 }
            let lags = Samples(stamps.map { $0.lag(after: due) })
            say(
                """
                # first killed 100 ms before \(Self.runs) runs: \(stamps.count) starts, \
                \(Self.runs - starts.count) lost, \(doubled) doubled, \
                \(stamps.count { $0.node == cluster.names[0] }) by the dead; median \
                \(rounded(lags.median)) s, 99% \(rounded(lags.at(0.99))) s, worst \
                \(rounded(lags.worst)) s
                """
            )
            guard starts.count == Self.runs, doubled == 0 else {
                throw RaceFailure("the takeover is not whole")
            }
            bench("takeover-p99", lags.at(0.99), 1, "s")
        }
    }

    /// Killed while it runs what it has claimed: each is retried elsewhere, as its policy says.
    func raceLost() async throws {
        let term = isShort ? 3 : 10
        try await with(nodes: 3, slots: 2_000, term: "\(term)s") { cluster in
            let evidence = Evidence(path: "\(cluster.folder)/evidence")
            let command = stamping(evidence.path, then: "exec sleep 4")
            let due = try await addJobs(cluster, command, isRetried: true)
            try await sleep(until: due.advanced(by: .milliseconds(1_500)))
            let killed = SystemClock.wall
            cluster.kill(cluster.names[0])
            let limit = Duration.seconds(term + 20)
            let begun = Set(
                evidence.stamps.filter { $0.node == cluster.names[0] }.map(\.job)
            )
            _ = try await until(within: limit) { () -> Bool? in
                let again = Set(evidence.stamps.filter { $0.attempt > 1 }.map(\.job))
                return begun.isSubset(of: again) ? true : nil
            }
            try await Task.sleep(for: .seconds(3))
            let stamps = evidence.stamps
            let again = stamps.filter { $0.attempt > 1 }
            let attempts = Dictionary(grouping: stamps) { "\($0.job) \($0.attempt)" }
            let doubled = attempts.values.count { $0.count > 1 }
            let missing = begun.subtracting(again.map(\.job)).count
            let lags = Samples(again.map { $0.lag(after: killed) })
            say(
                """
                # first killed 1.5 s after \(Self.runs) runs: \(begun.count) begun there, \
                \(again.count) retried elsewhere, \(missing) not, \(doubled) attempts doubled; \
                after the kill: median \(rounded(lags.median)) s, worst \(rounded(lags.worst)) s
                """
            )
            guard !begun.isEmpty, missing == 0, doubled == 0 else {
                throw RaceFailure("not everything that was lost was retried once")
            }
            bench("takeover-claimed-worst", lags.worst, Double(term + 1), "s")
        }
    }

    /// Jobs that the first node serves first, all due once; answers when.
    private func addJobs(
        _ cluster: NodeCluster,
        _ command: String,
        isRetried: Bool
    ) async throws -> Instant {
        let due = RaceJobs.second(in: .seconds(12))
        try await cluster.add(
            (0..<Self.runs).map { number in
                var spec = RaceJobs.spec(RaceJobs.once(at: due), command)
                if isRetried { spec.nodeLoss = .retry(limit: 1) }
                let uid = RaceJobs.uid(servedFirstBy: cluster.names[0], among: cluster.names)
                return ("due-\(number)", uid, spec)
            }
        )
        guard SystemClock.wall < due.advanced(by: .seconds(-1)) else {
            throw RaceFailure("the jobs were not everywhere in time")
        }
        return due
    }
}
