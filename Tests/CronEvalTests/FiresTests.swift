// The fires of a range as a collection, and how many there are.

import CronEval
import Testing
import Vocabulary

@Suite struct `Fires` {
    private let ever = Instant(unixMilliseconds: .min)..<Instant(unixMilliseconds: .max)

    private func years(_ first: Int, _ last: Int) throws -> Range<Instant> {
        try instant("\(first)-01-01T00:00:00Z")..<instant("\(last + 1)-01-01T00:00:00Z")
    }

    @Test func `a range's fires are a collection from both ends`() throws {
        let start = try instant("2026-03-01T00:00:00Z")
        let day = start..<start.advanced(by: .seconds(86_400))
        let fires = try Schedule("0 */6 * * *").fires(in: day)
        let hours = { (fire: Instant) in fire.unixSeconds / 3_600 % 24 }
        #expect(fires.map(hours) == [0, 6, 12, 18])
        #expect(fires.reversed().map(hours) == [18, 12, 6, 0])
        #expect(fires.count == 4)
        #expect(fires.first.map(hours) == 0)
        #expect(fires.last.map(hours) == 18)
        #expect(fires.prefix(2).map(hours) == [0, 6])
        #expect(fires.suffix(3).map(hours) == [6, 12, 18])
        #expect(fires.dropFirst(3).map(hours) == [18])
        #expect(fires.dropLast(3).map(hours) == [0])
        let second = fires.index(fires.startIndex, offsetBy: 1)
        #expect(hours(fires[second]) == 6)
        #expect(fires.distance(from: second, to: fires.endIndex) == 3)
        #expect(fires.index(fires.endIndex, offsetBy: -3) == second)
        #expect(fires.index(second, offsetBy: 9, limitedBy: fires.endIndex) == nil)
    }

    @Test func `a range begins with its first millisecond and ends before its last`() throws {
        let schedule = try Schedule("0 3 * * *")
        let fire = try instant("2026-03-01T03:00:00Z")
        let (before, after) = (
            fire.advanced(by: .milliseconds(-1)), fire.advanced(by: .milliseconds(1))
        )
        for (range, count) in [
            (before..<fire, 0), (before..<after, 1), (fire..<fire, 0), (fire..<after, 1),
            (after..<after, 0), (after..<after.advanced(by: .seconds(86_399)), 0),
            (after..<after.advanced(by: .seconds(86_400)), 1),
        ] {
            #expect(schedule.count(in: range) == count, "\(range)")
            #expect(schedule.fires(in: range).isEmpty == (count == 0), "\(range)")
            #expect(Array(schedule.fires(in: range)).count == count, "\(range)")
            #expect((schedule.fires(in: range).last == nil) == (count == 0), "\(range)")
        }
        #expect(schedule.fires(after: before).first == fire)
        #expect(schedule.fires(after: fire).first == fire.advanced(by: .seconds(86_400)))
    }

    @Test func `without end only what is asked for is found`() throws {
        let schedule = try Schedule("@every 100ms")
        let fires = schedule.fires(after: .epoch)
        #expect(fires.prefix(3).map(\.unixMilliseconds) == [100, 200, 300])
        #expect(fires.count == 84_006 * 864_000 - 1)
        #expect(fires.last == Instant(unixMilliseconds: 84_006 * 86_400_000 - 100))
    }

    @Test func `nothing lies outside of 1970 to 2199`() throws {
        for (text, count) in [
            ("0 0 29 2 *", 56), ("@yearly", 230), ("@at 2030-01-01T00:00Z", 1),
            ("@every 366d", 230),
            ("0 0 30 2 *", 0),
        ] {
            let schedule = try Schedule(text)
            #expect(schedule.count(in: ever) == count, "\(text)")
            #expect(Array(schedule.fires(in: ever)).count == count, "\(text)")
            let far = try instant("2200-01-02T00:00:00Z")..<ever.upperBound
            #expect(schedule.fires(in: far).isEmpty, "\(text)")
            #expect(schedule.count(in: far) == 0, "\(text)")
            let early = ever.lowerBound..<Instant.epoch
            #expect(schedule.fires(in: early).isEmpty, "\(text)")
            #expect(schedule.count(in: early) == 0, "\(text)")
        }
    }

    @Test func `a century is counted without a list`() throws {
        for zone in ["UTC", "America/New_York", "Australia/Lord_Howe"] {
            let schedule = try Schedule("30 2 * * *", zone: zone)
            // One for every day, be its half past two skipped or repeated.
            #expect(try schedule.count(in: years(2000, 2099)) == 36_525, "\(zone)")
        }
        // The minutes of real time, though not all are on the wall.
        let minutes = try Schedule("* * * * *", zone: "America/New_York")
        #expect(try minutes.count(in: years(2024, 2024)) == 366 * 1_440)
        #expect(try minutes.count(in: years(2000, 2099)) == 36_525 * 1_440)
        // Every second minute, in the hours that clock changes do not touch.
        let some = try Schedule("0 */2 9-17 * 3-10 MON-FRI", zone: "America/New_York")
        let listed = try some.fires(in: years(2024, 2024)).reduce(0) { count, _ in count + 1 }
        #expect(try some.count(in: years(2024, 2024)) == listed)
        #expect(listed == 175 * 9 * 30)
    }
}
