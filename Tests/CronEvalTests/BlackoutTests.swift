// Stretches of time in which nothing fires.

import CronEval
import Testing
import Vocabulary

@Suite struct `Blackouts` {
    private func schedule(
        _ text: String,
        zone: String,
        without periods: String...,
        seed: String? = nil,
        jitter: Duration? = nil
    ) throws -> Schedule {
        let calendar = try DayCalendar(periods: periods.map(CalendarPeriod.init(parsing:)))
        return try Schedule(
            parsing: text,
            zone: zone,
            in: systemZones,
            seed: seed,
            calendar: CalendarRule(except: [calendar]),
            jitter: jitter
        )
    }

    private func texts(
        _ schedule: Schedule,
        _ from: String,
        _ before: String
    ) throws -> [String] {
        let range = try instant(from)..<instant(before)
        let fires = schedule.fires(in: range)
        var forward: [String] = []
        for fire in fires { forward.append("\(fire)") }
        var backward: [String] = []
        for fire in fires.reversed() { backward.append("\(fire)") }
        #expect(backward.reversed() == forward)
        #expect(fires.count == forward.count)
        return forward
    }

    @Test func `a blackout's first second is closed and its end is open`() throws {
        let hourly = try schedule(
            "0 * * * *",
            zone: "UTC",
            without: "2026-03-01T03:00..2026-03-01T06:00"
        )
        #expect(
            try texts(hourly, "2026-03-01T01:00:00Z", "2026-03-01T08:00:00Z")
                == [
                    "2026-03-01T01:00:00Z", "2026-03-01T02:00:00Z", "2026-03-01T06:00:00Z",
                    "2026-03-01T07:00:00Z",
                ]
        )
        let inside = try instant("2026-03-01T04:00:00Z")..<instant("2026-03-01T05:00:01Z")
        #expect(hourly.count(in: inside) == 0)
        #expect(hourly.fires(in: inside).isEmpty)
    }

    @Test func `a blackout on the wall is as long as the night is`() throws {
        // Six hours of real time, for clocks go back in them.
        let autumn = try schedule(
            "0 * * * *",
            zone: "America/New_York",
            without: "2024-11-02T22:00..2024-11-03T03:00"
        )
        #expect(
            try texts(autumn, "2024-11-03T01:00:00Z", "2024-11-03T09:00:00Z")
                == ["2024-11-03T01:00:00Z", "2024-11-03T08:00:00Z"]
        )
        let spring = try schedule(
            "0 * * * *",
            zone: "America/New_York",
            without: "2024-03-09T22:00..2024-03-10T03:00"
        )
        #expect(
            try texts(spring, "2024-03-10T02:00:00Z", "2024-03-10T08:00:00Z")
                == ["2024-03-10T02:00:00Z", "2024-03-10T07:00:00Z"]
        )
    }

    @Test func `a blackout with offsets is the same everywhere`() throws {
        for period in [
            "2024-11-03T00:30-04:00..2024-11-03T02:30-05:00",
            "2024-11-03T04:30Z..2024-11-03T07:30Z",
            "2024-11-03T13:30+09:00..2024-11-03T16:30+09:00", "1730608200..1730619000",
        ] {
            for zone in ["America/New_York", "Asia/Tokyo", "UTC"] {
                let hourly = try schedule("0 * * * *", zone: zone, without: period)
                #expect(
                    try texts(hourly, "2024-11-03T04:00:00Z", "2024-11-03T09:00:00Z")
                        == ["2024-11-03T04:00:00Z", "2024-11-03T08:00:00Z"],
                    "\(period) \(zone)"
                )
            }
        }
    }

    @Test func `a blackout that a clock change swallows closes nothing`() throws {
        let swallowed = "2024-03-10T02:00..2024-03-10T03:00"
        let hourly = try schedule("0 * * * *", zone: "America/New_York", without: swallowed)
        #expect(
            try texts(hourly, "2024-03-10T06:00:00Z", "2024-03-10T09:00:00Z").count == 3
        )
        // One that begins in what is skipped begins with the first minute there is.
        let late = "2024-03-10T02:30..2024-03-10T04:00"
        let quarters = try schedule("*/30 * * * *", zone: "America/New_York", without: late)
        #expect(
            try texts(quarters, "2024-03-10T06:30:00Z", "2024-03-10T08:30:00Z")
                == ["2024-03-10T06:30:00Z", "2024-03-10T08:00:00Z"]
        )
    }

    @Test func `overlapping and adjoining blackouts close what they cover, once`() throws {
        let hourly = try schedule(
            "0 * * * *",
            zone: "UTC",
            without: "2026-03-01T04:00..2026-03-01T06:00",
            "2026-03-01T02:00..2026-03-01T05:00",
            "2026-03-01T06:00..2026-03-01T08:00",
            "2026-03-01T03:00..2026-03-01T04:00"
        )
        #expect(
            try texts(hourly, "2026-03-01T01:00:00Z", "2026-03-01T10:00:00Z")
                == ["2026-03-01T01:00:00Z", "2026-03-01T08:00:00Z", "2026-03-01T09:00:00Z"]
        )
    }

    @Test func `a blackout closes what is due in it, jitter or not`() throws {
        // Due at 02:00 and 06:00, and 16.445 s later.
        let jittered = try schedule(
            "0 2,5,6 * * *",
            zone: "UTC",
            without: "2026-03-01T02:00:10..2026-03-01T06:00",
            seed: "job-1",
            jitter: .seconds(600)
        )
        #expect(
            try texts(jittered, "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")
                == ["2026-03-01T02:00:16.445Z", "2026-03-01T06:00:16.445Z"]
        )
    }

    @Test func `days to keep close no times`() throws {
        let only = try DayCalendar(
            weekdays: 0b111_1111,
            periods: [CalendarPeriod(parsing: "2026-01-01T00:00..2027-01-01T00:00")]
        )
        let daily = try Schedule(
            parsing: "0 9 * * *",
            in: systemZones,
            calendar: CalendarRule(only: only)
        )
        #expect(try texts(daily, "2026-03-01T00:00:00Z", "2026-03-04T00:00:00Z").count == 3)
    }

    @Test func `both times of a blackout hang on the same clock`() {
        for text in [
            "2026-12-20T18:00..2027-01-03T06:00Z", "2026-12-20T18:00Z..2027-01-03T06:00",
            "1767225600..2026-01-03T06:00",
        ] {
            #expect(throws: CalendarError.self, "\(text)") { try CalendarPeriod(parsing: text) }
        }
    }
}
