// What a schedule must keep.

internal import CronEval
internal import Vocabulary

enum ScheduleChecks {
    /// Chosen for what has gone wrong elsewhere: clock changes, leap days, both ends of time.
    private static let seconds: [Int64] = [
        -1, 0, 951_782_399, 1_325_152_799, 1_710_053_999, 1_710_054_000, 1_730_610_000,
        1_730_613_599, 2_524_607_999, 4_107_542_399, 7_258_118_399, 7_258_118_400,
    ]

    /// Asks `schedule` for its neighbours of many instants, and whether they fit together.
    ///
    /// - Parameters:
    ///   - schedule: Any.
    ///   - chance: Chooses one more instant.
    static func run(_ schedule: Schedule, chance: UInt64) {
        for extreme in [Int64.min, .max] {
            let instant = Instant(unixMilliseconds: extreme)
            _ = (schedule.next(after: instant), schedule.previous(before: instant))
        }
        check(!schedule.words.isEmpty, "no words")
        let random = Int64(SeededGenerator.mixed(chance) % 7_258_118_400_000)
        let instants =
            seconds.map { Instant(unixSeconds: $0) } + [Instant(unixMilliseconds: random)]
        for instant in instants { run(schedule, at: instant) }
        _ = schedule.explanation(at: Instant(unixMilliseconds: random))
    }

    private static func run(_ schedule: Schedule, at instant: Instant) {
        if let next = schedule.next(after: instant) {
            check(next > instant, "next(\(instant)) is \(next)")
            if let back = schedule.previous(before: next) {
                check(back <= instant, "\(back) is between \(instant) and \(next)")
            }
            let before = next.advanced(by: .milliseconds(-1))
            check(schedule.next(after: before) == next, "next(\(before)) is not \(next)")
            let here = schedule.next(after: instant.advanced(by: .milliseconds(-1))) == instant
            let count = schedule.count(in: instant..<next)
            check(count == (here ? 1 : 0), "\(count) fires from \(instant) to before \(next)")
        }
        if let previous = schedule.previous(before: instant) {
            check(previous < instant, "previous(\(instant)) is \(previous)")
            let next = schedule.next(after: previous)
            check(next.map { $0 >= instant } ?? true, "\(previous), then \(next, default: "-")")
        }
    }
}
