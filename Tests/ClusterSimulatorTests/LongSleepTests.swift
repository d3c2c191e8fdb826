import JobList
import LockLease
import TestSupport
import Testing
import Vocabulary

@testable import ClusterSimulator

/// Every node is off for a day; then each instant of that day gets its verdict.
@Suite struct `After a day that everybody slept through` {
    private static let slept = Int64.hours(24)

    private struct Verdicts: Equatable {
        var runs: [Instant] = []
        var skipped: [SkipReason: Int] = [:]
        var rows = 0
    }

    /// A cluster whose nodes are off from one hour on for a day, and a quarter of an hour more.
    private func world(_ spec: JobSpec, isPaused: Bool = false, isOnOneHost: Bool = false) -> World
    {
        var setup = Setup()
        setup.isOnOneHost = isOnOneHost
        setup.epoch = Instant(unixSeconds: 1_780_272_000)
        let world = World(seed: 7, setup: setup, mutant: nil)
        world.nodes = (0..<setup.nodes).map { SimulatedNode($0, in: world) }
        let master = SimulatedMaster(world)
        world.master = master
        master.create("slept", Job(spec: spec), uid: UID(Digest(high: 1, low: 2).description))
        for node in world.nodes { node.start() }
        world.run(until: .hours(1) + .minutes(1))
        if isPaused { master.edit("slept") { job, now in job.paused(reason: "", at: now) } }
        world.run(until: .hours(1) + .minutes(2))
        for node in world.nodes { node.losePower() }
        world.run(until: .hours(25) + .minutes(2))
        for node in world.nodes { node.start() }
        world.run(until: .hours(25) + .minutes(3))
        if isPaused { master.edit("slept") { job, now in job.resumed(at: now) } }
        world.run(until: .hours(25) + .minutes(14))
        Checker(world).run()
        return world
    }

    /// What became of the instants of the day.
    private func verdicts(_ world: World) -> Verdicts {
        let (from, to) = (
            world.instant(.hours(1) + .minutes(2)), world.instant(.hours(25) + .minutes(2))
        )
        var verdicts = Verdicts()
        guard let uid = world.inspector.edits.keys.first else { return verdicts }
        verdicts.runs = world.store.model.runs.map(\.key.instant).filter { from < $0 && $0 <= to }
            .sorted()
        for skip in world.store.model.skips(of: uid) where skip.through > from && skip.from < to {
            verdicts.skipped[skip.reason, default: 0] += skip.count
            verdicts.rows += 1
        }
        return verdicts
    }

    private func spec(_ schedule: String, _ misfire: MisfirePolicy) -> JobSpec {
        var habits = TaskHabits()
        habits.longest = 1_000
        var spec = JobSpec(task: .shell(ShellTask(command: habits.command)), schedule: schedule)
        spec.misfire = misfire
        return spec
    }

    /// 00:10 of the second day and so on.
    private func instant(hour: Int64, minute: Int64 = 0) -> Instant {
        Instant(unixSeconds: 1_780_272_000 + hour * 3_600 + minute * 60)
    }

    @Test func `latest runs once, for the newest, and skips a day of minutes in one row`() {
        let world = world(spec("* * * * *", .latest))
        #expect(world.evidence.violations == [])
        let found = verdicts(world)
        #expect(found.runs.count == 1)
        #expect(found.skipped == [.misfire: 1_439])
        #expect(found.rows == 1)
    }

    @Test func `skip runs nothing of it`() {
        let world = world(spec("30 * * * *", .skip))
        #expect(world.evidence.violations == [])
        #expect(verdicts(world) == Verdicts(skipped: [.misfire: 24], rows: 1))
    }

    @Test func `all runs the oldest up to its limit, and only those within the window`() {
        let limited = world(spec("30 * * * *", .all(limit: 5)))
        #expect(limited.evidence.violations == [])
        #expect(verdicts(limited).runs == (1...5).map { instant(hour: $0, minute: 30) })
        #expect(verdicts(limited).skipped == [.limit: 19])
        var narrow = spec("30 * * * *", .all(limit: 100))
        narrow.catchUpWindow = .seconds(6 * 3_600)
        let windowed = world(narrow)
        #expect(windowed.evidence.violations == [])
        #expect(verdicts(windowed).runs == (19...24).map { instant(hour: $0, minute: 30) })
        #expect(verdicts(windowed).skipped == [.window: 18])
    }

    @Test func `what was due in a pause is skipped as such`() {
        let world = world(spec("30 * * * *", .all(limit: 100)), isPaused: true)
        #expect(world.evidence.violations == [])
        #expect(verdicts(world) == Verdicts(skipped: [.paused: 24], rows: 1))
    }

    @Test func `a job with store_loss skip skips what nobody could claim`() {
        var spec = spec("30 * * * *", .latest)
        spec.storeLoss = .skip
        let world = world(spec)
        #expect(world.evidence.violations == [])
        let found = verdicts(world)
        // The nodes were off, not the store: nobody knows of an absence before they started.
        #expect(found.runs == [instant(hour: 24, minute: 30)])
        #expect(found.skipped == [.misfire: 23])
    }

    @Test func `is the same on one host, where the store knows that the processes are gone`() {
        let world = world(spec("*/10 * * * *", .latest), isOnOneHost: true)
        #expect(world.evidence.violations == [])
        #expect(verdicts(world).runs.count == 1)
    }
}
