// What calendars' entries name, and sets of days against sets of numbers.

@testable import CronEval
import TestSupport
import Testing
import Vocabulary

@Suite struct `Calendar days` {
    private func date(_ text: String) throws -> CivilDate {
        let time = try instant("\(text)T00:00:00Z")
        return CivilDate(daysSinceEpoch: time.unixSeconds / 86_400)
    }

    /// An entry, days that it names, and days next to them that it does not.
    static let entries: [(text: String, named: [String], others: [String])] = [
        ("2026-02-17", ["2026-02-17"], ["2026-02-16", "2026-02-18", "2025-02-17", "2027-02-17"]),
        (
            "2026-12-30..2027-01-02", ["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"],
            ["2026-12-29", "2027-01-03", "2027-12-31"]
        ),
        (
            "1970-01-01..2199-12-31", ["1970-01-01", "2024-02-29", "2199-12-31"], []
        ),
        (
            "12-25", ["1970-12-25", "2026-12-25", "2199-12-25"],
            ["2026-12-24", "2026-12-26", "2026-11-25"]
        ),
        (
            "12-24..01-02",
            [
                "1970-01-01", "1970-01-02", "1970-12-24", "2026-12-31", "2027-01-02", "2199-12-24",
                "2199-12-31",
            ],
            ["1970-01-03", "1970-12-23", "2026-12-23", "2027-01-03"]
        ),
        ("02-29", ["2024-02-29", "2000-02-29"], ["2023-02-28", "2023-03-01", "2100-02-28"]),
        (
            "02-28..02-29", ["2023-02-28", "2024-02-28", "2024-02-29"],
            ["2023-03-01", "2024-03-01", "2024-02-27"]
        ),
        (
            "02-29..03-01", ["2024-02-29", "2024-03-01", "2023-03-01"],
            ["2023-02-28", "2024-02-28", "2024-03-02"]
        ),
        (
            "12-31..02-29", ["2023-12-31", "2024-01-01", "2024-02-29", "2023-02-28"],
            ["2023-03-01", "2024-03-01", "2023-12-30"]
        ),
        (
            "03-01..02-28", ["2023-03-01", "2024-02-28", "2023-02-28", "2023-12-31"],
            ["2024-02-29"]
        ),
    ]

    @Test func `entries name the days they say`() throws {
        for (text, named, others) in Self.entries {
            let days = try CalendarDays(parsing: text)
            #expect(days.description == text)
            let set = DayCalendar(included: [days]).days
            for day in named { #expect(try set.contains(date(day)), "\(text) \(day)") }
            for day in others { #expect(try !set.contains(date(day)), "\(text) \(day)") }
            // The same days are missing where the entry takes away.
            let rest = DayCalendar(weekdays: 0b111_1111, excluded: [days]).days
            for day in named { #expect(try !rest.contains(date(day)), "\(text) \(day)") }
            for day in others { #expect(try rest.contains(date(day)), "\(text) \(day)") }
        }
    }

    @Test func `what is in goes before what is out, and both before weekdays`() throws {
        let calendar = try DayCalendar(
            weekdays: DayCalendar.workweek,
            included: [CalendarDays(parsing: "2026-02-14")],
            excluded: [CalendarDays(parsing: "2026-02-12..2026-02-17")]
        )
        let days = try (10...19).filter { try calendar.days.contains(date("2026-02-\($0)")) }
        #expect(days == [10, 11, 14, 18, 19])
    }

    /// 1969-01-01 to 2199-12-31.
    static let all = -365...Int64(84_005)

    @Test(.tags(.randomized)) func `a set of days is a set of numbers`() {
        var dice = SeededGenerator(seed: 12)
        for round in 0..<40 {
            // Now and then at the ends of what it holds.
            let base: Int64 = [-400, 83_800, Int64.random(in: 0..<83_000, using: &dice)][round % 3]
            let window = base..<base + 260
            let weekdays = UInt8.random(in: 0...127, using: &dice)
            var set = round % 4 == 0 ? DaySet(weekdays: weekdays) : DaySet()
            var numbers = Set(
                window.filter { day in
                    round % 4 == 0 && Self.all.contains(day)
                        && weekdays >> UInt8(CivilDate(daysSinceEpoch: day).weekday) & 1 == 1
                }
            )
            for _ in 0..<Int.random(in: 0...12, using: &dice) {
                let low = Int64.random(in: window, using: &dice)
                let days = low...min(low + .random(in: 0...50, using: &dice), base + 259)
                let real = Set(days).intersection(Self.all)
                if Bool.random(using: &dice) {
                    set.insert(
                        CivilDate(daysSinceEpoch: low)...CivilDate(daysSinceEpoch: days.upperBound)
                    )
                    numbers.formUnion(real)
                } else {
                    set.remove(days)
                    numbers.subtract(real)
                }
            }
            compare(set, numbers, in: window)
        }
    }

    /// At a fifth of the days, for each is looked up in a list.
    private func compare(_ set: DaySet, _ numbers: Set<Int64>, in window: Range<Int64>) {
        let sorted = numbers.sorted()
        // Told together: single expectations would take most of the time.
        var wrong: [String] = []
        for day in stride(from: window.lowerBound, to: window.upperBound, by: 5) {
            let next = set.first(atOrAfter: day)
            let last = set.last(atOrBefore: day)
            // Beyond the window there are days that the numbers do not know.
            let nextInside = next.flatMap { window.contains($0) ? $0 : nil }
            let lastInside = last.flatMap { window.contains($0) ? $0 : nil }
            if nextInside != sorted.first(where: { $0 >= day }) { wrong.append("first \(day)") }
            if lastInside != sorted.last(where: { $0 <= day }) { wrong.append("last \(day)") }
            let date = CivilDate(daysSinceEpoch: day)
            if set.first(onOrAfter: date)?.daysSinceEpoch != next { wrong.append("after \(date)") }
            if set.last(onOrBefore: date)?.daysSinceEpoch != last { wrong.append("before \(date)") }
            let missing = (max(day, Self.all.lowerBound)..<window.upperBound).first {
                !numbers.contains($0)
            }
            if let missing {
                let expected = Self.all.contains(missing) ? missing : nil
                if set.firstMissing(atOrAfter: day) != expected { wrong.append("missing \(day)") }
            }
            let part = day..<min(day + 70, window.upperBound)
            let count = sorted.count { part.contains($0) }
            if set.count(in: part) != count { wrong.append("count \(part)") }
        }
        wrong += window.filter { set.contains($0) != numbers.contains($0) }.map { "is \($0)" }
        #expect(wrong.isEmpty)
    }

    @Test func `sets of days are joined and subtracted`() throws {
        let spring = try DayCalendar(included: [CalendarDays(parsing: "2026-03-01..2026-05-31")])
            .days
        let may = try DayCalendar(included: [CalendarDays(parsing: "2026-05-01..2026-06-15")]).days
        var both = spring
        both.formUnion(may)
        #expect(both.count(in: 0..<84_006) == 92 + 15)
        #expect(try both.contains(date("2026-03-01")) && both.contains(date("2026-06-15")))
        var rest = spring
        rest.subtract(may)
        #expect(rest.count(in: 0..<84_006) == 61)
        #expect(try !rest.contains(date("2026-05-01")) && rest.contains(date("2026-04-30")))
        rest.subtract(spring)
        #expect(rest.isEmpty && rest == DaySet())
        #expect(DaySet.all.count(in: -1_000..<90_000) == 84_371)
        #expect(DaySet(weekdays: 0b111_1111) == .all)
    }
}
