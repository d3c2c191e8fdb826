// Which jobs there are, and what people do to them.

internal import JobList
internal import Vocabulary

extension World {
    /// Every zone a job may have; the checks know their rules by heart.
    static let zones = SlowZone.allCases.map(\.name)

    func makeJobs() {
        let master = SimulatedMaster(self)
        self.master = master
        for number in 0..<setup.jobs { makeJob("job-\(number)") }
    }

    func makeJob(_ name: String) {
        let uid = Digest(high: StableHash.of(name), low: chance.next()).description
        master?.create(name, Job(spec: makeSpec()), uid: UID(uid))
    }

    private func makeSpec() -> JobSpec {
        var habits = TaskHabits()
        habits.longest = pick([1_000, 5_000, 20_000, 90_000])
        habits.failsInPercent = pick([0, 0, 20, 60])
        habits.deafInPercent = pick([0, 0, 30])
        var spec = JobSpec(task: .shell(ShellTask(command: habits.command)))
        (spec.schedule, spec.timeZone) = makeSchedule()
        spec.misfire = pick([.latest, .latest, .skip, .all(limit: 3), .all(limit: 100)])
        spec.overlap = pick([
            .forbid, .forbid, .queue, .allow(limit: nil), .allow(limit: 2), .replace,
        ])
        spec.nodeLoss = pick([.lost, .lost, .retry(limit: 1), .retry(limit: 3)])
        spec.storeLoss = pick([.hold, .hold, .hold, .skip])
        spec.retries.limit = pick([0, 0, 1, 3])
        spec.retries.backoff = pick([.seconds(1), .seconds(20)])
        spec.startDeadline = pick([.seconds(10), .seconds(60), .seconds(60), .seconds(600)])
        spec.catchUpWindow = pick([.seconds(600), .seconds(86_400), .seconds(86_400)])
        spec.killGrace = pick([.seconds(1), .seconds(5), .seconds(10)])
        if happens(25) { spec.timeout = pick([.seconds(2), .seconds(30)]) }
        if happens(15) { spec.selector.tags = ["rack": pick(["a", "b"])] }
        if happens(10) { spec.selector.nodes = [NodeName("n1"), NodeName("n2"), NodeName("n3")] }
        if setup.has(.prune) { spec.keep.runs = pick([1, 3, 100]) }
        return spec
    }

    private func makeSchedule() -> (String, String) {
        let zone = pick(Self.zones)
        let minute = draw(0...59)
        switch draw(0...11) {
        case 0: return ("@every \(pick([20, 30, 90, 120]))s", "UTC")
        case 1...3: return ("@every \(pick([3, 5, 7, 10, 20, 30]))m", "UTC")
        case 4, 5: return ("*/\(pick([5, 10, 15, 30])) * * * *", zone)
        case 6: return ("\(minute) * * * *", zone)
        case 7: return ("\(minute) */2 * * *", zone)
        case 8: return ("\(minute / 2),\(30 + minute / 2) 0-5,20-23 * * *", zone)
        case 9: return ("*/20 1-3 * * *", zone)
        case 10: return ("\(pick([0, 15, 40])) */4 * * * *", zone)
        case _: return ("\(minute) 2,3 * * *", zone)
        }
    }

    // MARK: People

    /// Does something to a job now and then.
    func keepBusy(every pause: ClosedRange<Int64>, until end: Int64) {
        after(draw(pause), "people") { [unowned self] in
            guard now < end, !evidence.isHealing else { return }
            act()
            keepBusy(every: pause, until: end)
        }
    }

    private func act() {
        guard let master, !master.isIdle, let name = master.names.randomElement(using: &chance)
        else { return }
        switch draw(0...19) {
        case 0...3: master.trigger(name)
        case 4...5: if setup.has(.kills) { master.killAny() }
        case 6...9: atTheTick(name) { [unowned self] in reschedule(name) }
        case 10...12: atTheTick(name) { [unowned self] in pause(name) }
        case 13...15: atTheTick(name) { [unowned self] in resume(name) }
        case 16...17:
            let policy = pick([OverlapPolicy.forbid, .queue, .allow(limit: nil), .replace])
            master.edit(name) { job, now in
                var spec = job.spec
                spec.overlap = policy
                return job.edited(with: spec, at: now)
            }
        case 18: atTheTick(name) { master.edit(name) { _, _ in nil } }
        case _: makeJob("job-\(master.names.count)")
        }
    }

    /// Just before or just after the next full minute, or at once.
    private func atTheTick(_ name: String, _ run: @escaping () -> Void) {
        guard draw(0...3) > 0 else { return run() }
        let wait = 60_000 - (epoch.unixMilliseconds + now) % 60_000
        after(wait + draw(-300...60), "tick", run)
    }

    private func reschedule(_ name: String) {
        let (schedule, zone) = makeSchedule()
        master?.edit(name) { job, now in
            var spec = job.spec
            (spec.schedule, spec.timeZone) = (schedule, zone)
            return job.edited(with: spec, at: now)
        }
    }

    private func pause(_ name: String) {
        let length = draw(0...1) == 0 ? draw(.seconds(20)...Int64.minutes(20)) : nil
        master?.edit(name) { job, now in
            job.paused(
                reason: "test",
                until: length.map { now.advanced(by: .milliseconds($0)) },
                at: now
            )
        }
    }

    private func resume(_ name: String) {
        master?.edit(name) { job, now in job.resumed(at: now) }
    }
}
