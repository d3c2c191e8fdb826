import CronEval
import LockLease
import Scheduler
import TestSupport
import Testing
import Vocabulary

@Suite struct `A cluster of schedulers` {
    private func job(_ schedule: String, misfire: MisfirePolicy = .latest) -> Job {
        var spec = JobSpec(task: .shell(ShellTask(command: "true")), schedule: schedule)
        spec.misfire = misfire
        spec.overlap = .allow(limit: nil)
        return Job(spec: spec)
    }

    @Test func `in health starts everything once, in time, with about one write a run`()
        async throws
    {
        let cluster = try await Simulation(nodes: 5, seed: 1)
        for number in 0..<20 {
            try await cluster.put(job("\(number % 10)/10 * * * * *"), named: "job-\(number)")
        }
        try await cluster.run(through: 120_000)
        #expect(cluster.starts.values.allSatisfy { $0 == 1 })
        #expect(cluster.starts.count >= 20 * 11)
        let worst = try #require(cluster.lateness.max())
        #expect(worst <= 60, "worst lateness \(worst) ms")
        #expect(Double(cluster.claims) <= 1.2 * Double(cluster.starts.count))
    }

    @Test func `covers a dead first within a second`() async throws {
        let cluster = try await Simulation(nodes: 3, seed: 2)
        for number in 0..<12 { try await cluster.put(job("* * * * * *"), named: "job-\(number)") }
        try await cluster.run(through: 10_000)
        cluster.crash(0, at: 0, for: 1_000_000)
        cluster.lateness = []
        try await cluster.run(through: 20_000)
        #expect(cluster.starts.values.allSatisfy { $0 == 1 })
        let worst = try #require(cluster.lateness.max())
        #expect(worst < 1_000, "worst lateness \(worst) ms")
    }

    @Test(.tags(.randomized), .timeLimit(.minutes(5)))
    func `never starts anything twice nor forgets an instant, whatever fails`() async throws {
        for seed in UInt64(0)..<15 {
            let cluster = try await storm(seed: seed)
            let doubles = cluster.starts.filter { $0.value > 1 }
            #expect(doubles.isEmpty, "seed \(seed): \(doubles)")
            try await checkVerdicts(cluster, seed: seed)
        }
    }

    @Test func `is the same run under the same seed`() async throws {
        let (one, other) = (try await storm(seed: 7), try await storm(seed: 7))
        #expect(one.trace == other.trace)
        #expect(one.starts == other.starts)
    }

    /// Ninety seconds of faults, then thirty of health.
    private func storm(seed: UInt64) async throws -> Simulation {
        var random = SeededGenerator(seed: seed &* 977)
        var faults = Simulation.Faults()
        faults.refused = .random(in: 0...10, using: &random)
        faults.unknownApplied = .random(in: 0...10, using: &random)
        faults.unknownLost = .random(in: 0...10, using: &random)
        faults.notesLost = .random(in: 0...60, using: &random)
        faults.clockOffset = .random(in: 0...300, using: &random)
        let cluster = try await Simulation(nodes: 4, seed: seed, faults: faults)
        let schedules = ["* * * * * *", "*/3 * * * * *", "@every 7s", "*/20 * * * * *"]
        let policies: [MisfirePolicy] = [.latest, .skip, .all(limit: 5)]
        for (number, schedule) in schedules.enumerated() {
            let policy = policies[Int(seed) % 3]
            try await cluster.put(job(schedule, misfire: policy), named: "job-\(number)")
        }
        for index in 0..<3 where Bool.random(using: &random) {
            let at = Int64.random(in: 5_000...60_000, using: &random)
            cluster.crash(index, at: at, for: .random(in: 500...20_000, using: &random))
        }
        try await cluster.run(through: 20_000)
        cluster.stall(3, until: 40_000)
        try await cluster.run(through: 45_000)
        try await cluster.put(job("*/2 * * * * *"), named: "job-0")
        try await cluster.run(through: 120_000)
        return cluster
    }

    /// Every instant up to the cursor is a run or lies in a skip range, and the counts are right.
    private func checkVerdicts(_ cluster: Simulation, seed: UInt64) async throws {
        let cursors = await cluster.store.cursors(of: Array(cluster.entries.keys))
        for (uid, entry) in cluster.entries
        where entry.revision.sequence > 1 || entry.name.name != "job-0" {
            let cursor = try #require(cursors[uid])
            #expect(
                cursor.duration(to: Instant(unixMilliseconds: cluster.now)) < .seconds(22),
                "seed \(seed): \(entry.name) stands still at \(cursor)"
            )
            var filter = RunFilter()
            filter.job = uid
            filter.limit = 10_000
            let runs = Set(await cluster.store.runs(filter).map(\.key.instant))
            let skips = await cluster.store.skips(
                of: uid,
                from: entry.createdAt,
                through: cursor,
                limit: 10_000
            )
            let skipped = skips.reduce(0) { $0 + $1.count }
            guard entry.name.name != "job-0" else { continue }
            let due = try instants(of: entry, through: cursor)
            for instant in due {
                let isSkipped = skips.contains { $0.from < instant && instant <= $0.through }
                #expect(
                    runs.contains(instant) != isSkipped,
                    "seed \(seed): \(entry.name) \(instant)"
                )
            }
            #expect(runs.count + skipped == due.count, "seed \(seed): \(entry.name)")
        }
    }

    private func instants(of entry: JobEntry, through cursor: Instant) throws -> [Instant] {
        let schedule = try Schedule(
            parsing: entry.job.spec.schedule ?? "",
            in: Simulation.zones,
            seed: entry.uid.text
        )
        var found: [Instant] = []
        var last = entry.createdAt
        while let next = schedule.next(after: last), next <= cursor {
            found.append(next)
            last = next
        }
        return found
    }
}
