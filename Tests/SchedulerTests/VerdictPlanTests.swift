import CronEval
import Scheduler
import Testing
import Vocabulary

private let zones = ZoneCatalog(load: { _ in nil })

func seconds(_ count: Int64) -> Instant { Instant(unixSeconds: 1_000_000_000 + count) }

/// A job that fires every `period` seconds.
func job(every period: Int, _ change: (inout Job) -> Void = { _ in }) -> Job {
    let task = TaskSpec.shell(ShellTask(command: "true"))
    var job = Job(spec: JobSpec(task: task, schedule: "@every \(period)s"))
    change(&job)
    return job
}

func timeline(of job: Job) throws -> Timeline {
    Timeline(
        stretches: try job.stretches.map { stretch in
            Timeline.Stretch(
                schedule: try stretch.schedule.map { try Schedule(parsing: $0, in: zones) },
                isPaused: stretch.isPaused,
                through: stretch.through
            )
        },
        lastEraEnd: job.eras.map(\.until).max()
    )
}

func plan(
    _ job: Job,
    from cursor: Instant,
    at now: Instant,
    absences: [Absence] = [],
    limits: PlanLimits = PlanLimits(instants: 100_000, runs: 1_000)
) throws -> VerdictPlan {
    VerdictPlan(
        from: cursor,
        at: now,
        along: try timeline(of: job),
        under: VerdictRules(job.spec, lateAfter: .seconds(5), absences: absences),
        within: limits
    )
}

func skip(
    _ from: Int64,
    _ through: Int64,
    _ count: Int,
    _ reason: SkipReason
) -> SkipRange {
    SkipRange(from: seconds(from), through: seconds(through), count: count, reason: reason)
}

@Suite struct `A plan of verdicts` {
    typealias Run = VerdictPlan.Run

    @Test func `runs an instant that is on time`() throws {
        let plan = try plan(job(every: 60), from: seconds(-40), at: seconds(21))
        #expect(plan.runs == [Run(seconds(20), .schedule)])
        #expect(plan.skips.isEmpty)
        #expect(plan.to == seconds(20))
        #expect(plan.end == .complete)
    }

    @Test func `does nothing when nothing is due`() throws {
        let plan = try plan(job(every: 60), from: seconds(20), at: seconds(79))
        #expect(plan.to == seconds(20))
        #expect(plan.runs.isEmpty && plan.skips.isEmpty && plan.end == .complete)
    }

    @Test func `decides an instant that is due at this very moment, and never the cursor's own`()
        throws
    {
        #expect(try plan(job(every: 60), from: seconds(20), at: seconds(80)).to == seconds(80))
        #expect(try plan(job(every: 60), from: seconds(80), at: seconds(80)).to == seconds(80))
        #expect(try plan(job(every: 60), from: seconds(80), at: seconds(80)).runs.isEmpty)
    }

    @Test func `runs each of several instants of the last seconds`() throws {
        let plan = try plan(job(every: 1), from: seconds(0), at: seconds(3))
        #expect(plan.runs == (1...3).map { Run(seconds($0), .schedule) })
    }

    @Test func `counts the start deadline in whole: at the deadline on time, after it missed`()
        throws
    {
        let job = job(every: 86_400) { $0.spec.misfire = .skip }
        let due = try #require(try timeline(of: job).next(after: seconds(0))?.instant)
        let before = due.advanced(by: .seconds(-1))
        let onTime = try plan(job, from: before, at: due.advanced(by: .seconds(60)))
        #expect(onTime.runs.map(\.instant) == [due])
        let late = try plan(job, from: before, at: due.advanced(by: .milliseconds(60_001)))
        #expect(late.runs.isEmpty)
        #expect(late.skips.map(\.reason) == [.misfire])
    }

    @Test func `latest catches up once, for the newest missed`() throws {
        let plan = try plan(job(every: 600), from: seconds(-400), at: seconds(2_100))
        #expect(plan.runs == [Run(seconds(2_000), .catchUp)])
        #expect(plan.skips == [skip(-400, 1_400, 3, .misfire)])
    }

    @Test func `latest adds no catch-up to a newer run that is on time`() throws {
        let plan = try plan(job(every: 60), from: seconds(-40), at: seconds(330))
        #expect(plan.runs == [Run(seconds(320), .schedule)])
        #expect(plan.skips == [skip(-40, 260, 5, .misfire)])
    }

    @Test func `after a hiccup an every-second job runs for the last five seconds only`() throws {
        let plan = try plan(job(every: 1), from: seconds(0), at: seconds(20))
        #expect(plan.runs == (15...20).map { Run(seconds($0), .schedule) })
        #expect(plan.skips == [skip(0, 14, 14, .misfire)])
    }

    @Test func `skip skips what is missed and runs what is on time`() throws {
        let job = job(every: 60) { $0.spec.misfire = .skip }
        let plan = try plan(job, from: seconds(-40), at: seconds(330))
        #expect(plan.runs == [Run(seconds(320), .schedule)])
        #expect(plan.skips == [skip(-40, 260, 5, .misfire)])
    }

    @Test func `all runs the oldest up to its limit, and what is on time besides`() throws {
        let job = job(every: 60) { $0.spec.misfire = .all(limit: 2) }
        let plan = try plan(job, from: seconds(-40), at: seconds(330))
        #expect(
            plan.runs == [
                Run(seconds(20), .catchUp), Run(seconds(80), .catchUp),
                Run(seconds(320), .schedule),
            ]
        )
        #expect(plan.skips == [skip(80, 260, 3, .limit)])
    }

    @Test func `beyond the catch-up window nothing runs`() throws {
        let job = job(every: 600) {
            $0.spec.misfire = .all(limit: 100)
            $0.spec.catchUpWindow = .seconds(1_000)
        }
        let plan = try plan(job, from: seconds(-400), at: seconds(2_100))
        #expect(plan.runs == [Run(seconds(1_400), .catchUp), Run(seconds(2_000), .catchUp)])
        #expect(plan.skips == [skip(-400, 800, 2, .window)])
    }

    @Test func `an instant belongs to the era it falls in, its end included`() throws {
        let job = job(every: 60) {
            $0.eras = [
                Era(schedule: "@every 10s", timeZone: "UTC", isPaused: false, until: seconds(20)),
                Era(schedule: "@every 10s", timeZone: "UTC", isPaused: true, until: seconds(45)),
            ]
            $0.spec.misfire = .all(limit: 100)
        }
        let plan = try plan(job, from: seconds(0), at: seconds(80))
        #expect(
            plan.runs == [
                Run(seconds(10), .catchUp), Run(seconds(20), .catchUp),
                Run(seconds(80), .schedule),
            ]
        )
        #expect(plan.skips == [skip(20, 40, 2, .paused)])
    }

    @Test func `a pause with an end ends by itself`() throws {
        let job = job(every: 10) {
            $0.pause = Pause(reason: "", since: seconds(5), until: seconds(30))
        }
        let plan = try plan(job, from: seconds(0), at: seconds(41))
        #expect(plan.skips == [skip(0, 30, 3, .paused)])
        #expect(plan.runs == [Run(seconds(40), .schedule)])
    }

    @Test func `a pause in the end does not keep latest from catching up`() throws {
        let job = job(every: 10) {
            $0.eras = [
                Era(schedule: "@every 10s", timeZone: "UTC", isPaused: false, until: seconds(25)),
                Era(schedule: "@every 10s", timeZone: "UTC", isPaused: true, until: seconds(300)),
            ]
        }
        let plan = try plan(job, from: seconds(0), at: seconds(305))
        #expect(plan.runs == [Run(seconds(20), .catchUp)])
        #expect(plan.skips == [skip(0, 10, 1, .misfire), skip(20, 300, 28, .paused)])
    }

    @Test func `an era in which nothing was due is passed all the same`() throws {
        let job = job(every: 86_400) {
            $0.eras = [Era(schedule: nil, timeZone: "UTC", isPaused: false, until: seconds(7))]
        }
        let plan = try plan(job, from: seconds(0), at: seconds(8))
        #expect(plan.to == seconds(7))
        #expect(plan.runs.isEmpty && plan.skips.isEmpty)
    }

    @Test func `what was due while the store was away is skipped under store_loss skip alone`()
        throws
    {
        let away = [Absence(from: seconds(5), through: seconds(30))]
        let skipping = job(every: 10) { $0.spec.storeLoss = .skip }
        let plan1 = try plan(skipping, from: seconds(0), at: seconds(38), absences: away)
        #expect(plan1.skips == [skip(0, 30, 3, .store)])
        #expect(plan1.runs.isEmpty)
        let holding = job(every: 10)
        let plan2 = try plan(holding, from: seconds(0), at: seconds(38), absences: away)
        #expect(plan2.runs == [Run(seconds(30), .schedule)])
    }

    @Test func `without a slot it decides what comes before the first run`() throws {
        let job = job(every: 60)
        let plan = try plan(
            job,
            from: seconds(-40),
            at: seconds(330),
            limits: PlanLimits(instants: 100, runs: 0)
        )
        #expect(plan.end == .noSlot)
        #expect(plan.to == seconds(260))
        #expect(plan.runs.isEmpty)
    }

    @Test func `a skipped year of minutes takes bounded steps and loses nothing`() throws {
        var cursor = seconds(-31_536_000)
        var counted = 0
        var steps = 0
        var runs: [VerdictPlan.Run] = []
        repeat {
            let plan = try plan(
                job(every: 60),
                from: cursor,
                at: seconds(21),
                limits: PlanLimits(instants: 10_000, runs: 10)
            )
            #expect(plan.examined <= 10_000)
            counted += plan.skips.reduce(0) { $0 + $1.count }
            runs += plan.runs
            steps += 1
            cursor = plan.to
        } while cursor < seconds(20)
        #expect(steps == 53)
        #expect(counted + runs.count == 525_601)
        #expect(runs == [Run(seconds(20), .schedule)])
    }
}
