// How much a search looks at, in the cases that are worst for it.

@testable import CronEval
import Synchronization
import Testing
import Vocabulary

/// Days that count how often they are asked for.
private struct CountedDates<Dates: DateSource>: DateSource {
    final class Counter: Sendable {
        let questions = Mutex(0)
    }

    let dates: Dates
    let counter = Counter()

    private func counted<Answer>(_ answer: Answer) -> Answer {
        counter.questions.withLock { $0 += 1 }
        return answer
    }

    func first(atOrAfter day: Int64) -> Int64? { counted(dates.first(atOrAfter: day)) }
    func last(atOrBefore day: Int64) -> Int64? { counted(dates.last(atOrBefore: day)) }
    func count(in days: Range<Int64>) -> Int { counted(dates.count(in: days)) }
}

@Suite struct `Steps of the search` {
    /// The most questions about days that one next or previous fire of `text` costs.
    private func mostQuestions(
        _ text: String,
        zone: String,
        allowed: DayCalendar?,
        shift: CalendarShift? = nil
    ) throws -> Int {
        let rule = CalendarRule(only: allowed, shift: shift)
        let schedule = try Schedule(parsing: text, zone: zone, in: systemZones, calendar: rule)
        guard case .fields(let pattern) = schedule.timing else {
            Issue.record("\(text) has no fields")
            return 0
        }
        let dates = CountedDates(dates: rule.walls(of: pattern).dates)
        let walls = WallTimes(times: pattern.times, dates: dates)
        var most = 0
        for time in stride(from: Int64(0), to: 84_000 * 86_400, by: 1_037 * 86_400 + 4_711) {
            let before = dates.counter.questions.withLock { $0 }
            let first = walls.firstFire(atOrAfter: time, by: schedule.clock)
            let between = dates.counter.questions.withLock { $0 }
            let last = walls.lastFire(atOrBefore: time, by: schedule.clock)
            let after = dates.counter.questions.withLock { $0 }
            #expect(first == schedule.next(after: Instant(unixSeconds: time - 1))?.unixSeconds)
            #expect(last == schedule.previous(before: Instant(unixSeconds: time + 1))?.unixSeconds)
            most = max(most, between - before, after - between)
        }
        return most
    }

    @Test func `a leap day that a calendar allows once in a lifetime takes a few questions`() throws
    {
        let sparse = DayCalendar(
            weekdays: 0b1,
            included: [try CalendarDays(parsing: "2196-02-29")],
            excluded: [try CalendarDays(parsing: "02-29")]
        )
        for zone in ["UTC", "America/New_York", "Africa/Casablanca"] {
            for shift in [nil, CalendarShift.next, .previous] {
                for text in ["0 0 29 2 *", "*/5 * 29 2 *"] {
                    let most = try mostQuestions(text, zone: zone, allowed: sparse, shift: shift)
                    #expect(most <= 4, "\(text) \(zone) \(String(describing: shift))")
                }
            }
        }
    }

    @Test func `dense schedules take no more than sparse ones`() throws {
        for text in ["* * * * *", "* * * * * *", "30 2 * * *", "30 1 * * *"] {
            let most = try mostQuestions(text, zone: "America/New_York", allowed: nil)
            #expect(most <= 4, "\(text)")
        }
    }

    @Test func `counting asks by changes of the clock, not by fires`() throws {
        let schedule = try Schedule("* * * * * *", zone: "America/New_York")
        guard case .fields(let pattern) = schedule.timing else { return }
        let dates = CountedDates(dates: pattern.dates)
        let walls = WallTimes(times: pattern.times, dates: dates)
        let century = Int64(946_684_800)..<4_102_444_800
        #expect(walls.fireCount(in: century, by: schedule.clock) == century.count)
        // Two changes a year, and three questions between them.
        #expect(dates.counter.questions.withLock { $0 } <= 201 * 3)
    }

    @Test func `an interval that misses every allowed day is known never to fire`() throws {
        // Thursdays, always; the search itself would pass eighty weeks for every year it looks at.
        let monday = CalendarRule(only: DayCalendar(weekdays: 0b10))
        let schedule = try Schedule(parsing: "@every 7d", in: systemZones, calendar: monday)
        #expect(schedule.neverFires)
        let late = CalendarRule(
            only: DayCalendar(
                weekdays: 0b10,
                included: [try CalendarDays(parsing: "2199-12-26")]
            )
        )
        let once = try Schedule(parsing: "@every 7d", in: systemZones, calendar: late)
        let end = try instant("2199-12-26T00:00:00Z")
        #expect(once.next(after: .epoch) == end)
        #expect(once.previous(before: Instant(unixMilliseconds: .max)) == end)
        #expect(once.previous(before: end) == nil)
        #expect(once.count(in: .epoch..<Instant(unixMilliseconds: .max)) == 1)
    }
}
