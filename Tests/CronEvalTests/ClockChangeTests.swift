// What becomes of schedules when clocks are put forward and back.

import CronEval
import Testing
import Vocabulary

@Suite struct `Clock changes` {
    struct Probe: Sendable, CustomTestStringConvertible {
        let zone: String
        let text: String
        /// `(after, through]` in UTC.
        let after: String
        let through: String
        let fires: [String]

        var testDescription: String { "\(zone) \(text)" }
    }

    static func newYorkGap(_ text: String, _ fires: String...) -> Probe {
        Probe(
            zone: "America/New_York",
            text: text,
            after: "2024-03-10T06:20:00Z",
            through: "2024-03-10T08:00:00Z",
            fires: fires.map { "03-10 \($0)" }
        )
    }

    static func newYorkOverlap(_ text: String, _ fires: String...) -> Probe {
        Probe(
            zone: "America/New_York",
            text: text,
            after: "2024-11-03T04:59:59Z",
            through: "2024-11-03T07:30:00Z",
            fires: fires.map { "11-03 \($0)" }
        )
    }

    static let probes: [Probe] = [
        newYorkGap("30 2 * * *", "03:00 -4"),
        newYorkGap("0,30 2 * * *", "03:00 -4"),
        newYorkGap("0-59/15 2 * * *", "03:00 -4"),
        newYorkGap("*/30 2 * * *"),
        newYorkGap("0 */2 * * *", "04:00 -4"),
        newYorkGap("*/20 * * * *", "01:40 -5", "03:00 -4", "03:20 -4", "03:40 -4", "04:00 -4"),
        newYorkGap("30 0-6 * * *", "01:30 -5", "03:00 -4", "03:30 -4"),
        newYorkGap("0 30 2 * * *", "03:00 -4"),
        newYorkGap("15,45 30 2 * * *", "03:00 -4", "03:00 -4"),
        newYorkOverlap("30 1 * * *", "01:30 -4"),
        newYorkOverlap("*/30 1 * * *", "01:00 -4", "01:30 -4", "01:00 -5", "01:30 -5"),
        newYorkOverlap("30 * * * *", "01:30 -4", "01:30 -5", "02:30 -5"),
        newYorkOverlap("30 0-6 * * *", "01:30 -4", "02:30 -5"),
        newYorkOverlap("H(30-30) 1 * * *", "01:30 -4"),
        Probe(
            zone: "America/New_York",
            text: "*/20 * * * *",
            after: "2024-11-03T05:20:00Z",
            through: "2024-11-03T06:20:00Z",
            fires: ["11-03 01:40 -4", "11-03 01:00 -5", "11-03 01:20 -5"]
        ),
        Probe(
            zone: "Australia/Lord_Howe",
            text: "0 * * * *",
            after: "2024-10-05T14:20:00Z",
            through: "2024-10-05T16:00:00Z",
            fires: ["10-06 01:00 10.5", "10-06 03:00 11"]
        ),
        Probe(
            zone: "Australia/Lord_Howe",
            text: "45 * * * *",
            after: "2024-04-06T14:00:00Z",
            through: "2024-04-06T16:00:00Z",
            fires: ["04-07 01:45 11", "04-07 01:45 10.5"]
        ),
        Probe(
            zone: "Australia/Lord_Howe",
            text: "* 4 * * *",
            after: "2024-04-06T16:00:00Z",
            through: "2024-04-06T17:31:00Z",
            fires: ["04-07 04:00 10.5", "04-07 04:01 10.5"]
        ),
        Probe(
            zone: "America/Sao_Paulo",
            text: "@daily",
            after: "2018-11-03T12:00:00Z",
            through: "2018-11-05T12:00:00Z",
            fires: ["11-04 01:00 -2", "11-05 00:00 -2"]
        ),
        Probe(
            zone: "Pacific/Apia",
            text: "30 12 * * *",
            after: "2011-12-29T12:00:00Z",
            through: "2011-12-31T12:00:00Z",
            fires: ["12-29 12:30 -10", "12-31 12:30 14"]
        ),
        // A gap of exactly three hours is still caught up with.
        Probe(
            zone: "Antarctica/Casey",
            text: "30 3 18 10 *",
            after: "2009-10-01T00:00:00Z",
            through: "2009-11-01T00:00:00Z",
            fires: ["10-18 05:00 11"]
        ),
        // Kwajalein left out a day in 1993: nothing makes up for it.
        Probe(
            zone: "Pacific/Kwajalein",
            text: "0 12 * * *",
            after: "1993-08-20T12:00:00Z",
            through: "1993-08-23T12:00:00Z",
            fires: ["08-20 12:00 -12", "08-22 12:00 12", "08-23 12:00 12"]
        ),
        // 44 minutes and 30 seconds were skipped: whole minutes lead to half a minute after.
        Probe(
            zone: "Africa/Monrovia",
            text: "10,20 0 7 1 *",
            after: "1972-01-06T00:00:00Z",
            through: "1972-01-08T00:00:00Z",
            fires: ["01-07 00:45 0"]
        ),
    ]

    @Test(arguments: probes) func `fires are those of Debian's daemon`(probe: Probe) throws {
        let schedule = try Schedule(probe.text, zone: probe.zone, seed: "job-1")
        let (from, to) = try (instant(probe.after), instant(probe.through))
        let zone = try #require(systemZones.rules(named: probe.zone))
        let forward = schedule.fires(after: from, through: to)
        #expect(forward.map { wallText($0, zone: zone) } == probe.fires)
        let second = Instant(unixSeconds: from.unixSeconds + 1)
        let end = Instant(unixSeconds: to.unixSeconds + 1)
        #expect(schedule.firesBackwards(before: end, from: second) == forward.reversed())
    }

    @Test func `seconds are kept when a gap is made up for`() throws {
        let schedule = try Schedule("15,45 30 2 * * *", zone: "America/New_York")
        let fires = try schedule.fires(
            after: instant("2024-03-10T06:00:00Z"),
            through: instant("2024-03-10T08:00:00Z")
        )
        #expect(fires.map(\.description) == ["2024-03-10T07:00:15Z", "2024-03-10T07:00:45Z"])
    }

    @Test func `a skipped time and a time after the gap are one fire, seconds in order`() throws {
        let schedule = try Schedule("30 0,30 2,3 10 3 *", zone: "America/New_York")
        let fires = try schedule.fires(
            after: instant("2024-03-10T06:00:00Z"),
            through: instant("2024-03-10T08:00:00Z")
        )
        #expect(fires.map(\.description) == ["2024-03-10T07:00:30Z", "2024-03-10T07:30:30Z"])
    }
}
