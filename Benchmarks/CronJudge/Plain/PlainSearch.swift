// The fires of an expression, by going through all days one after another.

internal import Vocabulary

/// A slow evaluator with other people's habits, to predict what they answer.
struct PlainSearch {
    let reading: PlainReading
    let zone: PlainZone
    let habits: Habits

    private static let threshold: Int64 = 3 * 3_600
    private static let day: Int64 = 86_400

    /// What an evaluator with these habits answers to `question`.
    func answer(_ question: Question) -> Answer {
        let found = fires(of: question) { found in
            found.count >= question.count ? found[question.count - 1] : nil
        }
        return cut(found, from: question)
    }

    /// All fires up to the second `last`.
    func fires(_ question: Question, through last: Int64) -> [Int64] {
        let found = fires(of: question) { found in
            found.last.map { $0 > last } == true ? last : nil
        }
        return found.filter { $0 <= last }
    }

    /// Collects fires in order until no wall time that may still come leads to one that is not
    /// after the second that `enough` answers.
    private func fires(of question: Question, enough: ([Int64]) -> Int64?) -> [Int64] {
        var after = zone.wall(at: question.start)
        if !startsOnWall { after -= zone.reach(around: question.start) }
        var found: [Int64] = []
        while let next = reading.firstMatch(after: after, lastYear: habits.lastYear ?? 2199) {
            after = next
            for second in instants(of: next)
            where startsOnWall || second > question.start {
                let place = (found.lastIndex { $0 <= second } ?? -1) + 1
                if place == 0 || found[place - 1] != second { found.insert(second, at: place) }
            }
            guard let last = enough(found) else { continue }
            if next >= zone.wall(at: last) + zone.reach(around: last) { break }
        }
        return habits.isMadeUpOnce ? withoutLaterEchoes(found) : found
    }

    /// Leaves out what only a skipped time leads to, but for the first such of each gap.
    private func withoutLaterEchoes(_ fires: [Int64]) -> [Int64] {
        var lastGap: Int64?
        return fires.filter { fire in
            guard isEcho(fire) else { return true }
            let gap = zone.stretches[zone.place(at: fire)].start
            defer { lastGap = gap }
            return lastGap != gap
        }
    }

    /// Whether `fire` is in the first minute after a gap, and its own wall time is not selected.
    private func isEcho(_ fire: Int64) -> Bool {
        let place = zone.place(at: fire)
        guard place > 0, fire - zone.stretches[place].start < 60,
            zone.stretches[place].offset > zone.stretches[place - 1].offset
        else { return false }
        let wall = zone.wall(at: fire)
        return reading.firstMatch(after: wall - 1, lastYear: 2199) != wall
    }

    /// Ends the fires where these habits give up.
    private func cut(_ found: [Int64], from question: Question) -> Answer {
        var fires: [Int64] = []
        var last = question.start
        for second in found.prefix(question.count) {
            if let patience = habits.patienceInYears,
                year(of: second) > year(of: last + 1) + patience
            {
                return .fires(fires, .end)
            }
            fires.append(second)
            last = second
        }
        return .fires(fires, fires.count == question.count ? .enough : .end)
    }

    private var startsOnWall: Bool {
        switch habits.startOnWall {
        case .nobody: false
        case .allButIntervals: !reading.isInterval && zone.stretches.count > 1
        case .everybody: true
        }
    }

    private func year(of second: Int64) -> Int {
        CivilDate(daysSinceEpoch: zone.wall(at: second).floorDivided(by: Self.day)).year
    }

    /// When a schedule fires for the wall time `wall`, which it selects.
    private func instants(of wall: Int64) -> [Int64] {
        let passes = zone.passes(of: wall)
        if passes.isEmpty { return makeUp(wall) }
        guard passes.count > 1 else { return passes }
        switch habits.repeated {
        case .both: return passes
        case .last: return passes.suffix(1)
        case .firstUnlessInterval:
            if reading.isInterval { return passes }
            if habits.hasNoCorrections { return [passes[0]] }
            return passes.enumerated().filter { place, pass in
                place == 0 || pass - passes[place - 1] > Self.threshold
            }.map(\.element)
        }
    }

    private func makeUp(_ wall: Int64) -> [Int64] {
        guard let gap = zone.gap(at: wall),
            habits.hasNoCorrections || gap.length <= Self.threshold
        else { return [] }
        switch habits.skipped {
        case .never: return []
        case .unlessInterval where reading.isInterval: return []
        case .unlessEveryHour where reading.hour.isWhole: return []
        case .unlessInterval, .unlessEveryHour:
            let late: Int64 = habits.isMadeUpLate ? 60 : 0
            return [gap.end + (wall - gap.resumed).floorRemainder(dividingBy: 60) + late]
        }
    }
}

extension PlainReading {
    /// The first selected wall time after `wall`; `nil` if there is none until the end.
    func firstMatch(after wall: Int64, lastYear: Int) -> Int64? {
        let today = wall.floorDivided(by: 86_400)
        if selects(CivilDate(daysSinceEpoch: today)),
            let time = firstTime(after: wall - today * 86_400)
        {
            return today * 86_400 + time
        }
        var day = today + 1
        while true {
            let date = CivilDate(daysSinceEpoch: day)
            guard date.year <= lastYear else { return nil }
            if !selectsMonth(date.month) {
                day += Int64(CivilDate.length(ofMonth: date.month, year: date.year) - date.day + 1)
                continue
            }
            if selects(date), let time = firstTime(after: -1) { return day * 86_400 + time }
            day += 1
        }
    }

    /// The first selected time of day after so many seconds of it.
    private func firstTime(after second: Int64) -> Int64? {
        for hour in hour.ordered where Int64(hour + 1) * 3_600 > second {
            for minute in minute.ordered {
                let start = Int64(hour * 3_600 + minute * 60)
                guard start + 59 > second else { continue }
                for rest in self.second.ordered where start + Int64(rest) > second {
                    return start + Int64(rest)
                }
            }
        }
        return nil
    }
}
