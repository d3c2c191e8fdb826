import LockLease
import Scheduler
import TestSupport
import Testing
import Vocabulary

@Suite struct `A fleet of schedulers` {
    private func fleet(_ count: Int, seed: UInt64, jobs periods: [Int64]) -> Fleet {
        var fleet = Fleet(nodes: count, seed: seed)
        for (number, period) in periods.enumerated() {
            fleet.edit(UID("plain-\(number)"), period: period, isPaused: false) { _ in }
        }
        return fleet
    }

    @Test func `in health writes once a run, starts at once and reads nothing`() {
        var fleet = fleet(6, seed: 1, jobs: (0..<40).map { [1, 2, 5, 10][$0 % 4] })
        fleet.run(until: 5_000)
        let (wins, losses, reads) = (fleet.store.wins, fleet.store.losses, fleet.reads)
        let runs = fleet.starts.count
        fleet.lateness = []
        fleet.run(until: 65_000)
        let ran = fleet.starts.count - runs
        #expect(ran >= 1_070)
        let writes = fleet.store.wins - wins + fleet.store.losses - losses
        #expect(Double(writes) <= 1.2 * Double(ran), "\(writes) writes for \(ran) runs")
        #expect(fleet.reads == reads)
        #expect((fleet.lateness.max() ?? 0) <= 60)
        #expect(fleet.violations + fleet.store.faults == [])
        #expect(Judge.faults(in: fleet) == [])
    }

    @Test func `covers a dead first within a second, though everybody thinks it alive`() {
        for seed in UInt64(0)..<20 {
            var fleet = fleet(4, seed: seed, jobs: Array(repeating: 1, count: 24))
            fleet.run(until: 4_990)
            fleet.stall(0, for: 60_000)
            fleet.lateness = []
            fleet.run(until: 9_500)
            #expect((fleet.lateness.max() ?? .max) < 1_000, "seed \(seed)")
            let due = 24 * 5
            #expect(fleet.lateness.count >= due - 24, "seed \(seed): \(fleet.lateness.count)")
            #expect(fleet.starts.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        }
    }

    @Test func `loses nothing when a dead node's note lied`() {
        var fleet = fleet(3, seed: 4, jobs: [1])
        fleet.edit(UID("rare"), period: 3_600, isPaused: false) { _ in }
        fleet.run(until: 2_000)
        // 2001-09-09T02:00:00Z, the full hour, is 800 seconds after the beginning.
        fleet.run(until: 799_900)
        let shard = VirtualShard(of: UID("rare"))
        let ranked = shard.ranked((0..<3).map { Fleet.name($0) })
        let first = (0..<3).first { Fleet.name($0) == ranked[0] } ?? 0
        fleet.stall(first, for: 400)
        fleet.run(until: 800_010)
        let lie = SettledNote(shard: shard, through: Fleet.instant(800_000))
        for other in 0..<3 where other != first { fleet.handle(.settled([lie]), on: other) }
        fleet.crash(first, in: 0, for: 1_000_000)
        fleet.run(until: 806_000)
        let run = RunKey(job: UID("rare"), instant: Fleet.instant(800_000))
        #expect(fleet.starts[run] == 1)
    }

    @Test func `runs each trigger once`() {
        for seed in UInt64(0)..<30 {
            var fleet = fleet(4, seed: seed, jobs: [7])
            fleet.faults.unknownAfter = 20
            fleet.faults.unknownBefore = 10
            for number in Int64(1)...20 {
                fleet.run(until: number * 500)
                fleet.trigger(UID("plain-0"), number: number)
            }
            fleet.run(until: 30_000)
            #expect(fleet.store.triggers.isEmpty, "seed \(seed)")
            #expect(fleet.store.triggerRuns.values.allSatisfy { $0 == 1 }, "seed \(seed)")
            #expect(fleet.starts.values.allSatisfy { $0 == 1 }, "seed \(seed)")
            #expect(fleet.violations == [], "seed \(seed)")
        }
    }

    @Test(.tags(.randomized), .timeLimit(.minutes(5)))
    func `starts nothing twice and decides everything once, whatever fails`() {
        for seed in UInt64(0)..<200 {
            let fleet = storm(seed)
            let doubles = fleet.starts.filter { $0.value != 1 }
            #expect(doubles.isEmpty, "seed \(seed)")
            #expect(fleet.violations.prefix(3) == [], "seed \(seed)")
            #expect(fleet.store.faults.prefix(3) == [], "seed \(seed)")
            #expect(Judge.faults(in: fleet).prefix(3) == [], "seed \(seed)")
            // A machine that spins would be woken a thousand times a second.
            let perSecond = fleet.wakes / fleet.nodes.count / 90
            #expect(perSecond < 100, "seed \(seed): \(perSecond) wake-ups a second")
        }
    }

    @Test func `goes the same way under the same seed`() {
        for seed in UInt64(3)..<6 {
            let (one, other) = (storm(seed), storm(seed))
            #expect(one.trace == other.trace)
            #expect(one.starts == other.starts)
            #expect(one.reads == other.reads)
        }
        #expect(storm(3).trace != storm(4).trace)
    }

    /// A minute of faults, edits and outages, then twenty seconds of health.
    private func storm(_ seed: UInt64) -> Fleet {
        var random = SeededGenerator(seed: seed &* 7_919 &+ 1)
        func draw(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
        var faults = FleetFaults()
        faults.refused = Int(draw(0...10))
        faults.unknownBefore = Int(draw(0...10))
        faults.unknownAfter = Int(draw(0...10))
        faults.readsFailed = Int(draw(0...10))
        faults.notesLost = Int(draw(0...100))
        faults.noteDelay = [10, 100, 2_000][Int(draw(0...2))]
        faults.clockOffset = [0, 50, 400][Int(draw(0...2))]
        var fleet = Fleet(nodes: Int(draw(2...5)), seed: seed, faults: faults)
        for number in 0..<6 { change(&fleet, number, &random) }
        for _ in 0..<draw(0...2) {
            let victim = Int(draw(0...Int64(fleet.nodes.count - 1)))
            fleet.crash(victim, in: draw(2_000...50_000), for: draw(200...20_000))
        }
        if draw(0...2) == 0 {
            let start = draw(5_000...30_000)
            fleet.outage = start...(start + draw(100...25_000))
        }
        var time: Int64 = 0
        while time < 60_000 {
            time += draw(500...6_000)
            fleet.run(until: min(time, 60_000))
            switch draw(0...7) {
            case 0:
                fleet.stall(Int(draw(0...Int64(fleet.nodes.count - 1))), for: draw(100...20_000))
            case 1...4: change(&fleet, Int(draw(0...5)), &random)
            case 5:
                jump(&fleet, Int(draw(0...Int64(fleet.nodes.count - 1))), draw(-40_000...40_000))
            case _: break
            }
        }
        fleet.faults = FleetFaults()
        for index in fleet.nodes.indices { fleet.nodes[index].offset = 0 }
        fleet.run(until: 90_000)
        return fleet
    }

    private func jump(_ fleet: inout Fleet, _ index: Int, _ offset: Int64) {
        fleet.nodes[index].offset = offset
    }

    /// Makes or changes one of the jobs; now and then pauses or deletes it.
    private func change(_ fleet: inout Fleet, _ number: Int, _ random: inout SeededGenerator) {
        func draw(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
        let uid = UID("plain-\(number)")
        let isOld = fleet.store.jobs[uid] != nil
        guard fleet.store.jobs[uid]?.deletedAt == nil else { return }
        if isOld, draw(0...19) == 0 { return fleet.delete(uid) }
        let periods: [Int64?] = [1, 2, 3, 7, 20, nil]
        let period = periods[Int(draw(0...5))]
        let misfires: [MisfirePolicy] = [.latest, .skip, .all(limit: 3), .all(limit: 100)]
        let misfire = misfires[Int(draw(0...3))]
        let isPaused = isOld && draw(0...3) == 0
        let onlyEven = draw(0...4) == 0
        let isSkipping = draw(0...3) == 0
        let routes: [RoutePolicy] = [.spread, .spread, .sticky, .roundRobin, .leastLoaded]
        let route = routes[Int(draw(0...4))]
        fleet.edit(uid, period: period, isPaused: isPaused) { spec in
            spec.misfire = misfire
            spec.startDeadline = .seconds(8)
            spec.selector.tags = onlyEven ? ["even": "true"] : [:]
            spec.storeLoss = isSkipping ? .skip : .hold
            spec.route = route
        }
    }
}

/// Works out from the edits alone which instants there were, and compares.
enum Judge {
    static func faults(in fleet: Fleet) -> [String] {
        fleet.store.jobs.sorted { $0.key < $1.key }.flatMap { faults(of: $0.key, $0.value, fleet) }
    }

    private static func faults(
        of uid: UID,
        _ row: StoreOfTheFleet.JobRow,
        _ fleet: Fleet
    ) -> [String] {
        var faults: [String] = []
        let due = due(of: row, through: row.cursor)
        let runs = Set(row.runs.map(\.instant))
        if runs.count != row.runs.count { faults.append("\(uid): a run was claimed twice") }
        for (instant, isPaused) in due {
            let ranges = row.skips.filter { $0.from < instant && instant <= $0.through }
            let count = ranges.count + (runs.contains(instant) ? 1 : 0)
            if count != 1 { faults.append("\(uid): \(instant) has \(count) verdicts") }
            if ranges.contains(where: { ($0.reason == .paused) != isPaused }) {
                faults.append("\(uid): \(instant) paused: \(isPaused)")
            }
            // A clock that is ahead may claim an instant just before the pause that covers it.
            let isEarly = row.runs.contains {
                $0.instant == instant && $0.claimedAt < instant
                    && isDue(instant, in: row, by: $0.claimedAt)
            }
            if isPaused, runs.contains(instant), !isEarly {
                faults.append("\(uid): \(instant) ran in a pause")
            }
        }
        for skip in row.skips {
            let count = due.filter { skip.from < $0.instant && $0.instant <= skip.through }.count
            if count != skip.count { faults.append("\(uid): \(skip) holds \(count)") }
        }
        let instants = Set(due.map(\.instant))
        for run in row.runs where !instants.contains(run.instant) {
            // A clock that is ahead may claim an instant just before an edit does away with it.
            if run.claimedAt < run.instant, isDue(run.instant, in: row, by: run.claimedAt) {
                continue
            }
            faults.append("\(uid): \(run.instant) was never due")
        }
        guard row.deletedAt == nil, row.entry.job.pause == nil else { return faults }
        let late = Fleet.instant(fleet.now - 2_000)
        if let open = self.due(of: row, through: late).first(where: { $0.instant > row.cursor }) {
            faults.append("\(uid): \(open.instant) has no verdict yet")
        }
        return faults
    }

    /// Whether the edit in force at `moment` said that `instant` would be due.
    private static func isDue(
        _ instant: Instant,
        in row: StoreOfTheFleet.JobRow,
        by moment: Instant
    ) -> Bool {
        // Of the same millisecond, a claim may have come before the edit.
        let edits = [row.edits.last { $0.at <= moment }, row.edits.last { $0.at < moment }]
        return edits.contains { edit in
            guard let edit, !edit.isPaused, let period = edit.period else { return false }
            return instant.unixSeconds % period == 0
        }
    }

    /// Second by second: what the edit in force then said.
    private static func due(
        of row: StoreOfTheFleet.JobRow,
        through end: Instant
    ) -> [(instant: Instant, isPaused: Bool)] {
        guard let first = row.edits.first?.at, first < end else { return [] }
        var due: [(Instant, Bool)] = []
        for second in (first.unixSeconds + 1)...max(first.unixSeconds + 1, end.unixSeconds) {
            let instant = Instant(unixSeconds: second)
            // An edit holds for what lies after it.
            guard instant <= end, let edit = row.edits.last(where: { $0.at < instant }),
                let period = edit.period, second % period == 0
            else { continue }
            due.append((instant, edit.isPaused))
        }
        return due
    }
}
