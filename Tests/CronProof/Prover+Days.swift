// Fields over years, day by day; intervals and single instants.

internal import CronEval
internal import Vocabulary

extension Prover {
    /// Days of years on a wall that never changes, so that only dates matter.
    func runYears(
        _ dice: inout SeededGenerator,
        _ tally: inout ProofTally
    ) throws(Difference) {
        let zone = zones.fixed.random(using: &dice)
        let offset = zone.offsetInSeconds(at: 0)
        let length = Int.random(in: 100...900, using: &dice)
        let first =
            switch Int.random(in: 0..<8, using: &dice) {
            case 0: -4
            case 1: 84_010 - length
            case _: Int.random(in: 0..<84_000 - length, using: &dice)
            }
        let days = first..<first + length
        let middle = first + Int.random(in: 0..<length, using: &dice)
        let rules = try rules(around: middle * 86_400, using: &dice)
        for _ in 0..<ProofKind.batchSize {
            let seed = "job-\(Int.random(in: 0..<1_000, using: &dice))"
            let cron = ReferenceCron(fewTimesOn: seed, around: middle.date.year, using: &dice)
            let job = ProofJob(
                text: cron.text,
                zone: zone,
                seed: seed,
                policy: .random(using: &dice),
                rule: rules.random(using: &dice),
                jitter: jitter(using: &dice)
            )
            let times = cron.secondsOfDay
            let all = days.filter { job.fires(on: $0, by: cron) }.flatMap { day in
                times.map { day * 86_400 + $0 - offset }
            }
            // What the wall's last day has in UTC lies a day further at most.
            let range = (first + 1) * 86_400..<(first + length - 1) * 86_400
            let fires = all.filter { range.contains($0) && $0 >= 0 }
            let comparison = try Comparison(
                of: job,
                in: range.lowerBound * 1_000 + job.delay..<range.upperBound * 1_000 + job.delay,
                expecting: job.restricted(fires.map { $0 * 1_000 })
            )
            try comparison.run(using: &dice, into: &tally)
        }
        try countAllYears(zone, offset, rules.random(using: &dice), &dice, &tally)
    }

    /// From the first fire there is to the last.
    private func countAllYears(
        _ zone: ProofZone,
        _ offset: Int,
        _ rule: ReferenceRule?,
        _ dice: inout SeededGenerator,
        _ tally: inout ProofTally
    ) throws(Difference) {
        guard Int.random(in: 0..<20, using: &dice) == 0 else { return }
        let cron = ReferenceCron(fewTimesOn: "job-1", around: 2_026, using: &dice)
        let job = ProofJob(text: cron.text, zone: zone, rule: rule)
        let closed = (rule?.periods ?? []).map { $0.seconds(by: zone.moments) }
        var expected = 0
        let times = cron.secondsOfDay
        for day in ReferenceRule.days where job.fires(on: day, by: cron) {
            for time in times {
                let fire = day * 86_400 + time - offset
                if fire >= 0, !closed.contains(where: { $0.contains(fire) }) { expected += 1 }
            }
        }
        let ever = Instant(unixMilliseconds: .min)..<Instant(unixMilliseconds: .max)
        let found = try job.schedule().count(in: ever)
        guard found == expected else {
            throw Difference("count of all years is \(found), expected \(expected): \(job)")
        }
        tally.count(.count)
    }

    func runIntervals(
        _ dice: inout SeededGenerator,
        _ tally: inout ProofTally
    ) throws(Difference) {
        let zone = (zones.all + zones.bySeconds).random(using: &dice)
        let center = second(in: zone, using: &dice)
        let rules = try rules(around: center, mayShift: false, using: &dice)
        for _ in 0..<ProofKind.batchSize {
            let period = period(using: &dice)
            let job = ProofJob(
                text: "@every \(Self.duration(period, using: &dice))",
                zone: zone,
                anchor: Bool.random(using: &dice)
                    ? 0 : Int.random(in: -1_000_000_000_000...4_000_000_000_000, using: &dice),
                policy: .random(using: &dice),
                rule: rules.random(using: &dice),
                jitter: jitter(using: &dice)
            )
            let length = Int.random(in: 1...40, using: &dice) * period
            let start = center * 1_000 - Int.random(in: 0...length, using: &dice)
            let range = start..<start + length
            // The grid goes on for ever, in both directions.
            var fire = job.anchor + ((start - job.anchor).floored(by: period) - 1) * period
            var fires: [Int] = []
            while fire < range.upperBound {
                if range.contains(fire), (0..<84_006 * 86_400_000).contains(fire) {
                    let second = fire.floored(by: 1_000)
                    let day = (second + zone.offsetInSeconds(at: second)).floored(by: 86_400)
                    if job.rule?.allows(day) ?? true { fires.append(fire) }
                }
                fire += period
            }
            let comparison = try Comparison(
                of: job,
                in: start + job.delay..<start + length + job.delay,
                expecting: job.restricted(fires)
            )
            try comparison.run(using: &dice, into: &tally)
        }
    }

    func runInstants(
        _ dice: inout SeededGenerator,
        _ tally: inout ProofTally
    ) throws(Difference) {
        let zone = (zones.all + zones.bySeconds).random(using: &dice)
        let center = second(in: zone, using: &dice)
        let rules = try rules(around: center, using: &dice)
        for _ in 0..<ProofKind.batchSize {
            let (place, isWall) = ReferenceMoment.place(using: &dice)
            var (time, due) = (0, -1)
            // Others are refused.
            while !(0..<84_006 * 86_400).contains(due) {
                time = center + Int.random(in: -200_000...200_000, using: &dice)
                due = isWall ? zone.moments.second(showing: time) : time
            }
            let isPlain = !isWall && Bool.random(using: &dice)
            let job = ProofJob(
                text: "@at \(isPlain ? "\(time)" : ReferenceMoment.text(time, place))",
                zone: zone,
                policy: .random(using: &dice),
                rule: rules.random(using: &dice),
                jitter: jitter(using: &dice)
            )
            let fires = [job.place(of: due)].compactMap(\.self).filter { $0 >= 0 }
            let reach = 400 * 86_400_000
            let range = center * 1_000 - reach..<center * 1_000 + reach
            let comparison = try Comparison(
                of: job,
                in: range,
                expecting: job.restricted(fires.map { $0 * 1_000 }).filter(range.contains)
            )
            try comparison.run(using: &dice, into: &tally)
        }
    }

    /// Near one of the zone's changes, near the first or last there is, or anywhere.
    func second(in zone: ProofZone, using dice: inout SeededGenerator) -> Int {
        switch Int.random(in: 0..<8, using: &dice) {
        case 0: return Int.random(in: 0...86_400, using: &dice)
        case 1: return 84_006 * 86_400 - Int.random(in: 0...86_400, using: &dice)
        case 2...5 where !zone.changes.isEmpty:
            let change = Int(zone.changes.random(using: &dice).instant.unixSeconds)
            return change + Int.random(in: -90_000...90_000, using: &dice)
        case _: return Int.random(in: 0..<84_006 * 86_400, using: &dice)
        }
    }

    /// From a tenth of a second to a year, all lengths as likely; in milliseconds.
    func period(using dice: inout SeededGenerator) -> Int {
        let longest = [
            1_000, 60_000, 3_600_000, 86_400_000, 7 * 86_400_000, 31 * 86_400_000,
            366 * 86_400_000,
        ].random(using: &dice)
        let units = [1, 1_000, 60_000, 3_600_000, 86_400_000].filter { $0 <= longest }
        let unit = units.random(using: &dice)
        return min(max(Int.random(in: 1...longest / unit, using: &dice) * unit, 100), longest)
    }

    /// In some of the ways in which `period` can be written.
    static func duration(_ period: Int, using dice: inout SeededGenerator) -> String {
        let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)]
        var rest = period
        var text = ""
        for (name, unit) in units where rest >= unit {
            // What is left out here is left to a smaller unit, in ten digits at most.
            let isNeeded = name == "ms" || rest > 9_999_999_999
            guard isNeeded || Int.random(in: 0..<4, using: &dice) > 0 else { continue }
            text += "\(rest / unit)\(name)"
            rest %= unit
        }
        return text
    }
}

extension ProofJob {
    /// Where a single instant goes, in UTC seconds, by its date and the time on its wall.
    func place(of second: Int) -> Int? {
        guard let rule else { return second }
        let wall = second + zone.offsetInSeconds(at: second)
        let day = wall.floored(by: 86_400)
        guard let place = rule.place(of: day) else { return nil }
        return place == day ? second : zone.moments.second(showing: wall + (place - day) * 86_400)
    }
}
