// Features of the dialect that more than one judge lacks.

extension SyntaxRule {
    static let sevenFields = Self("no year field") { $0.fields.count == 7 }
    static let macros = Self("no macros") { $0.text.hasPrefix("@") && !isTimed($0) }
    static let timed = Self("no @every and @at") { isTimed($0) }
    static let zonePrefix = Self("no zone in the text") {
        $0.text.hasPrefix("CRON_TZ=") || $0.text.hasPrefix("TZ=")
    }
    static let sevenIsNoSunday = Self("no 7 for Sunday") {
        $0.hasItem(.weekday) { $0.ends.contains(7) || $0.text.hasPrefix("7#") || $0.text == "7L" }
    }
    static let wrap = Self("no ranges that wrap") {
        $0.hasItem { $0.range.map { $0.low > $0.high } ?? false }
    }
    static let questionMark = Self("no ?") { $0.fields.contains { $0.text == "?" } }
    static let plus = Self("no + before days of week") {
        $0.field(.weekday)?.text.hasPrefix("+") ?? false
    }
    static let lastDate = Self("no L among dates") { $0.hasItem(.date) { $0.hasLastDate } }
    static let beforeLast = Self("no L-n") { $0.hasItem(.date) { $0.text.hasPrefix("L-") } }
    static let lastWorking = Self("no LW") { $0.hasItem(.date) { $0.text == "LW" } }
    static let nearest = Self("no nW") { $0.hasItem(.date) { isNearest($0) } }
    static let occurrence = Self("no # and L among days of week") {
        $0.hasItem(.weekday) { $0.hasOccurrence || $0.hasLastWeekday }
    }
    static let lastByHash = Self("no d#L") { $0.hasItem(.weekday) { $0.text.hasSuffix("#L") } }
    static let lastWeekday = Self("no dL") { $0.hasItem(.weekday) { $0.hasLastWeekday } }
    static let lastNamed = Self("no L behind a name") {
        $0.hasItem(.weekday) { $0.hasLastWeekday && $0.text.count == 4 }
    }

    static func isNearest(_ item: Shape.Item) -> Bool {
        item.hasNearest && Int(item.text.dropLast()) != nil
    }

    private static func isTimed(_ shape: Shape) -> Bool {
        shape.text.hasPrefix("@every ") || shape.text.hasPrefix("@at ")
    }
}
