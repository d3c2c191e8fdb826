// What is accepted and what it means, line by line.

import CronEval
import Testing
import Vocabulary

@Suite struct `Schedule syntax` {
    /// Text and first fire after 2025-01-01T00:00Z; `rej` and `never` as they say.
    static let rows = """
        22-2 * * * *|25-01-01 00:01
        0 22-2 * * *|25-01-01 01:00
        0 0 * * FRI-MON|25-01-03 00:00
        0 0 * * 5-7|25-01-03 00:00
        0 0 * * 7|25-01-05 00:00
        0 0 * * 6-0|25-01-04 00:00
        0 0 28-3 * *|25-01-02 00:00
        0 0 * NOV-FEB *|25-01-02 00:00
        0 0/12 * * *|25-01-01 12:00
        5/15 * * * *|25-01-01 00:05
        */90 * * * *|25-01-01 01:00
        0 */24 * * *|25-01-02 00:00
        0 0 */2 * MON|25-01-13 00:00
        *,5 * * * *|25-01-01 00:01
        1,,2 * * * *|rej
        05 00 01 01 00|25-01-01 00:05
        000000005 * * * *|25-01-01 00:05
        ? * * * *|rej
        0 0 ? * *|25-01-02 00:00
        0 0 1 * ?|25-02-01 00:00
        0 0 ? * ?|25-01-02 00:00
        0 0 L * *|25-01-31 00:00
        0 0 l * *|25-01-31 00:00
        0 0 LW * *|25-01-31 00:00
        0 0 15W * *|25-01-15 00:00
        0 0 1W,15W * *|25-01-15 00:00
        0 0 1,15,L * *|25-01-15 00:00
        0 0 L-3 * *|25-01-28 00:00
        0 0 L-1W * *|25-01-30 00:00
        0 0 * * 5L|25-01-31 00:00
        0 0 * * FRIL|25-01-31 00:00
        0 0 * * L5|rej
        0 0 * * FRI#L|25-01-31 00:00
        0 0 * * L|rej
        0 0 * * FRI#2|25-01-10 00:00
        0 0 * * 5#2|25-01-10 00:00
        0 0 * * MON#1,MON#3|25-01-06 00:00
        0 0 * * MON#1,FRI|25-01-03 00:00
        0 0 * * 1-5#1|rej
        0 0 * * 7#1|25-01-05 00:00
        0 0 13 * FRI|25-01-03 00:00
        0 0 13 * FRI#2|25-01-10 00:00
        0 0 13 * +FRI|25-06-13 00:00
        0 0 30 2 *|never
        0 0 * * MONDAY|rej
        0 0 * JANUARY *|rej
        0 0 * * mon|25-01-06 00:00
        * * * * * *|25-01-01 00:00
        0 0 0 1 1 * 2030|30-01-01 00:00
        0 0 0 1 1 * 2030/2|30-01-01 00:00
        0 0 0 * * * 2030|30-01-01 00:00
        0 0 0 1 1 * 2150|50-01-01 00:00
        0 0 0 1 1 * 1969|rej
        @daily|25-01-02 00:00
        @DAILY|rej
        @midnight|25-01-02 00:00
        @annually|26-01-01 00:00
        @reboot|rej
        @every 5m|25-01-01 00:05
        @every 1d|25-01-02 00:00
        CRON_TZ=UTC 0 0 * * *|25-01-02 00:00
        TZ=UTC 0 0 * * *|25-01-02 00:00
        H H * * *|rej
        0~30 * * * *|rej
          0   0 * * *  |25-01-02 00:00
        0\t0\t*\t*\t*|25-01-02 00:00
        """

    @Test func `every measured line is accepted or refused, and fires first, as decided`() throws {
        let start = try instant("2025-01-01T00:00:00Z")
        for row in Self.rows.split(separator: "\n") {
            let parts = row.split(separator: "|").map(String.init)
            let outcome: String
            do throws(ScheduleError) {
                let next = try Schedule(parts[0]).next(after: start)
                outcome = next.map { Self.short($0) } ?? "never"
            } catch {
                outcome = "rej"
            }
            #expect(outcome == parts[1], "\(parts[0])")
        }
    }

    static func short(_ instant: Instant) -> String {
        let text = instant.description
        return "\(text.dropFirst(2).prefix(8)) \(text.dropFirst(11).prefix(5))"
    }

    /// The days of month or week that an item selects, by firing through a long month.
    static let meanings: [(text: String, days: String)] = [
        ("0 0 28-3 3 *", "1 2 3 28 29 30 31"),
        ("0 0 28-3/2 3 *", "1 3 28 30"),
        ("0 0 31W 3 *", "31"),
        ("0 0 L-30,L-29 3 *", "1 2"),
        ("0 0 1W,15W,30W 3 *", "3 14 31"),
        ("0 0 * 3 7-2", "2 3 4 9 10 11 16 17 18 23 24 25 30 31"),
        ("0 0 * 3 0-7/2", "1 2 4 6 8 9 11 13 15 16 18 20 22 23 25 27 29 30"),
        ("0 0 * 3 6-2/3", "1 4 8 11 15 18 22 25 29"),
        ("0 0 * 3 1/2", "3 5 7 10 12 14 17 19 21 24 26 28 31"),
        ("0 0 * 3 7-7", "2 9 16 23 30"),
        ("0 0 * 3 7/3", "1 2 5 8 9 12 15 16 19 22 23 26 29 30"),
        ("0 0 * 3 sun#5,MON#l,tue#2", "11 30 31"),
        ("0 0 1-7 3 +MON,2L", "3"),
        ("0 0 */7 3 6", "1 8 15 22 29"),
    ]

    @Test func `items mean what the dialect says`() throws {
        for (text, days) in Self.meanings {
            let fires = try Schedule(text).fires(
                after: instant("2025-02-28T00:00:00Z"),
                through: instant("2025-03-31T00:00:00Z")
            )
            let selected = fires.map {
                "\(CivilDate(daysSinceEpoch: $0.unixSeconds / 86_400).day)"
            }
            #expect(selected.joined(separator: " ") == days, "\(text)")
        }
    }

    @Test func `hours wrap around midnight without restarting the step`() throws {
        let fires = try Schedule("0 22-4/2 * * *").fires(
            after: instant("2025-01-01T12:00:00Z"),
            through: instant("2025-01-02T12:00:00Z")
        )
        #expect(fires.map { $0.unixSeconds / 3_600 % 24 } == [22, 0, 2, 4])
    }

    @Test func `H is the documented hash`() throws {
        // h("job-1", "minute") = 1c63de9e3d31a3d8.
        let start = try instant("2025-01-01T00:00:00Z")
        let minute = try Schedule("H * * * *", seed: "job-1").next(after: start)
        #expect(minute == Instant(unixSeconds: start.unixSeconds + 36 * 60))
        let hash: UInt64 = 0x1c63_de9e_3d31_a3d8
        let inside = try Schedule("H(10-19) * * * *", seed: "job-1").next(after: start)
        #expect(inside == Instant(unixSeconds: start.unixSeconds + Int64(10 + hash % 10) * 60))
        let stepped = try Schedule("H/15 0 * * *", seed: "job-1").fires(
            after: Instant(unixSeconds: start.unixSeconds - 1),
            through: Instant(unixSeconds: start.unixSeconds + 3_599)
        )
        let first = Int64(hash % 15)
        #expect(
            stepped.map { ($0.unixSeconds - start.unixSeconds) / 60 }
                == [first, first + 15, first + 30, first + 45]
        )
    }

    @Test func `H keeps to days that every month has`() throws {
        for number in 0..<200 {
            let schedule = try Schedule("0 0 H * *", seed: "job-\(number)")
            #expect(!schedule.warnings.contains(.skipsMonths))
            let fires = try schedule.fires(
                after: instant("2025-01-01T00:00:00Z").advanced(by: .seconds(-1)),
                through: instant("2025-12-31T00:00:00Z")
            )
            #expect(fires.count == 12)
        }
    }

    @Test func `a prefix names the zone`() throws {
        let schedule = try Schedule("CRON_TZ=Asia/Tokyo 0 9 * * *", zone: "America/New_York")
        #expect(schedule.zoneName == "Asia/Tokyo")
        let next = try schedule.next(after: instant("2025-01-01T00:00:00Z"))
        #expect(try next == instant("2025-01-02T00:00:00Z"))
    }

    @Test func `what may surprise is warned of`() throws {
        func warnings(_ text: String) throws -> [ScheduleWarning] { try Schedule(text).warnings }
        #expect(try warnings("*/90 * * * *") == [.stepExceedsField(.minute)])
        #expect(try warnings("0 8-23/24 * * *") == [.stepExceedsField(.hour)])
        #expect(try warnings("0 0 */2 * MON") == [.starStepDay])
        #expect(try warnings("0 0 */2 * +MON") == [])
        #expect(try warnings("0 0 1 * MON") == [])
        #expect(try warnings("0 0 30 2 *") == [.neverFires])
        #expect(try warnings("0 0 31 4,6 *") == [.neverFires])
        #expect(try warnings("0 0 0 29 2 * 2023") == [.neverFires])
        #expect(try warnings("0 0 L-30 2 *") == [.neverFires])
        #expect(try warnings("0 0 31 * *") == [.skipsMonths])
        #expect(try warnings("0 0 29 2 *") == [.skipsMonths])
        #expect(try warnings("0 0 31 1,3 *") == [])
        #expect(try warnings("0 0 31 * MON") == [])
        #expect(try warnings("0 0 31,L * *") == [])
        #expect(try warnings("*/5 * * * *") == [])
    }

    @Test func `what never fires has neither next nor previous`() throws {
        let schedule = try Schedule("0 0 30 2 *")
        #expect(schedule.neverFires)
        #expect(schedule.next(after: .epoch) == nil)
        #expect(try schedule.previous(before: instant("2100-01-01T00:00:00Z")) == nil)
    }

    @Test func `the leap day of 2104 follows that of 2096`() throws {
        let schedule = try Schedule("0 0 29 2 *")
        let last = try instant("2096-02-29T00:00:00Z")
        #expect(try schedule.next(after: last) == instant("2104-02-29T00:00:00Z"))
        #expect(try schedule.previous(before: instant("2104-02-29T00:00:00Z")) == last)
    }

    @Test func `fires end with 2199 on the wall and begin with the epoch`() throws {
        let schedule = try Schedule("0 * * * *", zone: "America/New_York")
        let far = Instant(unixMilliseconds: .max)
        let last = try #require(schedule.previous(before: far))
        #expect(last.description == "2200-01-01T04:00:00Z")
        #expect(schedule.next(after: last) == nil)
        #expect(schedule.next(after: far) == nil)
        let first = schedule.next(after: Instant(unixMilliseconds: .min))
        #expect(first == .epoch)
        #expect(schedule.previous(before: .epoch) == nil)
        #expect(schedule.previous(before: Instant(unixMilliseconds: 1)) == .epoch)
        #expect(schedule.previous(before: Instant(unixMilliseconds: .min)) == nil)
    }

    @Test func `parts of a second do not matter`() throws {
        let schedule = try Schedule("* * * * * *")
        let start = Instant(unixMilliseconds: 1_700_000_000_500)
        #expect(schedule.next(after: start) == Instant(unixMilliseconds: 1_700_000_001_000))
        #expect(schedule.previous(before: start) == Instant(unixMilliseconds: 1_700_000_000_000))
    }
}
