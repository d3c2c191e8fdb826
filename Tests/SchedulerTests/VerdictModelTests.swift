import Scheduler
import TestSupport
import Testing
import Vocabulary

/// One random case, and its verdicts worked out naively, second by second.
private struct VerdictCase {
    enum Verdict: Equatable {
        case run(Cause)
        case skip(SkipReason)
    }

    var job: Job
    let cursor: Instant
    let now: Instant
    let absences: [Absence]
    /// For each era and for the present: period, whether paused, and up to when.
    private var eras: [(period: Int64?, isPaused: Bool, through: Int64)] = []

    init(_ random: inout SeededGenerator) {
        func draw(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
        let periods: [Int64?] = [1, 2, 3, 7, 20, nil]
        var spec = JobSpec(task: .shell(ShellTask(command: "true")))
        let period = periods[Int(draw(0...4))]
        spec.schedule = period.map { "@every \($0)s" }
        spec.misfire =
            [
                MisfirePolicy.latest, .skip, .all(limit: 3), .all(limit: 0), .all(limit: 1_000),
            ][Int(draw(0...4))]
        spec.startDeadline = .seconds([0, 3, 10, 60][Int(draw(0...3))])
        spec.catchUpWindow = .seconds([0, 20, 60, 1_000][Int(draw(0...3))])
        spec.storeLoss = draw(0...1) == 0 ? .hold : .skip
        job = Job(spec: spec)
        let start = draw(0...50)
        cursor = seconds(start)
        now = seconds(start + draw(0...200))
        var absences: [Absence] = []
        for _ in 0..<draw(0...2) {
            let from = start + draw(-10...150)
            absences.append(Absence(from: seconds(from), through: seconds(from + draw(1...60))))
        }
        self.absences = absences
        var edge = start - draw(0...20)
        for _ in 0..<draw(0...4) {
            edge += draw(1...60)
            let period = periods[Int(draw(0...5))]
            let isPaused = draw(0...2) == 0
            eras.append((period, isPaused, edge))
            job.eras.append(
                Era(
                    schedule: period.map { "@every \($0)s" },
                    timeZone: "UTC",
                    isPaused: isPaused,
                    until: seconds(edge)
                )
            )
        }
        if draw(0...3) == 0 {
            let until = edge + draw(1...50)
            job.pause = Pause(reason: "", since: seconds(edge), until: seconds(until))
            eras.append((period, true, until))
        }
        eras.append((period, false, .max))
    }

    /// What the rules say about every single second.
    func verdicts() -> [Int64: Verdict] {
        let (first, last) = (second(cursor) + 1, second(now))
        guard first <= last else { return [:] }
        var due: [(second: Int64, isPaused: Bool)] = []
        for second in first...last {
            guard let era = eras.first(where: { second <= $0.through }), let period = era.period
            else { continue }
            if (1_000_000_000 + second) % period == 0 { due.append((second, era.isPaused)) }
        }
        func isAway(_ second: Int64) -> Bool {
            job.spec.storeLoss == .skip && last - second > 5
                && absences.contains { seconds(second) > $0.from && seconds(second) <= $0.through }
        }
        let newest = due.last { !$0.isPaused && !isAway($0.second) }?.second
        var caughtUp = 0
        var verdicts: [Int64: Verdict] = [:]
        for (second, isPaused) in due {
            let age = Duration.seconds(last - second)
            let isOnTime =
                age <= job.spec.startDeadline && (second == newest || age <= .seconds(5))
            if isPaused {
                verdicts[second] = .skip(.paused)
            } else if isAway(second) {
                verdicts[second] = .skip(.store)
            } else if isOnTime {
                verdicts[second] = .run(.schedule)
            } else if age > job.spec.catchUpWindow {
                verdicts[second] = .skip(.window)
            } else {
                switch job.spec.misfire {
                case .latest:
                    verdicts[second] = second == newest ? .run(.catchUp) : .skip(.misfire)
                case .skip:
                    verdicts[second] = .skip(.misfire)
                case .all(let limit):
                    verdicts[second] = caughtUp < limit ? .run(.catchUp) : .skip(.limit)
                    caughtUp += 1
                }
            }
        }
        return verdicts
    }

    /// What a sequence of plans says about every single second; `nil` if they contradict.
    func verdicts(of plans: [VerdictPlan]) -> [Int64: Verdict]? {
        let naive = verdicts()
        var found: [Int64: Verdict] = [:]
        for plan in plans {
            for run in plan.runs {
                guard found.updateValue(.run(run.cause), forKey: second(run.instant)) == nil else {
                    return nil
                }
            }
            for skip in plan.skips {
                let inside = naive.keys.filter {
                    $0 > second(skip.from) && $0 <= second(skip.through)
                }
                guard inside.count == skip.count else { return nil }
                for key in inside {
                    guard found.updateValue(.skip(skip.reason), forKey: key) == nil else {
                        return nil
                    }
                }
            }
        }
        return found
    }

    func second(_ instant: Instant) -> Int64 { instant.unixSeconds - 1_000_000_000 }
}

@Suite struct `Plans and a naive model` {
    @Test(.tags(.randomized))
    func `agree on every second`() throws {
        for seed in UInt64(0)..<3_000 {
            var random = SeededGenerator(seed: seed)
            let sample = VerdictCase(&random)
            let plan = try plan(
                sample.job,
                from: sample.cursor,
                at: sample.now,
                absences: sample.absences
            )
            #expect(sample.verdicts(of: [plan]) == sample.verdicts(), "seed \(seed)")
            #expect(plan.end == .complete, "seed \(seed)")
            let last = sample.verdicts().keys.max().map { seconds($0) } ?? sample.cursor
            let era = sample.job.eras.map(\.until).max().flatMap { $0 <= sample.now ? $0 : nil }
            #expect(plan.to == max(last, era ?? last, sample.cursor), "seed \(seed)")
        }
    }

    @Test(.tags(.randomized))
    func `agree also when the plan comes in pieces`() throws {
        for seed in UInt64(0)..<1_000 {
            var random = SeededGenerator(seed: seed)
            let sample = VerdictCase(&random)
            var limits = PlanLimits(
                instants: .random(in: 1...20, using: &random),
                runs: .random(in: 1...4, using: &random)
            )
            var plans: [VerdictPlan] = []
            var cursor = sample.cursor
            repeat {
                let next = try plan(
                    sample.job,
                    from: cursor,
                    at: sample.now,
                    absences: sample.absences,
                    limits: limits
                )
                #expect(next.to > cursor || next.end == .complete, "seed \(seed): no progress")
                #expect(next.runs.count <= limits.runs && next.examined <= limits.instants + 1)
                cursor = next.to
                limits.runsBefore = next.catchUpRuns
                plans.append(next)
            } while plans.last?.end != .complete && plans.count < 500
            #expect(sample.verdicts(of: plans) == sample.verdicts(), "seed \(seed)")
        }
    }
}
