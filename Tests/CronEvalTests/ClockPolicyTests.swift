// What the policies for clock changes make of every kind of change there is.

import CronEval
import Testing
import Vocabulary

@Suite struct `Policies for clock changes` {
    struct Probe: Sendable, CustomTestStringConvertible {
        let zone: String
        let text: String
        /// `[from, before)` in UTC.
        let from: String
        let before: String
        /// What fires under which policies; words left out follow from the text.
        let fires: [(policy: String, fires: [String])]

        var testDescription: String { "\(zone) \(text) \(from)" }
    }

    static let newYork: [Probe] = [
        Probe(
            zone: "America/New_York",
            text: "30 2 * * *",
            from: "2024-03-10T06:00:00Z",
            before: "2024-03-10T09:00:00Z",
            fires: [("", ["03-10 03:00 -4"]), ("next", ["03-10 03:00 -4"]), ("skip", [])]
        ),
        Probe(
            zone: "America/New_York",
            text: "*/30 2 * * *",
            from: "2024-03-10T06:00:00Z",
            before: "2024-03-10T09:00:00Z",
            fires: [("", []), ("next", ["03-10 03:00 -4"]), ("skip", [])]
        ),
        Probe(
            zone: "America/New_York",
            text: "30 1 * * *",
            from: "2024-11-03T04:00:00Z",
            before: "2024-11-03T08:00:00Z",
            fires: [
                ("", ["11-03 01:30 -4"]), ("first", ["11-03 01:30 -4"]),
                ("last", ["11-03 01:30 -5"]), ("both", ["11-03 01:30 -4", "11-03 01:30 -5"]),
                ("skip last", ["11-03 01:30 -5"]),
            ]
        ),
        Probe(
            zone: "America/New_York",
            text: "*/30 * * * *",
            from: "2024-11-03T05:00:00Z",
            before: "2024-11-03T07:01:00Z",
            fires: [
                (
                    "",
                    [
                        "11-03 01:00 -4", "11-03 01:30 -4", "11-03 01:00 -5", "11-03 01:30 -5",
                        "11-03 02:00 -5",
                    ]
                ),
                ("first", ["11-03 01:00 -4", "11-03 01:30 -4", "11-03 02:00 -5"]),
                ("last", ["11-03 01:00 -5", "11-03 01:30 -5", "11-03 02:00 -5"]),
            ]
        ),
        // The rule changed in 2007.
        Probe(
            zone: "America/New_York",
            text: "30 2 1-15 3,4 SUN",
            from: "2006-04-01T00:00:00Z",
            before: "2006-04-03T00:00:00Z",
            fires: [
                ("", ["04-01 02:30 -5", "04-02 03:00 -4"]), ("skip", ["04-01 02:30 -5"]),
            ]
        ),
        Probe(
            zone: "America/New_York",
            text: "30 2 1 4 *",
            from: "2007-03-31T00:00:00Z",
            before: "2007-04-03T00:00:00Z",
            fires: [("", ["04-01 02:30 -4"]), ("skip", ["04-01 02:30 -4"])]
        ),
        // Beyond the table, by the footer's rule.
        Probe(
            zone: "America/New_York",
            text: "30 2 * * *",
            from: "2150-03-08T05:00:00Z",
            before: "2150-03-09T05:00:00Z",
            fires: [("", ["03-08 03:00 -4"]), ("skip", [])]
        ),
        Probe(
            zone: "America/New_York",
            text: "30 1 * * *",
            from: "2150-11-01T04:00:00Z",
            before: "2150-11-01T09:00:00Z",
            fires: [
                ("", ["11-01 01:30 -4"]), ("last", ["11-01 01:30 -5"]),
                ("both", ["11-01 01:30 -4", "11-01 01:30 -5"]),
            ]
        ),
    ]

    static let odd: [Probe] = [
        // Half an hour.
        Probe(
            zone: "Australia/Lord_Howe",
            text: "15 2 * * *",
            from: "2024-10-05T14:00:00Z",
            before: "2024-10-05T17:00:00Z",
            fires: [("", ["10-06 02:30 11"]), ("skip", [])]
        ),
        Probe(
            zone: "Australia/Lord_Howe",
            text: "15,45 1 * * *",
            from: "2024-04-06T14:00:00Z",
            before: "2024-04-06T17:00:00Z",
            fires: [
                ("", ["04-07 01:15 11", "04-07 01:45 11"]),
                ("last", ["04-07 01:15 11", "04-07 01:45 10.5"]),
                ("both", ["04-07 01:15 11", "04-07 01:45 11", "04-07 01:45 10.5"]),
            ]
        ),
        // At midnight, so that a day has no beginning, or two ends.
        Probe(
            zone: "America/Sao_Paulo",
            text: "@daily",
            from: "2018-11-03T12:00:00Z",
            before: "2018-11-05T12:00:00Z",
            fires: [("", ["11-04 01:00 -2", "11-05 00:00 -2"]), ("skip", ["11-05 00:00 -2"])]
        ),
        Probe(
            zone: "America/Sao_Paulo",
            text: "30 23 * * *",
            from: "2018-02-17T12:00:00Z",
            before: "2018-02-18T12:00:00Z",
            fires: [
                ("", ["02-17 23:30 -2"]), ("last", ["02-17 23:30 -3"]),
                ("both", ["02-17 23:30 -2", "02-17 23:30 -3"]),
            ]
        ),
        // A day that there was not: a correction of the calendar, whatever the policy.
        Probe(
            zone: "Pacific/Apia",
            text: "30 12 * * *",
            from: "2011-12-29T12:00:00Z",
            before: "2011-12-31T12:00:00Z",
            fires: ["", "next", "skip", "first", "last", "both"].map {
                ($0, ["12-29 12:30 -10", "12-31 12:30 14"])
            }
        ),
        Probe(
            zone: "Pacific/Apia",
            text: "30 3 * * *",
            from: "2012-03-31T12:00:00Z",
            before: "2012-03-31T20:00:00Z",
            fires: [("", ["04-01 03:30 14"]), ("last", ["04-01 03:30 13"])]
        ),
        // Two hours.
        Probe(
            zone: "Antarctica/Troll",
            text: "30 1,2 * * *",
            from: "2024-03-31T00:00:00Z",
            before: "2024-03-31T12:00:00Z",
            fires: [("", ["03-31 03:00 2"]), ("skip", [])]
        ),
        Probe(
            zone: "Antarctica/Troll",
            text: "30 1,2 * * *",
            from: "2024-10-26T22:00:00Z",
            before: "2024-10-27T12:00:00Z",
            fires: [
                ("", ["10-27 01:30 2", "10-27 02:30 2"]),
                ("last", ["10-27 01:30 0", "10-27 02:30 0"]),
                ("both", ["10-27 01:30 2", "10-27 02:30 2", "10-27 01:30 0", "10-27 02:30 0"]),
            ]
        ),
        // One minute past midnight.
        Probe(
            zone: "America/St_Johns",
            text: "0,30 0 * * *",
            from: "2006-04-02T03:00:00Z",
            before: "2006-04-02T12:00:00Z",
            fires: [
                ("", ["04-02 00:00 -3.5", "04-02 01:01 -2.5"]), ("skip", ["04-02 00:00 -3.5"]),
            ]
        ),
        Probe(
            zone: "America/St_Johns",
            text: "0 0 * * *",
            from: "2006-10-28T12:00:00Z",
            before: "2006-10-29T12:00:00Z",
            fires: [
                ("", ["10-29 00:00 -2.5"]), ("last", ["10-29 00:00 -3.5"]),
                ("both", ["10-29 00:00 -2.5", "10-29 00:00 -3.5"]),
            ]
        ),
    ]

    static let others: [Probe] = [
        // Winter time is the exception there.
        Probe(
            zone: "Europe/Dublin",
            text: "30 1 * * *",
            from: "2024-03-31T00:00:00Z",
            before: "2024-03-31T12:00:00Z",
            fires: [("", ["03-31 02:00 1"]), ("skip", [])]
        ),
        Probe(
            zone: "Europe/Dublin",
            text: "30 1 * * *",
            from: "2024-10-27T00:00:00Z",
            before: "2024-10-27T12:00:00Z",
            fires: [("", ["10-27 01:30 1"]), ("last", ["10-27 01:30 0"])]
        ),
        // Back for Ramadan, and forward again.
        Probe(
            zone: "Africa/Casablanca",
            text: "30 2 * * *",
            from: "2024-03-10T00:00:00Z",
            before: "2024-03-10T12:00:00Z",
            fires: [
                ("", ["03-10 02:30 1"]), ("last", ["03-10 02:30 0"]),
                ("both", ["03-10 02:30 1", "03-10 02:30 0"]),
            ]
        ),
        Probe(
            zone: "Africa/Casablanca",
            text: "30 2 * * *",
            from: "2024-04-14T00:00:00Z",
            before: "2024-04-14T12:00:00Z",
            fires: [("", ["04-14 03:00 1"]), ("skip", [])]
        ),
        // For good.
        Probe(
            zone: "Europe/Moscow",
            text: "30 1 * * *",
            from: "2014-10-25T12:00:00Z",
            before: "2014-10-26T12:00:00Z",
            fires: [("", ["10-26 01:30 4"]), ("last", ["10-26 01:30 3"])]
        ),
        // Over midnight: what is made up for on the next day still belongs to the day before.
        Probe(
            zone: "Asia/Pyongyang",
            text: "45 23 4 5 *",
            from: "2018-05-04T00:00:00Z",
            before: "2018-05-06T00:00:00Z",
            fires: [("", ["05-05 00:00 9"]), ("skip", [])]
        ),
        Probe(
            zone: "Asia/Pyongyang",
            text: "45 23 * * *",
            from: "2015-08-14T12:00:00Z",
            before: "2015-08-15T12:00:00Z",
            fires: [("", ["08-14 23:45 9"]), ("last", ["08-14 23:45 8.5"])]
        ),
        Probe(
            zone: "Europe/Berlin",
            text: "30 2 * * *",
            from: "2199-10-26T12:00:00Z",
            before: "2199-10-27T12:00:00Z",
            fires: [("", ["10-27 02:30 2"]), ("last", ["10-27 02:30 1"])]
        ),
    ]

    @Test(arguments: newYork + odd + others)
    func `what is skipped or repeated fires as the policy says`(probe: Probe) throws {
        let zone = try #require(systemZones.rules(named: probe.zone))
        let range = try instant(probe.from)..<instant(probe.before)
        for (words, expected) in probe.fires {
            let schedule = try Schedule(
                parsing: probe.text,
                zone: probe.zone,
                in: systemZones,
                clockChanges: policy(words)
            )
            #expect(schedule.count(in: range) == expected.count, "\(words)")
            let fires = schedule.fires(in: range)
            var found: [String] = []
            for fire in fires { found.append(wallText(fire, zone: zone)) }
            #expect(found == expected, "\(words)")
            found = []
            for fire in fires.reversed() { found.append(wallText(fire, zone: zone)) }
            #expect(found.reversed() == expected, "\(words)")
        }
    }

    private func policy(_ words: String) -> ClockChangePolicy {
        let words = words.split(separator: " ").map(String.init)
        return ClockChangePolicy(
            gap: words.compactMap(ClockChangePolicy.Gap.init(rawValue:)).first,
            overlap: words.compactMap(ClockChangePolicy.Overlap.init(rawValue:)).first
        )
    }

    @Test func `what is between two changes is not counted in either pass`() throws {
        // Both passes of the repeated hour, and nothing else.
        let hour = try instant("2024-11-03T05:00:00Z")..<instant("2024-11-03T07:00:00Z")
        for (words, count) in [("first", 60), ("last", 60), ("both", 120), ("", 120)] {
            let schedule = try Schedule(
                parsing: "* * * * *",
                zone: "America/New_York",
                in: systemZones,
                clockChanges: policy(words)
            )
            #expect(schedule.count(in: hour) == count, "\(words)")
        }
    }
}
