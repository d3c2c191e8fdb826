// What must hold of every schedule, whatever it means.

internal import CronEval
internal import Vocabulary

extension Prover {
    /// Any schedule there is.
    func anyJob(
        around center: Int,
        in zone: ProofZone,
        _ rules: [ReferenceRule?],
        using dice: inout SeededGenerator
    ) -> ProofJob {
        let seed = "job-\(Int.random(in: 0..<1_000, using: &dice))"
        let year = center.floored(by: 86_400).date.year
        var job = ProofJob(
            text: ReferenceCron(seed: seed, around: year, using: &dice).text,
            zone: zone,
            seed: seed,
            policy: .random(using: &dice),
            rule: rules.random(using: &dice),
            jitter: jitter(using: &dice)
        )
        switch Int.random(in: 0..<8, using: &dice) {
        case 0...1:
            job.text = "@every \(Self.duration(period(using: &dice), using: &dice))"
            job.anchor = Int.random(in: -1_000_000_000_000...4_000_000_000_000, using: &dice)
            if job.rule?.shift != nil { job.rule = nil }
        case 2:
            job.text = "@at \(min(max(center, 0), 84_006 * 86_400 - 1))"
        case _: break
        }
        return job
    }

    func runLaws(
        _ dice: inout SeededGenerator,
        _ tally: inout ProofTally
    ) throws(Difference) {
        let zone = (zones.all + zones.bySeconds).random(using: &dice)
        let center = second(in: zone, using: &dice)
        let rules = try rules(around: center, using: &dice)
        for _ in 0..<ProofKind.batchSize {
            let job = anyJob(around: center, in: zone, rules, using: &dice)
            let laws = try Laws(of: job)
            for _ in 0..<4 {
                let time =
                    switch Int.random(in: 0..<4, using: &dice) {
                    case 0: center * 1_000
                    case 1: center * 1_000 + Int.random(in: -90_000_000...90_000_000, using: &dice)
                    case _: Int.random(in: -100_000_000_000...8_000_000_000_000, using: &dice)
                    }
                try laws.check(at: time, &tally)
                if Bool.random(using: &dice) { try laws.check(at: time / 1_000 * 1_000, &tally) }
                let later =
                    time
                    + Int.random(in: 0...[1_000, 100_000_000].random(using: &dice), using: &dice)
                try laws.check(from: time, to: later, &tally)
            }
            // Counts of all time are slow.
            let extremes = [Int.min, Int.min + 1, -1, 0, 1, Int.max - 1, Int.max]
            try laws.checkExtreme(extremes.random(using: &dice), &tally)
        }
    }

    func runDecades(
        _ dice: inout SeededGenerator,
        _ tally: inout ProofTally
    ) throws(Difference) {
        let zone = (zones.all + zones.bySeconds).random(using: &dice)
        let center = second(in: zone, using: &dice)
        let rules = try rules(around: center, using: &dice)
        for _ in 0..<ProofKind.batchSize {
            let job = anyJob(around: center, in: zone, rules, using: &dice)
            try Laws(of: job).checkCount(from: center * 1_000, atMost: 300, using: &dice, &tally)
        }
    }
}

/// A schedule, with the same one without jitter.
private struct Laws {
    let job: ProofJob
    let schedule: Schedule
    let punctual: Schedule

    init(of job: ProofJob) throws(Difference) {
        self.job = job
        schedule = try job.schedule()
        var punctual = job
        punctual.jitter = 0
        self.punctual = try punctual.schedule()
    }

    private func instant(_ milliseconds: Int) -> Instant {
        Instant(unixMilliseconds: Int64(milliseconds))
    }

    private func next(_ time: Int) -> Int? {
        schedule.next(after: instant(time)).map { Int($0.unixMilliseconds) }
    }

    private func previous(_ time: Int) -> Int? {
        schedule.previous(before: instant(time)).map { Int($0.unixMilliseconds) }
    }

    private func expect(_ holds: Bool, _ law: String, _ time: Int) throws(Difference) {
        guard !holds else { return }
        throw Difference(
            """
            it does not hold that \(law), at \(instant(time)): \
            next \(next(time).map(instant) as Any), \
            previous \(previous(time).map(instant) as Any)
              schedule: \(job)
            """
        )
    }

    /// What holds at any time, to the millisecond.
    func check(at time: Int, _ tally: inout ProofTally) throws(Difference) {
        let (next, previous) = (next(time), previous(time))
        try expect(next.map { $0 > time } ?? true, "next is later", time)
        try expect(previous.map { $0 < time } ?? true, "previous is earlier", time)
        if let previous {
            let again = self.next(previous)
            try expect(again == self.next(time - 1), "next(previous(b)) = next(b - 1 ms)", time)
            let isWhole = time % 1_000 == 0 && job.delay == 0 && !job.text.hasPrefix("@every")
            if isWhole {
                try expect(
                    again == self.next(time - 1_000),
                    "next(previous(b)) = next(b - 1 s)",
                    time
                )
            }
            try expect(previous >= 0, "nothing fires before 1970", time)
        }
        if let next {
            let again = self.previous(next)
            try expect(
                again == self.previous(time + 1),
                "previous(next(a)) = previous(a + 1 ms)",
                time
            )
            let gap = instant(time + 1)..<instant(next)
            try expect(schedule.count(in: gap) == 0, "nothing is counted before next", time)
            let one = instant(next)..<instant(next + 1)
            try expect(schedule.count(in: one) == 1, "next is counted once", time)
            try expect(!schedule.neverFires, "what never fires has no next", time)
        }
        let undelayed = punctual.next(after: instant(time - job.delay)).map {
            Int($0.unixMilliseconds) + job.delay
        }
        try expect(undelayed == next, "jitter adds the same to every next", time)
        let before = punctual.previous(before: instant(time - job.delay)).map {
            Int($0.unixMilliseconds) + job.delay
        }
        try expect(before == previous, "jitter adds the same to every previous", time)
        try expect(schedule.delay == .milliseconds(job.delay), "the delay is the seed's", time)
        tally.count(.law, 9)
    }

    /// What holds of two times.
    func check(from time: Int, to later: Int, _ tally: inout ProofTally) throws(Difference) {
        try expect(next(time) ?? .max <= next(later) ?? .max, "next is monotonous", time)
        try expect(
            previous(time) ?? .min <= previous(later) ?? .min,
            "previous is monotonous",
            time
        )
        let middle = time + (later - time) / 3
        let (start, cut, end) = (instant(time), instant(middle), instant(later))
        let whole = schedule.count(in: start..<end)
        let parts = schedule.count(in: start..<cut) + schedule.count(in: cut..<end)
        try expect(whole == parts, "counts add up", time)
        tally.count(.law, 3)
    }

    /// What holds where arithmetic ends.
    func checkExtreme(_ time: Int, _ tally: inout ProofTally) throws(Difference) {
        let (next, previous) = (next(time), previous(time))
        try expect(next.map { $0 > time } ?? true, "next is later", time)
        try expect(previous.map { $0 < time } ?? true, "previous is earlier", time)
        let low = instant(min(time, 0))
        let high = instant(max(time, 0))
        let few = schedule.fires(in: low..<high)
        try expect(
            few.isEmpty == (schedule.count(in: low..<high) == 0),
            "isEmpty is no count",
            time
        )
        _ = schedule.fires(after: instant(time)).first
        tally.count(.law, 3)
    }

    /// A count over years against the list, from both ends.
    func checkCount(
        from center: Int,
        atMost limit: Int,
        using dice: inout SeededGenerator,
        _ tally: inout ProofTally
    ) throws(Difference) {
        // As long a time as has no more than that, by one day's count after the next fire.
        var length = 80 * 366 * 86_400_000
        let start = center - Int.random(in: 0...length, using: &dice)
        while schedule.count(in: instant(start)..<instant(start + length)) > limit { length /= 3 }
        let range = instant(start)..<instant(start + length)
        let fires = schedule.fires(in: range)
        let count = fires.count
        var forward: [Instant] = []
        for fire in fires { forward.append(fire) }
        try expect(
            forward.count == count,
            "\(count) are counted to \(range.upperBound) and \(forward.count) listed",
            start
        )
        var backward: [Instant] = []
        for fire in fires.reversed() { backward.append(fire) }
        try expect(backward.reversed() == forward, "both ends list the same", start)
        tally.count(.count)
        tally.count(.forward, forward.count)
        tally.count(.backward, backward.count)
    }
}
