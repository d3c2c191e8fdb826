// A calendar's document as days, and days as people look at them.

internal import CronEval
internal import Vocabulary

/// Reads the `spec` that masters answer.
enum CalendarText {
    private static let weekdays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// The calendar that `spec` describes.
    ///
    /// - Throws: If a newer master says something that this program does not know.
    static func calendar(_ spec: Value) throws(Failure) -> DayCalendar {
        var calendar = DayCalendar()
        for day in texts(spec["weekdays"]) {
            guard let place = weekdays.firstIndex(of: day) else { throw unknown(day) }
            calendar.weekdays |= 1 << UInt8(place)
        }
        calendar.included = try days(spec["include"])
        calendar.excluded = try days(spec["exclude"])
        return calendar
    }

    private static func days(_ value: Value?) throws(Failure) -> [CalendarDays] {
        var days: [CalendarDays] = []
        for text in texts(value) {
            guard let entry = try? CalendarDays(parsing: text) else { throw unknown(text) }
            days.append(entry)
        }
        return days
    }

    static func texts(_ value: Value?) -> [String] {
        (value?.array ?? []).compactMap(\.string)
    }

    private static func unknown(_ text: String) -> Failure {
        Failure(
            .failed,
            "The calendar has \"\(text.plain)\", which this program does not know",
            why: "The master is of a newer release."
        )
    }
}

/// Twelve months, three in a row; days that are out are dots.
struct YearPage {
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let monthWidth = 20

    let year: Int
    let days: DaySet
    let paint: Paint

    /// All dates of the year that are in.
    var dates: [CivilDate] {
        guard let first = CivilDate(year: year, month: 1, day: 1) else { return [] }
        let length = CivilDate.isLeap(year) ? 366 : 365
        return (0..<Int64(length)).map { CivilDate(daysSinceEpoch: first.daysSinceEpoch + $0) }
            .filter { days.contains($0) }
    }

    var text: String {
        var text = ""
        for row in stride(from: 1, through: 12, by: 3) {
            let blocks = (row..<row + 3).map { lines(ofMonth: $0) }
            for line in 0..<(blocks.map(\.count).max() ?? 0) {
                let parts = blocks.map { block in
                    let cell = line < block.count ? block[line] : ("", 0)
                    let gap = String(repeating: " ", count: Self.monthWidth - cell.1)
                    return cell.0 + gap
                }
                text += parts.joined(separator: "   ").trimmedAtEnd + "\n"
            }
            if row < 10 { text += "\n" }
        }
        return text
    }

    /// Each line with the columns it takes.
    private func lines(ofMonth month: Int) -> [(String, Int)] {
        let title = Self.months[month - 1]
        let heading = "Mo Tu We Th Fr Sa Su"
        var lines = [
            (paint.apply(.bold, title), title.count), (paint.apply(.dim, heading), heading.count),
        ]
        guard let first = CivilDate(year: year, month: month, day: 1) else { return lines }
        var place = (first.weekday + 6) % 7
        var line = String(repeating: "   ", count: place)
        for day in 1...31 {
            guard let date = CivilDate(year: year, month: month, day: day) else { break }
            line += days.contains(date) ? (day < 10 ? " " : "") + "\(day)" : paint.apply(.dim, " ·")
            place += 1
            if place == 7 {
                lines.append((line, Self.monthWidth))
                (line, place) = ("", 0)
            } else {
                line += " "
            }
        }
        if place > 0 { lines.append((line, place * 3)) }
        return lines
    }
}

extension String {
    fileprivate var trimmedAtEnd: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
