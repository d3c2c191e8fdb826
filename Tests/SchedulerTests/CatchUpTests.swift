import LockLease
import Scheduler
import Testing
import Vocabulary

/// Missed runs: at what pace they are made up for, and what becomes of a day slept through.
@Suite struct `Catching up` {
    private func settings(rate: Int) -> SchedulerSettings {
        var settings = SchedulerSettings()
        settings.catchUpRate = rate
        return settings
    }

    private func time(_ seconds: Double) -> Instant { Transcript.instant(seconds) }

    @Test func `goes at its rate, a second's worth at once`() {
        var node = Transcript.node(slots: 100, settings: settings(rate: 4))
        let all = Transcript.entry { $0.spec.misfire = .all(limit: 100) }
        _ = node.at(1, .put([all]))
        let first = node.at(95, .deadlineReached)
        #expect(first == "claim c1: job 1→40 +10! +20! +30! +40!; wake 96")
        #expect(node.at(95.01, won: "c1").hasPrefix("start job 10; "))
        #expect(!node.at(95.2, .deadlineReached).contains("claim"))
        let second = node.at(95.252, .deadlineReached)
        #expect(second.hasPrefix("claim c2: job 40→50 +50!"), "\(second)")
        // What is on time needs no permit.
        _ = node.at(95.26, won: "c2")
        _ = node.at(97, .deadlineReached)
        let last = node.at(97.01, won: "c3")
        #expect(node.plan("c3")?.items.count == 1 && last.contains("start job 60"), "\(last)")
    }

    @Test func `comes after what is on time`() {
        var node = Transcript.node(slots: 100, settings: settings(rate: 1))
        let all = Transcript.entry("a-late") { $0.spec.misfire = .all(limit: 100) }
        let latest = Transcript.entry("b-late") { $0.spec.misfire = .latest }
        let punctual = Transcript.entry("punctual", every: 5, created: 93)
        _ = node.at(1, .put([all, latest, punctual]))
        let line = node.at(95, .deadlineReached)
        #expect(line.hasPrefix("claim c1: punctual 93→95 +95, a-late"), "\(line)")
        #expect(line.contains("b-late 1→90 -1..80×8 misfire +90"), "\(line)")
        #expect(node.machine.status.catchingUp == 0)
        _ = node.at(95.01, won: "c1")
        #expect(node.machine.status.catchingUp == 1)
        #expect(node.at(100, .deadlineReached).contains("claim c2: b-late 90→100 +100, punctual"))
    }

    @Test func `skips without a permit`() {
        var node = Transcript.node(slots: 0, settings: settings(rate: 1))
        _ = node.at(1, .put([Transcript.entry { $0.spec.misfire = .skip }]))
        let line = node.at(95, .deadlineReached)
        #expect(line.hasPrefix("claim c1: job 1→80 -1..80×8 misfire"), "\(line)")
    }

    @Test func `is left to whoever is at it, as long as it gets on`() {
        var second = Transcript.node(1, of: 2)
        let uid = UID("job")
        _ = second.at(1, .put([Transcript.entry(created: -500)]))
        _ = second.at(1.01, .cursors([uid: time(-400)]))
        let read = second.at(1.5, .deadlineReached)
        #expect(read.hasPrefix("read job"), "\(read)")
        let wait = second.at(1.51, .cursors([uid: time(-350)]))
        #expect(wait.hasPrefix("wake 1.7") || wait.hasPrefix("wake 1.8"), "\(wait)")
        #expect(second.at(1.9, .deadlineReached).hasPrefix("read job"))
        // It did not get on: somebody has to.
        #expect(second.at(1.91, .cursors([uid: time(-350)])).hasPrefix("claim c1: job -350"))
    }

    @Test func `of several runs is left to the first, until it is gone or passes`() {
        let uid = UID("job")
        let names = (0..<2).map { NodeName("node-\($0)") }
        let ranked = VirtualShard(of: uid).ranked(names)
        func second() -> Transcript {
            var second = Transcript.node(1, of: 2)
            let all = Transcript.entry(created: -500) { $0.spec.misfire = .all(limit: 3) }
            _ = second.at(1, .put([all]))
            #expect(second.at(1.01, .cursors([uid: time(-400)])) == "wake 61.010")
            return second
        }
        var patient = second()
        #expect(patient.at(61.02, .deadlineReached).hasPrefix("read job"))
        #expect(patient.at(61.03, .cursors([uid: time(-390)])) == "wake 121.030")
        _ = patient.at(121.04, .deadlineReached)
        #expect(patient.at(121.05, .cursors([uid: time(-390)])).hasPrefix("claim c1: job -390"))
        var alone = second()
        let line = alone.at(3, .members([Candidate(name: ranked[1])]))
        #expect(line.hasPrefix("claim c1: job -400"), "\(line)")
        var next = second()
        let note = SettledNote(shard: VirtualShard(of: uid), through: time(1))
        #expect(next.at(3, .passed([note], by: ranked[0])).hasPrefix("claim c1: job -400"))
    }

    @Test func `a clock that is set forward is like a sleep, and back again repeats nothing`() {
        var node = Transcript.node()
        _ = node.at(1, .put([Transcript.entry()]))
        _ = node.at(10, .deadlineReached)
        _ = node.at(10.02, won: "c1")
        node.step = .seconds(3_600)
        // Once it has had the time to be compared with the others'.
        #expect(!node.at(15, .deadlineReached).contains("claim"))
        _ = node.at(20, .deadlineReached)
        let line = node.at(20.01, .cursors([UID("job"): time(10)]))
        #expect(line.hasPrefix("claim c2: job 10→3620 -10..3610×360 misfire +3620"), "\(line)")
        _ = node.at(20.02, won: "c2")
        node.step = .zero
        #expect(!node.at(25, .deadlineReached).contains("claim"))
        #expect(node.at(3_609, .deadlineReached) == "wake 3630")
    }

    // MARK: A day

    private struct Sleeper {
        let misfire: MisfirePolicy
        var storeLoss = StoreLossPolicy.hold
        var window = Duration.seconds(90_000)
        let runs: Int
        let skips: [SkipReason: Int]
    }

    /// Of 24 hourly instants the newest lies 46 minutes back when the nodes wake up.
    private static let sleepers: [Sleeper] = [
        Sleeper(misfire: .latest, runs: 1, skips: [.misfire: 23]),
        Sleeper(misfire: .skip, runs: 0, skips: [.misfire: 24]),
        Sleeper(misfire: .all(limit: 5), runs: 5, skips: [.limit: 19]),
        Sleeper(misfire: .all(limit: 100), runs: 24, skips: [:]),
        Sleeper(
            misfire: .all(limit: 100),
            window: .seconds(7_200),
            runs: 2,
            skips: [.window: 22]
        ),
        Sleeper(misfire: .latest, window: .seconds(60), runs: 0, skips: [.window: 24]),
        Sleeper(misfire: .latest, storeLoss: .skip, runs: 0, skips: [.store: 24]),
        Sleeper(misfire: .all(limit: 100), storeLoss: .skip, runs: 0, skips: [.store: 24]),
    ]

    @Test(arguments: [1, 3])
    func `gives every instant of a day that was slept through its verdict`(_ nodes: Int) {
        var fleet = Fleet(nodes: nodes, seed: 11)
        for (number, sleeper) in Self.sleepers.enumerated() {
            fleet.edit(UID("hourly-\(number)"), period: 3_600, isPaused: false) {
                $0.misfire = sleeper.misfire
                $0.storeLoss = sleeper.storeLoss
                $0.catchUpWindow = sleeper.window
            }
        }
        fleet.edit(UID("minutely"), period: 60, isPaused: false) {
            $0.misfire = .all(limit: 10_000)
        }
        fleet.run(until: 5_000)
        let day: Int64 = 86_400_000
        for index in 0..<nodes { fleet.stall(index, for: day) }
        fleet.run(until: day + 5_000)
        #expect(fleet.starts.isEmpty)
        fleet.run(until: day + 300_000)
        for (number, sleeper) in Self.sleepers.enumerated() {
            let row = fleet.store.jobs[UID("hourly-\(number)")]
            #expect(row?.runs.count == sleeper.runs, "\(sleeper)")
            var skips: [SkipReason: Int] = [:]
            for range in row?.skips ?? [] { skips[range.reason, default: 0] += range.count }
            #expect(skips == sleeper.skips, "\(sleeper)")
        }
        let minutely = fleet.store.jobs[UID("minutely")]
        #expect((minutely?.runs.count ?? 0) >= 1_440 && minutely?.skips.isEmpty == true)
        let spread = fleet.lateness.count
        #expect(fleet.starts.count == spread && fleet.starts.values.allSatisfy { $0 == 1 })
        #expect(fleet.violations + fleet.store.faults == [])
        #expect(Judge.faults(in: fleet) == [])
    }
}
