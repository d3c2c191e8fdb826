// Intervals and single instants.

import CronEval
import Testing
import Vocabulary

@Suite struct `Intervals and single instants` {
    @Test func `an interval stands on its anchor, not on who asks`() throws {
        let anchor = Instant(unixMilliseconds: 1_234)
        let schedule = try Schedule(
            parsing: "@every 1m30s",
            in: systemZones,
            anchor: anchor
        )
        let next = schedule.next(after: Instant(unixSeconds: 1_000))
        #expect(next == Instant(unixMilliseconds: 1_234 + 12 * 90_000))
        #expect(schedule.previous(before: Instant(unixSeconds: 1)) == nil)
        #expect(schedule.previous(before: Instant(unixSeconds: 2)) == anchor)
        #expect(schedule.next(after: Instant(unixMilliseconds: .min)) == anchor)
    }

    @Test func `an interval may be a tenth of a second`() throws {
        let schedule = try Schedule("@every 100ms")
        let start = Instant(unixMilliseconds: 1_700_000_000_099)
        #expect(schedule.next(after: start) == Instant(unixMilliseconds: 1_700_000_000_100))
        #expect(schedule.previous(before: start) == Instant(unixMilliseconds: 1_700_000_000_000))
    }

    @Test func `an interval counts elapsed time through clock changes`() throws {
        let schedule = try Schedule("@every 12h", zone: "America/New_York")
        let fires = try schedule.fires(
            after: instant("2024-03-09T12:00:00Z"),
            through: instant("2024-03-11T00:00:00Z")
        )
        #expect(fires.map { $0.unixSeconds % 43_200 } == [0, 0, 0])
    }

    @Test func `extreme anchors and instants do not trap`() throws {
        for anchor in [Int64.min, -1, .max] {
            let schedule = try Schedule(
                parsing: "@every 366d",
                in: systemZones,
                anchor: Instant(unixMilliseconds: anchor)
            )
            for time in [Int64.min, -1, 0, .max] {
                let instant = Instant(unixMilliseconds: time)
                _ = schedule.next(after: instant)
                _ = schedule.previous(before: instant)
            }
        }
    }

    /// Zone, text, and the one instant.
    static let moments = [
        ("UTC", "@at 1893456000", "2030-01-01T00:00:00Z"),
        ("Asia/Tokyo", "@at 1893456000", "2030-01-01T00:00:00Z"),
        ("Asia/Tokyo", "@at 2030-01-01T09:00", "2030-01-01T00:00:00Z"),
        ("Asia/Tokyo", "@at 2030-01-01T09:00:30Z", "2030-01-01T09:00:30Z"),
        ("UTC", "@at 2030-01-01T09:00-05:30", "2030-01-01T14:30:00Z"),
        ("America/New_York", "@at 2024-11-03T01:30", "2024-11-03T05:30:00Z"),
        ("America/New_York", "@at 2024-03-10T02:30:15", "2024-03-10T07:00:15Z"),
        ("Pacific/Apia", "@at 2011-12-30T12:00", "2011-12-30T10:00:00Z"),
    ]

    @Test func `a single instant is the same from both sides`() throws {
        for (zone, text, expected) in Self.moments {
            let schedule = try Schedule(text, zone: zone)
            let only = try instant(expected)
            #expect(schedule.next(after: .epoch) == only, "\(zone) \(text)")
            #expect(schedule.next(after: only) == nil)
            #expect(schedule.previous(before: only) == nil)
            #expect(schedule.previous(before: only.advanced(by: .milliseconds(1))) == only)
        }
    }
}
