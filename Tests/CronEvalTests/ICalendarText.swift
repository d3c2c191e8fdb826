// What the tests of iCalendar files share: files from a few lines, and days as text.

import CronEval
import Testing
import Vocabulary

/// A file with one calendar, or what `calendar` reads of it.
enum ICalendarText {
    static func bytes(_ lines: String, end: String = "\r\n") -> [UInt8] {
        let all = "BEGIN:VCALENDAR\nVERSION:2.0\n\(lines)\nEND:VCALENDAR\n"
        return Array(all.replacing("\n", with: end).utf8)
    }

    /// One event; `lines` are what it has besides its frame, which starts on line 3.
    static func event(_ lines: String) -> [UInt8] {
        bytes("BEGIN:VEVENT\n\(lines)\nEND:VEVENT")
    }

    static func calendar(_ lines: String) throws(ICalendarError) -> ICalendar {
        try ICalendar(parsing: bytes(lines))
    }

    /// The days of the only event, as ``text(_:)``.
    static func days(_ lines: String) throws -> String {
        let calendar = try ICalendar(parsing: event(lines))
        let event = try #require(calendar.events.first, "\(calendar.notes)")
        #expect(calendar.events.count == 1)
        return text(event.days)
    }

    static func all(_ ranges: [ClosedRange<CivilDate>]) -> [CivilDate] {
        ranges.flatMap { range in
            (range.lowerBound.daysSinceEpoch...range.upperBound.daysSinceEpoch)
                .map { CivilDate(daysSinceEpoch: $0) }
        }
    }

    /// `1997-09 2 9 16-18; 1997-10 1`: what follows each other becomes a range.
    static func text(_ ranges: [ClosedRange<CivilDate>]) -> String {
        var months: [String] = []
        var days: [Int] = []
        var last: CivilDate?
        func close() {
            guard let month = last else { return }
            var runs: [ClosedRange<Int>] = []
            for day in days {
                if let run = runs.last, run.upperBound == day - 1 {
                    runs[runs.count - 1] = run.lowerBound...day
                } else {
                    runs.append(day...day)
                }
            }
            let words = runs.map {
                $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
            }
            months.append("\("\(month)".prefix(7)) \(words.joined(separator: " "))")
            days = []
        }
        for date in all(ranges) {
            if let last, (last.year, last.month) != (date.year, date.month) { close() }
            days.append(date.day)
            last = date
        }
        close()
        return months.joined(separator: "; ")
    }

    /// The summaries with the days of each, one line each.
    static func lines(_ calendar: ICalendar) -> String {
        calendar.events.map { "\($0.summary): \(text($0.days))" }.joined(separator: "\n")
    }

    static func notes(_ calendar: ICalendar) -> [String] {
        calendar.notes.map { "\($0.line) \($0.kind)" }
    }
}
