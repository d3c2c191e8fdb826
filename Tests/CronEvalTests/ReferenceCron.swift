// A slow evaluator that is right by looking at it, to compare the fast one with.

import Vocabulary

/// One random field, as text and as what it means.
struct ReferenceField {
    var text: String
    /// Which values are selected, indexed by value.
    var selects = [Bool](repeating: false, count: 64)
    /// Further days, by a question about the date.
    var predicates: [(CivilDate) -> Bool] = []
    var isStarred: Bool { text.hasPrefix("*") || text == "?" }
}

/// A random expression that can be asked about every wall time.
struct ReferenceCron {
    var second: ReferenceField?
    var minute: ReferenceField
    var hour: ReferenceField
    var dayOfMonth: ReferenceField
    var month: ReferenceField
    var dayOfWeek: ReferenceField
    var needsBoth: Bool

    var text: String {
        let fields = [minute, hour, dayOfMonth, month, dayOfWeek].map(\.text)
        return ((second.map { [$0.text] } ?? []) + fields).joined(separator: " ")
    }

    var isInterval: Bool {
        minute.isStarred || hour.isStarred || second?.isStarred == true
    }

    var seconds: [Int] {
        guard let second else { return [0] }
        return (0..<60).filter { second.selects[$0] }
    }

    func selects(_ date: CivilDate) -> Bool {
        guard month.selects[date.month] else { return false }
        let byDate = dayOfMonth.selects[date.day] || dayOfMonth.predicates.contains { $0(date) }
        let byWeekday =
            dayOfWeek.selects[date.weekday] || dayOfWeek.predicates.contains { $0(date) }
        return needsBoth ? byDate && byWeekday : byDate || byWeekday
    }

    init(using dice: inout SeededGenerator) {
        second =
            Int.random(in: 0..<4, using: &dice) == 0
            ? Self.field(0...59, using: &dice) : nil
        minute = Self.field(0...59, using: &dice)
        hour = Self.field(0...23, using: &dice)
        month = Self.field(1...12, stars: 4, using: &dice)
        dayOfMonth = Self.field(1...31, stars: 3, using: &dice) { Self.specialDate(using: &$0) }
        dayOfWeek = Self.field(0...6, stars: 3, using: &dice) { Self.specialWeekday(using: &$0) }
        needsBoth = dayOfMonth.isStarred || dayOfWeek.isStarred
        if !needsBoth, Int.random(in: 0..<4, using: &dice) == 0 {
            dayOfWeek.text = "+" + dayOfWeek.text
            needsBoth = true
        }
    }

    typealias Special = (text: String, predicate: (CivilDate) -> Bool)

    /// A field of one to three items; in `stars` of six cases a bare star.
    private static func field(
        _ bounds: ClosedRange<Int>,
        stars: Int = 1,
        using dice: inout SeededGenerator,
        special: ((inout SeededGenerator) -> Special)? = nil
    ) -> ReferenceField {
        var field = ReferenceField(text: "")
        if Int.random(in: 0..<6, using: &dice) < stars {
            field.text = "*"
            for value in bounds { field.selects[value] = true }
            return field
        }
        var items: [String] = []
        for _ in 0..<Int.random(in: 1...3, using: &dice) {
            if let special, Int.random(in: 0..<3, using: &dice) == 0 {
                let (text, predicate) = special(&dice)
                items.append(text)
                field.predicates.append(predicate)
            } else {
                items.append(item(bounds, into: &field, using: &dice))
            }
        }
        field.text = items.joined(separator: ",")
        return field
    }

    private static func item(
        _ bounds: ClosedRange<Int>,
        into field: inout ReferenceField,
        using dice: inout SeededGenerator
    ) -> String {
        let low = Int.random(in: bounds, using: &dice)
        let high = Int.random(in: bounds, using: &dice)
        let step = Int.random(in: 1...bounds.count, using: &dice)
        switch Int.random(in: 0..<6, using: &dice) {
        case 0:
            walk(from: bounds.lowerBound, to: bounds.upperBound, step, bounds, into: &field)
            return "*/\(step)"
        case 1:
            walk(from: low, to: bounds.upperBound, step, bounds, into: &field)
            return "\(low)/\(step)"
        case 2:
            walk(from: low, to: high, 1, bounds, into: &field)
            return "\(low)-\(high)"
        case 3:
            walk(from: low, to: high, step, bounds, into: &field)
            return "\(low)-\(high)/\(step)"
        case _:
            walk(from: low, to: low, 1, bounds, into: &field)
            return "\(low)"
        }
    }

    /// Goes from value to value, one at a time, around the end if need be.
    private static func walk(
        from low: Int,
        to high: Int,
        _ step: Int,
        _ bounds: ClosedRange<Int>,
        into field: inout ReferenceField
    ) {
        var value = low
        var count = 0
        while true {
            if count % step == 0 { field.selects[value] = true }
            if value == high { return }
            value = value == bounds.upperBound ? bounds.lowerBound : value + 1
            count += 1
        }
    }

    private static func specialDate(using dice: inout SeededGenerator) -> Special {
        func length(_ date: CivilDate) -> Int {
            CivilDate.length(ofMonth: date.month, year: date.year)
        }
        let day = Int.random(in: 1...31, using: &dice)
        let back = Int.random(in: 1...30, using: &dice)
        switch Int.random(in: 0..<5, using: &dice) {
        case 0: return ("L", { $0.day == length($0) })
        case 1: return ("L-\(back)", { $0.day == length($0) - back })
        case 2: return ("LW", { isNearest($0, to: length($0)) })
        case 3: return ("L-\(back)W", { isNearest($0, to: length($0) - back) })
        case _: return ("\(day)W", { isNearest($0, to: day) })
        }
    }

    /// Whether no other weekday of the month is as near to `day`.
    private static func isNearest(_ date: CivilDate, to day: Int) -> Bool {
        let length = CivilDate.length(ofMonth: date.month, year: date.year)
        guard day >= 1, day <= length else { return false }
        let weekdays = (1...length).filter { other in
            CivilDate(year: date.year, month: date.month, day: other)
                .map { (1...5).contains($0.weekday) } ?? false
        }
        return weekdays.min { abs($0 - day) < abs($1 - day) } == date.day
    }

    private static func specialWeekday(using dice: inout SeededGenerator) -> Special {
        let day = Int.random(in: 0...6, using: &dice)
        let count = Int.random(in: 1...5, using: &dice)
        if Int.random(in: 0..<2, using: &dice) == 0 {
            return ("\(day)#\(count)", { $0.weekday == day && ($0.day - 1) / 7 + 1 == count })
        }
        return (
            "\(day)L",
            {
                let length = CivilDate.length(ofMonth: $0.month, year: $0.year)
                return $0.weekday == day && $0.day + 7 > length
            }
        )
    }
}

/// The minutes around one clock change, and what the wall shows in each.
struct ReferenceWindow {
    /// UTC minutes since 1970, in order, with the wall's minutes since 1970.
    let minutes: [(utc: Int, wall: Int)]
    /// When the wall shows a minute; empty for one that is skipped.
    private let passes: [Int: [Int]]

    init(utcMinutes: ClosedRange<Int>, offsetInMinutes: (Int) -> Int) {
        minutes = utcMinutes.map { ($0, $0 + offsetInMinutes($0)) }
        passes = Dictionary(grouping: minutes) { $0.wall }.mapValues { $0.map(\.utc) }
    }

    /// All fires of `cron` in UTC seconds, by the words of the dialect.
    func fires(of cron: ReferenceCron) -> Set<Int> {
        var dates: [Int: Bool] = [:]
        func selects(_ wall: Int) -> Bool {
            let (day, minute) = (wall / 1_440, wall % 1_440)
            guard cron.minute.selects[minute % 60], cron.hour.selects[minute / 60] else {
                return false
            }
            if let known = dates[day] { return known }
            let answer = cron.selects(CivilDate(daysSinceEpoch: Int64(day)))
            dates[day] = answer
            return answer
        }
        let walls = minutes.map(\.wall)
        var fires: Set<Int> = []
        for wall in (walls.min() ?? 0)...(walls.max() ?? 0) where selects(wall) {
            for second in cron.seconds {
                fires.formUnion(
                    instants(of: wall, isInterval: cron.isInterval).map {
                        $0 * 60 + second
                    }
                )
            }
        }
        return fires
    }

    private func instants(of wall: Int, isInterval: Bool) -> [Int] {
        if let passes = passes[wall] {
            if isInterval { return passes }
            // More than three hours apart: a correction of the calendar, not of the clock.
            return passes.enumerated().filter { place, pass in
                place == 0 || pass - passes[place - 1] > 180
            }.map(\.element)
        }
        if isInterval { return [] }
        var (start, end) = (wall, wall)
        while passes[start - 1] == nil { start -= 1 }
        while passes[end] == nil { end += 1 }
        return end - start > 180 ? [] : [passes[end]?.first].compactMap(\.self)
    }
}
