// Random cron expressions that can be asked about every wall time.

package import Vocabulary

/// One random field, as text and as what it means.
package struct ReferenceField {
    var text: String
    /// Which values are selected, indexed by value.
    var selects = [Bool](repeating: false, count: 64)
    /// Further days, by a question about the date.
    var predicates: [(CivilDate) -> Bool] = []
    var isStarred: Bool { text.hasPrefix("*") || text == "?" }

    func selects(_ date: CivilDate, value: Int) -> Bool {
        selects[value] || predicates.contains { $0(date) }
    }
}

/// A random expression, as text and as what it means.
package struct ReferenceCron {
    package var second: ReferenceField?
    var minute: ReferenceField
    var hour: ReferenceField
    var dayOfMonth: ReferenceField
    var month: ReferenceField
    var dayOfWeek: ReferenceField
    var needsBoth: Bool
    /// The year field's text and what it selects.
    var years: (text: String, values: Set<Int>)?
    /// What is written instead of the fields.
    var macro: String?

    package var text: String {
        if let macro { return macro }
        let fields = [minute, hour, dayOfMonth, month, dayOfWeek].map(\.text)
        let all = (second.map { [$0.text] } ?? []) + fields + (years.map { [$0.text] } ?? [])
        return all.joined(separator: " ")
    }

    var isInterval: Bool {
        minute.isStarred || hour.isStarred || second?.isStarred == true
    }

    var seconds: [Int] {
        guard let second else { return [0] }
        return (0..<60).filter { second.selects[$0] }
    }

    /// The selected minutes of a day.
    var minutesOfDay: [Int] {
        (0..<1_440).filter { hour.selects[$0 / 60] && minute.selects[$0 % 60] }
    }

    /// The selected seconds of a day.
    var secondsOfDay: [Int] {
        minutesOfDay.flatMap { minute in seconds.map { minute * 60 + $0 } }
    }

    func selects(_ date: CivilDate) -> Bool {
        if let years, !years.values.contains(date.year) { return false }
        guard month.selects[date.month] else { return false }
        let byDate = dayOfMonth.selects(date, value: date.day)
        let byWeekday = dayOfWeek.selects(date, value: date.weekday)
        return needsBoth ? byDate && byWeekday : byDate || byWeekday
    }
}

extension ReferenceCron {
    /// Any five or six fields that need no seed.
    package init(using dice: inout SeededGenerator) {
        let maker = FieldMaker(seed: nil)
        second =
            Int.random(in: 0..<4, using: &dice) == 0
            ? maker.field(.second, using: &dice) : nil
        minute = maker.field(.minute, using: &dice)
        hour = maker.field(.hour, using: &dice)
        month = maker.field(.month, stars: 4, using: &dice)
        dayOfMonth = maker.field(.dayOfMonth, stars: 3, using: &dice)
        dayOfWeek = maker.field(.dayOfWeek, stars: 3, using: &dice)
        needsBoth = false
        joinDays(using: &dice)
    }

    /// Anything the dialect has: also `H`, names, macros, and years around `year`.
    init(seed: String, around year: Int, using dice: inout SeededGenerator) {
        self.init(using: &dice)
        switch Int.random(in: 0..<16, using: &dice) {
        case 0: self = Self.macro(using: &dice)
        case 1...4:
            let maker = FieldMaker(seed: seed)
            if second != nil { second = maker.field(.second, using: &dice) }
            minute = maker.field(.minute, using: &dice)
            hour = maker.field(.hour, using: &dice)
            month = maker.field(.month, stars: 4, using: &dice)
            dayOfMonth = maker.field(.dayOfMonth, stars: 3, using: &dice)
            dayOfWeek = maker.field(.dayOfWeek, stars: 3, using: &dice)
            joinDays(using: &dice)
        case 5...6 where second != nil: years = Self.years(around: year, using: &dice)
        case _: break
        }
    }

    /// Few times a day, on any days.
    init(fewTimesOn seed: String, around year: Int, using dice: inout SeededGenerator) {
        self.init(seed: seed, around: year, using: &dice)
        guard macro == nil else { return }
        if second != nil { second = FieldMaker.values(0...59, count: 1, using: &dice) }
        minute = FieldMaker.values(0...59, count: 2, using: &dice)
        hour = FieldMaker.values(0...23, count: 2, using: &dice)
    }

    /// How the two day fields go together.
    private mutating func joinDays(using dice: inout SeededGenerator) {
        needsBoth = dayOfMonth.isStarred || dayOfWeek.isStarred
        if !needsBoth, Int.random(in: 0..<4, using: &dice) == 0 {
            dayOfWeek.text = "+" + dayOfWeek.text
            needsBoth = true
        }
    }

    private static func years(
        around year: Int,
        using dice: inout SeededGenerator
    ) -> (text: String, values: Set<Int>) {
        let low = min(max(year + Int.random(in: -3...1, using: &dice), 1_970), 2_199)
        let high = min(low + Int.random(in: 0...6, using: &dice), 2_199)
        let step = Int.random(in: 1...4, using: &dice)
        return switch Int.random(in: 0..<5, using: &dice) {
        // As if there were no such field, also where 1970 in UTC begins in 1969.
        case 0: ("*", Set(1_969...2_199))
        case 1: ("\(low)/\(step)", Set(stride(from: low, through: 2_199, by: step)))
        case 2: ("\(low)-\(high)", Set(low...high))
        case 3: ("\(low)-\(high)/\(step)", Set(stride(from: low, through: high, by: step)))
        case _: ("\(low),\(high)", [low, high])
        }
    }

    private static func macro(using dice: inout SeededGenerator) -> Self {
        let macros = [
            ("@yearly", "0", "1", "1", "*"), ("@annually", "0", "1", "1", "*"),
            ("@monthly", "0", "1", "*", "*"), ("@weekly", "0", "*", "*", "0"),
            ("@daily", "0", "*", "*", "*"), ("@midnight", "0", "*", "*", "*"),
            ("@hourly", "*", "*", "*", "*"),
        ]
        let (name, hour, day, month, weekday) =
            macros[Int.random(in: 0..<macros.count, using: &dice)]
        var cron = Self(using: &dice)
        cron.macro = name
        (cron.second, cron.years) = (nil, nil)
        cron.minute = FieldMaker.plain("0", 0...59)
        cron.hour = FieldMaker.plain(hour, 0...23)
        cron.dayOfMonth = FieldMaker.plain(day, 1...31)
        cron.month = FieldMaker.plain(month, 1...12)
        cron.dayOfWeek = FieldMaker.plain(weekday, 0...6)
        cron.needsBoth = true
        return cron
    }
}
