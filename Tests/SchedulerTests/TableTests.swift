import CronEval
import TestSupport
import Testing
import Vocabulary

@testable import Scheduler

@Suite struct `The scheduler's tables` {
    @Test func `equal schedules are compiled once and forgotten with their last user`() throws {
        var library = ScheduleLibrary(zones: ZoneCatalog(load: { _ in nil }))
        let one = try library.take("* * * * THU", zone: "UTC")
        let other = try library.take("* * * * THU", zone: "UTC")
        #expect(one == other)
        let spread = try library.take("H * * * *", zone: "UTC")
        for seed in ["a", "b"] { _ = library.next(spread, for: .text(seed), after: .epoch) }
        #expect(library.count == 3)
        library.release(one)
        #expect(library.count == 3)
        library.release(other)
        #expect(library.count == 2)
        #expect(library.schedule(one, for: .text("a")) == nil)
    }

    @Test func `what a schedule is read under tells it from others, and jitter tells jobs`() throws
    {
        var library = ScheduleLibrary(zones: ZoneCatalog(load: { _ in nil }))
        var skipping = ScheduleRules.standard
        skipping.clockChanges.gap = .skip
        var spread = ScheduleRules.standard
        spread.jitter = .seconds(3_600)
        let plain = try library.take("0 3 * * *", zone: "UTC")
        let other = try library.take("0 3 * * *", zone: "UTC", rules: skipping)
        #expect(plain != other)
        #expect(try library.take("0 3 * * *", zone: "UTC", rules: skipping) == other)
        let late = try library.take("0 3 * * *", zone: "UTC", rules: spread)
        let due = ["a", "b"].map { library.next(late, for: .text($0), after: .epoch) }
        #expect(due[0] != due[1])
        for instant in due {
            let delay = try #require(instant).unixMilliseconds - 3 * 3_600_000
            #expect((0..<3_600_000).contains(delay))
        }
    }

    @Test func `a node's rank is its place among those that may run the job`() {
        let shard = VirtualShard(number: 17)
        let names = ["a", "b", "c", "d"].map { NodeName($0) }
        var spec = JobSpec(task: .shell(ShellTask(command: "")))
        spec.selector.tags = ["disk": "ssd"]
        for me in names {
            var ranking = Ranking(me: me)
            let audience = ranking.take(spec)
            let before = ranking.rank(Ranking.everybody, shard, .plain)
            #expect(before == nil)
            var members = names.map { Candidate(name: $0, tags: ["disk": "ssd"]) }
            let changes = [ranking.update(members), ranking.update(members.reversed())]
            #expect(changes == [true, false])
            let rank = ranking.rank(Ranking.everybody, shard, .plain)
            #expect(rank == shard.ranked(names).firstIndex(of: me))
            members[0].isDraining = true
            members[1].tags = [:]
            _ = ranking.update(members)
            let able = shard.ranked([names[2], names[3]])
            let rankAmongAble = ranking.rank(audience, shard, .plain)
            #expect(rankAmongAble == able.firstIndex(of: me))
            let all = shard.ranked(Array(names[1...]))
            let rankAmongAll = ranking.rank(Ranking.everybody, shard, .plain)
            #expect(rankAmongAll == all.firstIndex(of: me))
        }
    }

    @Test func `settings report all their faults at once`() {
        #expect(SchedulerSettings().faults().isEmpty)
        var settings = SchedulerSettings()
        settings.stagger = .zero
        settings.firstBatch = 0
        settings.backoffLimit = .milliseconds(1)
        #expect(
            settings.faults() == [
                "stagger 0.0 seconds is outside 10 ms to 10 s",
                "backoffLimit 0.001 seconds is less than backoff 0.05 seconds",
                "firstBatch 0 is under 1",
            ]
        )
    }

    @Test func `absences that touch are one, and only the last few are kept`() {
        var absences = StoreAbsences()
        absences.begin(.untrusted, at: seconds(0))
        absences.begin(.refused, at: seconds(2))
        #expect(absences.all(at: seconds(3)).count == 2)
        absences.end(.untrusted, at: seconds(4))
        absences.end(.refused, at: seconds(6))
        #expect(absences.all(at: seconds(9)) == [Absence(from: seconds(0), through: seconds(6))])
        for start in stride(from: Int64(10), to: 200, by: 10) {
            absences.begin(.refused, at: seconds(start))
            absences.end(.refused, at: seconds(start + 1))
        }
        #expect(absences.all(at: seconds(300)).count == 8)
    }
}
