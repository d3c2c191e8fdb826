// What people are told before they rely on a schedule.

import CronEval
import Testing
import Vocabulary

@Suite struct `Explanations` {
    let autumn = Result { try instant("2026-09-01T00:00:00Z") }

    private func explain(
        _ text: String,
        zone: String = "America/New_York",
        policy: ClockChangePolicy = .standard,
        calendar: CalendarRule? = nil,
        jitter: Duration = .zero
    ) throws -> Explanation {
        let schedule = try Schedule(
            parsing: text,
            zone: zone,
            in: systemZones,
            seed: "job-1",
            clockChanges: policy,
            calendar: calendar,
            jitter: jitter
        )
        return try schedule.explanation(at: autumn.get())
    }

    @Test func `a schedule in the hour of both changes is told of both`() throws {
        let told = try explain("30 1,2 * * *")
        #expect(told.sentence == "at 01:30 and 02:30 every day, America/New_York")
        #expect(
            told.notes == [
                "On 2026-11-01, clocks of America/New_York go back from 02:00 to 01:00: "
                    + "01:30 comes twice, and it runs the first time",
                "On 2027-03-14, clocks of America/New_York go forward from 02:00 to 03:00: "
                    + "02:30 is skipped, so it runs at 03:00",
            ]
        )
    }

    @Test func `the policy for clock changes is told as it is`() throws {
        let skip = ClockChangePolicy(gap: .skip, overlap: .both)
        #expect(
            try explain("15 0,30 1,2 * * *", policy: skip).notes == [
                "On 2026-11-01, clocks of America/New_York go back from 02:00 to 01:00: "
                    + "01:00:15 and 1 more comes twice, and it runs both times",
                "On 2027-03-14, clocks of America/New_York go forward from 02:00 to 03:00: "
                    + "02:00:15 and 1 more is skipped, and so is its run",
            ]
        )
        let last = ClockChangePolicy(overlap: .last)
        #expect(
            try explain("30 1 * * *", policy: last).notes == [
                "On 2026-11-01, clocks of America/New_York go back from 02:00 to 01:00: "
                    + "01:30 comes twice, and it runs the second time"
            ]
        )
        #expect(try explain("15 30 2 * * *").notes.first?.hasSuffix("runs at 03:00:15") == true)
    }

    @Test(arguments: ["*/5 * * * *", "30 12 * * *", "30 2 10 1 *", "@every 5m", "@hourly"])
    func `a schedule that no change touches is told of none`(text: String) throws {
        #expect(try explain(text).notes.isEmpty)
        #expect(try explain("30 2 * * *", zone: "Asia/Shanghai").notes.isEmpty)
    }

    @Test func `an interval in certain hours is told what it loses`() throws {
        #expect(
            try explain("*/30 2 * * *").notes == [
                "On 2027-03-14, clocks of America/New_York go forward from 02:00 to 03:00: "
                    + "02:00 and 1 more is skipped, and so is its run"
            ]
        )
    }

    @Test func `a day that the calendar leaves out meets no change`() throws {
        let weekdays = CalendarRule(only: DayCalendar(weekdays: DayCalendar.workweek))
        let told = try explain("30 1 * * *", calendar: weekdays)
        #expect(told.notes.isEmpty)
        #expect(
            told.sentence
                == "at 01:30 every day, America/New_York, on days that its calendar allows"
        )
    }

    @Test func `calendars and jitter are part of the sentence`() throws {
        let rule = CalendarRule(
            only: DayCalendar(weekdays: DayCalendar.workweek),
            shift: .previous
        )
        let told = try explain("0 9 L * *", calendar: rule, jitter: .seconds(600))
        let schedule = try Schedule(
            parsing: "0 9 L * *",
            in: systemZones,
            seed: "job-1",
            jitter: .seconds(600)
        )
        #expect(schedule.delay > .zero && schedule.delay < .seconds(600))
        #expect(
            told.sentence.hasPrefix(
                "at 09:00 on the last day of the month, America/New_York, "
                    + "moved to the last day before that its calendar allows, and "
            )
        )
        #expect(told.sentence.hasSuffix(" later, since its jitter says so"))
    }

    @Test func `warnings come first`() throws {
        #expect(try explain("0 0 30 2 *").notes.first?.hasPrefix("no date satisfies") == true)
        #expect(try explain("0 0 30 2 *").notes.count == 1)
    }
}
