// Schedules under calendars: which days, and where fires go that fall on others.

import CronEval
import Testing
import Vocabulary

/// China's workdays of 2026, as the State Council published them on 4 November 2025.
///
/// - SeeAlso: <https://politics.gmw.cn/2025-11/04/content_38391083.htm>
func chineseWorkdays() throws -> DayCalendar {
    try DayCalendar(
        weekdays: DayCalendar.workweek,
        // Weekends that are worked.
        included: [
            "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
        ].map(CalendarDays.init(parsing:)),
        excluded: [
            "2026-01-01..2026-01-03", "2026-02-15..2026-02-23", "2026-04-04..2026-04-06",
            "2026-05-01..2026-05-05", "2026-06-19..2026-06-21", "2026-09-25..2026-09-27",
            "2026-10-01..2026-10-07",
        ].map(CalendarDays.init(parsing:))
    )
}

/// A calendar that names nothing but days.
func days(_ texts: String...) throws -> DayCalendar {
    try DayCalendar(included: texts.map(CalendarDays.init(parsing:)))
}

@Suite struct `Schedules under calendars` {
    let workweek = DayCalendar(weekdays: DayCalendar.workweek)

    private func schedule(
        _ text: String,
        zone: String = "UTC",
        _ rule: CalendarRule
    ) throws -> Schedule {
        try Schedule(parsing: text, zone: zone, in: systemZones, calendar: rule)
    }

    /// The fires of a range of UTC dates as `MM-DD`, by the zone's wall.
    private func dates(
        _ schedule: Schedule,
        from: String,
        before: String
    ) throws -> String {
        let range = try instant("\(from)T00:00:00Z")..<instant("\(before)T00:00:00Z")
        let zone = try #require(systemZones.rules(named: schedule.zoneName))
        let fires = schedule.fires(in: range)
        var forward: [String] = []
        for fire in fires { forward.append("\(wallText(fire, zone: zone).prefix(5))") }
        var backward: [String] = []
        for fire in fires.reversed() { backward.append("\(wallText(fire, zone: zone).prefix(5))") }
        #expect(backward.reversed() == forward)
        #expect(fires.count == forward.count)
        return forward.joined(separator: " ")
    }

    @Test func `make-up workdays count, holidays do not`() throws {
        let daily = try schedule(
            "0 9 * * *",
            zone: "Asia/Shanghai",
            CalendarRule(only: chineseWorkdays())
        )
        #expect(
            try dates(daily, from: "2026-02-01", before: "2026-03-01")
                == """
                02-02 02-03 02-04 02-05 02-06 02-09 02-10 02-11 02-12 02-13 02-14 02-24 02-25 \
                02-26 02-27 02-28
                """
        )
        #expect(
            try dates(daily, from: "2026-09-17", before: "2026-10-14")
                == """
                09-17 09-18 09-20 09-21 09-22 09-23 09-24 09-28 09-29 09-30 10-08 10-09 10-10 \
                10-12 10-13
                """
        )
        // 261 weekdays, less 19 that are holidays, and 6 weekend days.
        let year = try instant("2026-01-01T00:00:00Z")..<instant("2027-01-01T00:00:00Z")
        #expect(daily.count(in: year) == 248)
    }

    @Test func `the first workday on or after the 15th`() throws {
        let rule = CalendarRule(only: try chineseWorkdays(), shift: .next)
        let monthly = try schedule("0 9 15 * *", zone: "Asia/Shanghai", rule)
        #expect(
            try dates(monthly, from: "2026-01-01", before: "2027-01-01")
                == """
                01-15 02-24 03-16 04-15 05-15 06-15 07-15 08-17 09-15 10-15 11-16 12-15
                """
        )
    }

    @Test func `the last workday of the month`() throws {
        let rule = CalendarRule(only: try chineseWorkdays(), shift: .previous)
        let monthly = try schedule("0 18 L * *", zone: "Asia/Shanghai", rule)
        #expect(
            try dates(monthly, from: "2026-01-01", before: "2027-01-01")
                == """
                01-30 02-28 03-31 04-30 05-29 06-30 07-31 08-31 09-30 10-30 11-30 12-31
                """
        )
    }

    @Test func `fires are moved over the ends of months and years`() throws {
        let golden = try chineseWorkdays()
        let first = "0 9 1 10 *"
        let next = try schedule(first, CalendarRule(only: golden, shift: .next))
        #expect(try dates(next, from: "2026-09-01", before: "2026-11-01") == "10-08")
        let previous = try schedule(first, CalendarRule(only: golden, shift: .previous))
        #expect(try dates(previous, from: "2026-09-01", before: "2026-11-01") == "09-30")

        let closed = [try days("12-24..01-02")]
        let after = CalendarRule(only: workweek, except: closed, shift: .next)
        // 3 January 2027 is a Sunday.
        #expect(
            try dates(schedule("0 9 24 12 *", after), from: "2026-12-01", before: "2028-02-01")
                == "01-04 01-03"
        )
        // All of the days between are one fire.
        #expect(
            try dates(schedule("0 9 24-31 12 *", after), from: "2026-12-01", before: "2028-02-01")
                == "01-04 01-03"
        )
        let before = CalendarRule(only: workweek, except: closed, shift: .previous)
        #expect(
            try dates(schedule("0 9 1 1 *", before), from: "2026-12-01", before: "2028-02-01")
                == "12-23 12-23"
        )
        #expect(
            try dates(schedule("0 9 28 2 *", after), from: "2026-02-01", before: "2026-04-01")
                == "03-02"
        )
    }

    @Test func `a weekend's fires are one on Monday`() throws {
        let rule = CalendarRule(only: workweek, shift: .next)
        for text in ["0 9 * * SAT,SUN", "0 9 * * SAT,SUN,MON", "0 9 * * SUN"] {
            #expect(
                try dates(schedule(text, rule), from: "2026-03-05", before: "2026-03-25")
                    == "03-09 03-16 03-23",
                "\(text)"
            )
        }
    }

    @Test func `Friday the 13th, but no holiday`() throws {
        let holiday = try days("2026-03-13")
        let left = try schedule("0 9 13 * +FRI", CalendarRule(except: [holiday]))
        #expect(try dates(left, from: "2026-01-01", before: "2027-01-01") == "02-13 11-13")
        let moved = try schedule("0 9 13 * +FRI", CalendarRule(except: [holiday], shift: .next))
        #expect(try dates(moved, from: "2026-01-01", before: "2027-01-01") == "02-13 03-14 11-13")
    }

    @Test func `several calendars leave out what any of them names`() throws {
        let rule = CalendarRule(
            only: workweek,
            except: [try days("2026-03-03"), try days("03-05..03-06"), DayCalendar(weekdays: 0b10)]
        )
        #expect(
            try dates(schedule("0 9 * * *", rule), from: "2026-03-01", before: "2026-03-15")
                == "03-04 03-10 03-11 03-12 03-13"
        )
    }

    @Test func `nothing fires once a calendar is exhausted`() throws {
        let last = try days("2026-12-30..2026-12-31")
        for shift in [nil, CalendarShift.next, .previous] {
            let daily = try schedule("0 9 * * *", CalendarRule(only: last, shift: shift))
            #expect(!daily.neverFires)
            let end = try instant("2026-12-31T09:00:00Z")
            #expect(try daily.next(after: instant("2026-12-30T09:00:00Z")) == end)
            #expect(daily.next(after: end) == nil)
            #expect(daily.previous(before: Instant(unixMilliseconds: .max)) == end)
            #expect(try daily.previous(before: instant("2026-12-30T09:00:00Z")) == nil)
            #expect(Array(daily.fires(after: .epoch)).count == 2)
        }
    }

    @Test func `what no day is left for never fires`() throws {
        let monday = DayCalendar(weekdays: 0b10)
        let none = try schedule("0 9 * * TUE", CalendarRule(only: monday))
        #expect(none.neverFires)
        #expect(none.warnings == [.neverFires])
        #expect(none.next(after: .epoch) == nil)
        #expect(none.previous(before: Instant(unixMilliseconds: .max)) == nil)
        #expect(none.count(in: .epoch..<Instant(unixMilliseconds: .max)) == 0)
        #expect(try !schedule("0 9 * * TUE", CalendarRule(only: monday, shift: .next)).neverFires)
        #expect(try schedule("0 9 * * *", CalendarRule(only: DayCalendar())).neverFires)
        #expect(try schedule("@at 2026-03-07T09:00", CalendarRule(only: workweek)).neverFires)
        // 1970-01-01 and every seventh day after it are Thursdays.
        #expect(try schedule("@every 7d", CalendarRule(only: monday)).neverFires)
        let thursday = CalendarRule(only: DayCalendar(weekdays: 0b1_0000))
        #expect(try !schedule("@every 7d", thursday).neverFires)
    }

    @Test func `a single instant keeps its time on another day`() throws {
        let golden = try chineseWorkdays()
        let text = "@at 2026-02-15T09:00"
        for (shift, expected) in [
            (CalendarShift.next, "2026-02-24T01:00:00Z"), (.previous, "2026-02-14T01:00:00Z"),
        ] {
            let rule = CalendarRule(only: golden, shift: shift)
            let once = try schedule(text, zone: "Asia/Shanghai", rule)
            let fires = Array(once.fires(after: .epoch))
            #expect(try fires == [instant(expected)])
            #expect(try once.previous(before: Instant(unixMilliseconds: .max)) == instant(expected))
        }
    }

    @Test func `a single instant that is moved into a clock change fires once`() throws {
        for (text, expected) in [
            ("@at 2024-03-09T02:30:15", "2024-03-10T07:00:15Z"),
            ("@at 2024-11-02T01:30", "2024-11-03T05:30:00Z"),
        ] {
            let closed = try days("2024-03-09", "2024-11-02")
            let rule = CalendarRule(except: [closed], shift: .next)
            let once = try schedule(text, zone: "America/New_York", rule)
            #expect(try Array(once.fires(after: .epoch)) == [instant(expected)], "\(text)")
        }
    }

    @Test func `an interval fires on dates of its zone only`() throws {
        let rule = CalendarRule(only: try chineseWorkdays())
        // 08:00 and 20:00 in Shanghai.
        let fires = try schedule("@every 12h", zone: "Asia/Shanghai", rule)
        #expect(
            try dates(fires, from: "2026-02-12", before: "2026-02-26")
                == "02-12 02-12 02-13 02-13 02-14 02-14 02-24 02-24 02-25 02-25"
        )
    }

    @Test func `an interval ends with its calendar's last day in the east, counted or listed`()
        throws
    {
        let rule = CalendarRule(only: DayCalendar(weekdays: 0b111_1111))
        let hourly = try schedule("@every 1h", zone: "Asia/Tokyo", rule)
        let range = try instant("2199-12-31T00:00:00Z")..<instant("2200-02-01T00:00:00Z")
        #expect(hourly.count(in: range) == 15)
        let fires = hourly.fires(in: range)
        // Midnight in Tokyo is 15:00.
        #expect(try fires.last == instant("2199-12-31T14:00:00Z"))
        #expect(Array(fires).count == 15)
    }

    @Test func `what was due before 1970 is not moved into it`() throws {
        let rule = CalendarRule(except: [try days("12-20..01-05")], shift: .next)
        let yearly = try schedule("0 0 26 12 *", rule)
        let spring = try instant("1970-03-01T00:00:00Z")
        #expect(yearly.previous(before: spring) == nil)
        #expect(try yearly.next(after: .epoch) == instant("1971-01-06T00:00:00Z"))
        #expect(yearly.count(in: .epoch..<spring) == 0)
        // Nor is anything moved out of it.
        let back = CalendarRule(only: try days("12-24"), shift: .previous)
        let once = try schedule("@at 1970-01-02T00:00Z", back)
        #expect(Array(once.fires(after: Instant(unixMilliseconds: .min))).isEmpty)
        #expect(once.previous(before: spring) == nil)
    }

    @Test func `jitter is the seed's, less than its bound, and moves everything alike`() throws {
        // h("job-1", "jitter") = ff68391bb9b0fdfd.
        for (jitter, delay) in [
            (600_000, 16_445), (86_400_000, 5_416_445), (900_000_000, 5_416_445),
        ] {
            let schedule = try Schedule(
                parsing: "0 9 * * *",
                in: systemZones,
                seed: "job-1",
                calendar: CalendarRule(only: workweek),
                jitter: .milliseconds(jitter)
            )
            #expect(schedule.delay == .milliseconds(delay))
            let friday = try instant("2026-03-06T09:00:00Z").advanced(by: .milliseconds(delay))
            let monday = try instant("2026-03-09T09:00:00Z").advanced(by: .milliseconds(delay))
            #expect(schedule.next(after: friday) == monday)
            #expect(schedule.previous(before: monday) == friday)
            #expect(schedule.count(in: friday..<monday) == 1)
        }
    }
}
