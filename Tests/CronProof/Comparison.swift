// Asks a schedule all there is to ask, and compares with what is expected.

internal import CronEval
internal import Vocabulary

/// What a schedule must answer in a range of instants.
struct Comparison {
    let job: ProofJob
    let schedule: Schedule
    /// In milliseconds.
    let range: Range<Int>
    /// All fires of the range in milliseconds, in order.
    let expected: [Int]

    init(of job: ProofJob, in range: Range<Int>, expecting expected: [Int]) throws(Difference) {
        self.job = job
        self.range = range
        self.expected = expected
        schedule = try job.schedule()
    }

    func run(
        using dice: inout SeededGenerator,
        into tally: inout ProofTally
    ) throws(Difference) {
        if !expected.isEmpty, schedule.neverFires { throw difference("never fires, it says") }
        // The count goes first: lists of a wrong length would trap.
        try compareCounts(using: &dice, into: &tally)
        try compareLists(into: &tally)
        try compareNeighbours(using: &dice, into: &tally)
    }

    private func compareCounts(
        using dice: inout SeededGenerator,
        into tally: inout ProofTally
    ) throws(Difference) {
        try expect(schedule.count(in: instants(range)), expected.count, "count")
        tally.count(.count)
        for _ in 0..<3 {
            let ends = [moment(using: &dice), moment(using: &dice)].sorted()
            let part = ends[0]..<ends[1]
            let wanted = expected.reduce(0) { $0 + (part.contains($1) ? 1 : 0) }
            try expect(schedule.count(in: instants(part)), wanted, "count in \(text(part))")
            tally.count(.count)
        }
    }

    private func compareLists(into tally: inout ProofTally) throws(Difference) {
        let fires = schedule.fires(in: instants(range))
        try expect(fires.isEmpty, expected.isEmpty, "isEmpty")
        try expect(fires.first.map(milliseconds), expected.first, "first")
        try expect(fires.last.map(milliseconds), expected.last, "last")
        var place = 0
        for fire in fires {
            let wanted = place < expected.count ? expected[place] : nil
            try expect(milliseconds(fire), wanted, "fire \(place)")
            place += 1
        }
        try expect(place, expected.count, "length")
        tally.count(.forward, place)
        for fire in fires.reversed() {
            place -= 1
            let wanted = place >= 0 ? expected[place] : nil
            try expect(milliseconds(fire), wanted, "fire \(place) from the end")
        }
        try expect(place, 0, "length from the end")
        tally.count(.backward, expected.count)
        let few = min(3, expected.count)
        try expect(fires.prefix(few).map(milliseconds), Array(expected.prefix(few)), "prefix")
        try expect(fires.suffix(few).map(milliseconds), Array(expected.suffix(few)), "suffix")
    }

    private func compareNeighbours(
        using dice: inout SeededGenerator,
        into tally: inout ProofTally
    ) throws(Difference) {
        for _ in 0..<4 {
            let time = moment(using: &dice)
            let next = schedule.next(after: instant(time)).map(milliseconds)
            if let wanted = expected.first(where: { $0 > time }) {
                try expect(next, wanted, "next after \(text(time))")
            } else if let next, next < range.upperBound {
                throw difference("next after \(text(time)) is \(text(next)), expected none so soon")
            }
            let later = schedule.fires(after: instant(time)).first.map(milliseconds)
            try expect(later, next, "first of the fires after \(text(time))")
            tally.count(.next)
            let last = schedule.previous(before: instant(time)).map(milliseconds)
            if let wanted = expected.last(where: { $0 < time }) {
                try expect(last, wanted, "previous before \(text(time))")
            } else if let last, last >= range.lowerBound {
                throw difference("previous before \(text(time)) is \(text(last)), expected none")
            }
            tally.count(.previous)
        }
    }

    /// Anywhere in the range, but mostly at a fire or a millisecond or second from it.
    private func moment(using dice: inout SeededGenerator) -> Int {
        let moment: Int
        if !expected.isEmpty, Int.random(in: 0..<4, using: &dice) > 0 {
            let away = [0, 0, -1, 1, -500, 500, -1_000, 1_000]
            moment =
                expected[Int.random(in: 0..<expected.count, using: &dice)]
                + away[Int.random(in: 0..<away.count, using: &dice)]
        } else {
            moment = Int.random(in: range, using: &dice)
        }
        return min(max(moment, range.lowerBound), range.upperBound)
    }

    private func expect<Value: Equatable>(
        _ found: Value,
        _ wanted: Value,
        _ what: String
    ) throws(Difference) {
        guard found != wanted else { return }
        throw difference("\(what) is \(told(found)), expected \(told(wanted))")
    }

    private func difference(_ what: String) -> Difference {
        Difference("\(what)\n  schedule: \(job)\n  range: \(text(range))")
    }

    private func told(_ value: some Any) -> String {
        if let time = value as? Int, abs(time) > 1_000_000 { return text(time) }
        return "\(value)"
    }

    private func instant(_ milliseconds: Int) -> Instant {
        Instant(unixMilliseconds: Int64(milliseconds))
    }

    private func instants(_ range: Range<Int>) -> Range<Instant> {
        instant(range.lowerBound)..<instant(range.upperBound)
    }

    private func milliseconds(_ instant: Instant) -> Int { Int(instant.unixMilliseconds) }

    private func text(_ milliseconds: Int) -> String { "\(instant(milliseconds))" }

    private func text(_ range: Range<Int>) -> String {
        "\(text(range.lowerBound))..<\(text(range.upperBound))"
    }
}
