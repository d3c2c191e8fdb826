// Fields, seen minute by minute.

internal import CronEval
internal import Vocabulary

/// A place and a time that schedules are looked at.
struct ProofWindow {
    let zone: ProofZone
    let history: WallHistory
    /// UTC seconds that may be asked about; the history reaches beyond them.
    let core: Range<Int>
    /// Where it is interesting.
    let points: [Int]
}

extension Prover {
    /// One of the zone's changes, and time enough to see both passes of what is compared.
    func aroundChange(using dice: inout SeededGenerator) throws(Difference) -> ProofWindow {
        let zone = zones.byMinutes.random(using: &dice)
        let minutely = zone.changes.filter {
            $0.instant.unixSeconds % 60 == 0 && $0.offsetBefore % 60 == 0
                && $0.offsetAfter % 60 == 0
        }
        guard !minutely.isEmpty else { throw Difference("\(zone.name) has no changes") }
        let change = minutely.random(using: &dice)
        return window(in: zone, around: change, unit: 60, reach: 24_000)
    }

    func aroundOddSecond(using dice: inout SeededGenerator) throws(Difference) -> ProofWindow {
        let zone = zones.bySeconds.random(using: &dice)
        guard let change = zone.changes.first else {
            throw Difference("\(zone.name) has no changes")
        }
        return window(in: zone, around: change, unit: 1, reach: 600)
    }

    private func window(
        in zone: ProofZone,
        around change: ZoneChange,
        unit: Int,
        reach: Int
    ) -> ProofWindow {
        let second = Int(change.instant.unixSeconds)
        let shift = abs(change.offsetAfter - change.offsetBefore)
        let radius = shift + reach
        let margin = (shift + 12_000) / unit
        let core = second - radius..<second + radius
        let ticks =
            core.lowerBound.floored(by: unit) - margin..<core.upperBound.floored(by: unit) + margin
        return ProofWindow(
            zone: zone,
            history: WallHistory(of: ticks, unit: unit, offsetInSeconds: zone.offsetInSeconds),
            core: core,
            points: [second, second, second - shift, second + shift]
        )
    }

    /// Some days of any year, now and then the first or last there are.
    func anyDays(using dice: inout SeededGenerator) throws(Difference) -> ProofWindow {
        let zone = zones.all.random(using: &dice)
        let length = Int.random(in: 2...9, using: &dice)
        let day =
            switch Int.random(in: 0..<8, using: &dice) {
            case 0: -3
            case 1: 84_005 - length
            case _: Int.random(in: 0..<84_000 - length, using: &dice)
            }
        let core = day * 86_400..<(day + length) * 86_400
        let ticks = (day - 1) * 1_440..<(day + length + 2) * 1_440
        return ProofWindow(
            zone: zone,
            history: WallHistory(of: ticks, unit: 60, offsetInSeconds: zone.offsetInSeconds),
            core: core,
            points: [core.lowerBound, core.lowerBound + 3 * 86_400, core.upperBound]
        )
    }

    func runWindow(
        _ window: ProofWindow,
        _ dice: inout SeededGenerator,
        _ tally: inout ProofTally
    ) throws(Difference) {
        let rules = try rules(around: window.points[0], using: &dice)
        let year = window.points[0].floored(by: 86_400).date.year
        for _ in 0..<ProofKind.batchSize {
            let seed = "job-\(Int.random(in: 0..<1_000, using: &dice))"
            let cron =
                Bool.random(using: &dice)
                ? ReferenceCron(using: &dice)
                : ReferenceCron(seed: seed, around: year, using: &dice)
            let job = ProofJob(
                text: cron.text,
                zone: window.zone,
                seed: seed,
                policy: .random(using: &dice),
                rule: rules.random(using: &dice),
                jitter: jitter(using: &dice)
            )
            let range = range(for: cron, in: window, using: &dice)
            let fires = window.fires(of: cron, for: job, in: range)
            let comparison = try Comparison(
                of: job,
                in: range.lowerBound * 1_000 + job.delay..<range.upperBound * 1_000 + job.delay,
                expecting: job.restricted(fires.map { $0 * 1_000 })
            )
            try comparison.run(using: &dice, into: &tally)
        }
    }

    /// As many UTC seconds as hold some dozens of fires, at an interesting place.
    private func range(
        for cron: ReferenceCron,
        in window: ProofWindow,
        using dice: inout SeededGenerator
    ) -> Range<Int> {
        let perDay = cron.minutesOfDay.count * cron.seconds.count
        let wanted = [10, 25, 60].random(using: &dice)
        let length = min(max(wanted * 86_400 / perDay, 90), window.core.count)
        let point = window.points.random(using: &dice) + Int.random(in: -120...120, using: &dice)
        let start = point - Int.random(in: 0...length, using: &dice)
        let bounded = min(
            max(start, window.core.lowerBound),
            window.core.upperBound - length
        )
        return bounded..<bounded + length
    }
}

extension ProofWindow {
    /// All fires in UTC seconds, in order, without blackouts and jitter.
    func fires(of cron: ReferenceCron, for job: ProofJob, in range: Range<Int>) -> [Int] {
        let unit = history.unit
        let custom = ReferenceCustom(job.policy, isInterval: cron.isInterval)
        let ticks = range.lowerBound.floored(by: unit)..<range.upperBound.floored(by: unit) + 1
        let walls = history.wallsThatMatter(for: ticks)
        let minutes = cron.minutesOfDay
        let dayLength = 86_400 / unit
        var fires: Set<Int> = []
        for day in walls.lowerBound.floored(by: dayLength)...walls.upperBound.floored(by: dayLength)
        where job.fires(on: day, by: cron) {
            for minute in minutes {
                let wall = day * dayLength + minute * 60 / unit
                guard wall + 60 / unit > walls.lowerBound, wall <= walls.upperBound else {
                    continue
                }
                for second in cron.seconds {
                    if unit == 1 {
                        fires.formUnion(history.fires(at: wall + second, by: custom))
                    } else {
                        fires.formUnion(
                            history.fires(at: wall, by: custom).map { $0 * 60 + second }
                        )
                    }
                }
            }
        }
        return fires.filter { range.contains($0) && $0 >= 0 }.sorted()
    }
}

extension ProofJob {
    /// Whether anything is meant for `day`, in the years there are.
    func fires(on day: Int, by cron: ReferenceCron) -> Bool {
        guard ReferenceRule.days.contains(day) else { return false }
        guard let rule else { return cron.selects(day.date) }
        return rule.fires(on: day) { cron.selects($0.date) }
    }
}
