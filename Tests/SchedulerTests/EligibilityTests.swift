import CronEval
import Scheduler
import Testing
import Vocabulary

/// Who takes part in the race for a job, and in which order.
@Suite struct `Eligibility for a job` {
    private let names = ["a", "b", "c", "d"].map { NodeName($0) }
    private let shard = VirtualShard(number: 17)

    private func members(_ change: (inout [Candidate]) -> Void = { _ in }) -> [Candidate] {
        var members = names.map { Candidate(name: $0) }
        for index in members.indices { members[index].zoneData = "2026a" }
        change(&members)
        return members
    }

    private func spec(_ change: (inout JobSpec) -> Void = { _ in }) -> JobSpec {
        var spec = JobSpec(task: .shell(ShellTask(command: "")), schedule: "@daily")
        change(&spec)
        return spec
    }

    private func lines(_ members: [Candidate], _ spec: JobSpec) -> [String] {
        Eligibility.order(of: members, for: spec, in: shard)
            .sorted { $0.name < $1.name }
            .map { "\($0.name.text): \($0.obstacle.map { "\($0)" } ?? "in")" }
    }

    private let zoned: (inout JobSpec) -> Void = { $0.timeZone = "Asia/Tokyo" }

    @Test func `keeps out whom the job does not admit, and who is draining`() {
        let found = lines(
            members {
                $0[0].tags = ["disk": "ssd"]
                $0[1].tags = ["disk": "ssd"]
                $0[1].isDraining = true
                $0[2].tags = ["disk": "tape"]
            },
            spec {
                $0.selector.tags = ["disk": "ssd"]
                $0.selector.nodes = [names[0], names[1], names[2]]
            }
        )
        #expect(
            found == [
                "a: in", "b: is draining", "c: does not match where: disk=ssd",
                "d: does not match where: nodes a, b, c",
            ]
        )
    }

    @Test func `keeps out whose clock is off and whose list is old, while others are left`() {
        let doubtful = members {
            $0[0].isClockOff = true
            $0[0].clockOffset = .milliseconds(-2_100)
            $0[1].isStale = true
        }
        #expect(
            lines(doubtful, spec()) == [
                "a: its clock is off by 2s100ms", "b: its list is too old to decide by", "c: in",
                "d: in",
            ]
        )
        let only = spec { $0.selector.nodes = [names[0]] }
        #expect(lines(doubtful, only).first == "a: in")
        let all = members { for index in $0.indices { $0[index].isClockOff = true } }
        #expect(lines(all, spec()) == ["a: in", "b: in", "c: in", "d: in"])
        // A good clock with an old list is better than the other way round.
        let either = spec { $0.selector.nodes = [names[0], names[1]] }
        #expect(lines(doubtful, either)[1] == "b: in")
    }

    @Test func `takes one release of time zone data for jobs with a zone, and never two`() {
        let mixed = members { $0[0].zoneData = "2026b" }
        #expect(lines(mixed, spec(zoned))[0] == "a: has tzdata 2026b where 2026a counts")
        #expect(lines(mixed, spec())[0] == "a: in")
        // Nobody whom the job admits has what most have: then what most of these have.
        let split = members {
            $0[0].zoneData = "2026b"
            $0[1].zoneData = "2026b"
            $0[2].zoneData = "2025z"
            $0.append(Candidate(name: NodeName("e")))
            $0.append(Candidate(name: NodeName("f")))
            for index in [3, 4, 5] { $0[index].zoneData = "2026a" }
        }
        let few = spec {
            zoned(&$0)
            $0.selector.nodes = [names[0], names[1], names[2]]
        }
        #expect(
            lines(split, few).prefix(3) == [
                "a: in", "b: in", "c: has tzdata 2025z where 2026b counts",
            ]
        )
        let silent = members { $0[3].zoneData = "" }
        #expect(lines(silent, spec(zoned))[3] == "d: in")
        // Of equally many, the newest.
        let halves = members {
            $0[0].zoneData = "2026b"
            $0[1].zoneData = "2026b"
        }
        #expect(lines(halves, spec(zoned)).prefix(2) == ["a: in", "b: in"])
    }

    @Test func `a job that names its node falls to nobody else`() {
        let pinned = spec { $0.route = .node(names[2]) }
        let away = members { $0.remove(at: 2) }
        #expect(lines(members(), pinned)[2] == "c: in")
        #expect(lines(away, pinned).allSatisfy { $0.hasSuffix("the route names c") })
        let doubtful = members {
            $0[2].isClockOff = true
            $0[2].isStale = true
        }
        #expect(lines(doubtful, pinned)[2] == "c: in")
    }

    @Test func `each route has its order, the same from the same facts`() {
        let plain = shard.ranked(names)
        func order(_ members: [Candidate], _ question: RouteQuestion) -> [NodeName] {
            shard.ranked(members, under: question)
        }
        #expect(order(members().reversed(), RouteQuestion(route: .spread)) == plain)
        var sticky = RouteQuestion(route: .sticky)
        #expect(order(members(), sticky) == plain)
        sticky.last = plain[2]
        #expect(order(members(), sticky) == [plain[2], plain[0], plain[1], plain[3]])
        sticky.last = NodeName("gone")
        #expect(order(members(), sticky) == plain)
        var robin = RouteQuestion(route: .roundRobin)
        let firsts = (Int64(0)..<5).map { ordinal in
            robin.ordinal = ordinal
            return order(members(), robin)[0]
        }
        #expect(firsts == plain + [plain[0]])
        robin.ordinal = -1
        #expect(order(members(), robin)[0] == plain[3])
        let busy = members {
            for index in $0.indices { $0[index].slots = 64 }
            let first = $0.firstIndex { $0.name == plain[0] } ?? 0
            $0[first].running = 32
            let second = $0.firstIndex { $0.name == plain[1] } ?? 0
            $0[second].running = 7
        }
        // Seven of 64 are as good as none; half of them are not.
        let least = order(busy, RouteQuestion(route: .leastLoaded))
        #expect(least == [plain[1], plain[2], plain[3], plain[0]])
    }

    @Test func `instants that lie evenly are counted one by one`() throws {
        let zones = ZoneCatalog(load: { _ in nil })
        let schedule = try Schedule(parsing: "*/7 * * * *", in: zones)
        let minutely = Timeline(
            stretches: [.init(schedule: schedule, isPaused: false, through: .endOfTime)],
            lastEraEnd: nil
        )
        let hour = Instant(unixSeconds: 1_000_080_000 / 3_600 * 3_600)
        let ordinals = [7, 14, 21, 28].map {
            minutely.ordinal(of: hour.advanced(by: .seconds($0 * 60)))
        }
        #expect(zip(ordinals, ordinals.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }
}
