// Makes the fields of random expressions.

internal import Vocabulary

/// Makes random fields, as text and as what it means.
struct FieldMaker {
    /// A field of an expression.
    enum Place: String {
        case second, minute, hour, dayOfMonth, month, dayOfWeek

        var bounds: ClosedRange<Int> {
            switch self {
            case .second, .minute: 0...59
            case .hour: 0...23
            case .dayOfMonth: 1...31
            case .month: 1...12
            case .dayOfWeek: 0...6
            }
        }

        /// What `H` spreads over.
        var spread: ClosedRange<Int> { self == .dayOfMonth ? 1...28 : bounds }

        var names: [String] {
            switch self {
            case .month:
                [
                    "", "JAN", "feb", "Mar", "APR", "May", "JUN", "jul", "AUG", "SEP", "oCT",
                    "NOV", "DEC",
                ]
            case .dayOfWeek: ["SUN", "mon", "TUE", "Wed", "THU", "FRI", "sAt"]
            case .second, .minute, .hour, .dayOfMonth: []
            }
        }
    }

    /// What `H` and names need; `nil` for neither.
    let seed: String?

    /// A field of one to three items; in `stars` of six cases a bare star.
    func field(
        _ place: Place,
        stars: Int = 1,
        using dice: inout SeededGenerator
    ) -> ReferenceField {
        var field = ReferenceField(text: "")
        let isDay = place == .dayOfMonth || place == .dayOfWeek
        if Int.random(in: 0..<6, using: &dice) < stars {
            field.text = isDay && seed != nil && Bool.random(using: &dice) ? "?" : "*"
            for value in place.bounds { field.selects[value] = true }
            return field
        }
        var items: [String] = []
        for _ in 0..<Int.random(in: 1...3, using: &dice) {
            if isDay, Int.random(in: 0..<3, using: &dice) == 0 {
                let (text, predicate) =
                    place == .dayOfMonth
                    ? Self.specialDate(using: &dice) : Self.specialWeekday(using: &dice)
                items.append(text)
                field.predicates.append(predicate)
            } else {
                items.append(item(place, into: &field, using: &dice))
            }
        }
        field.text = items.joined(separator: ",")
        return field
    }

    /// One to `count` values, one by one.
    static func values(
        _ bounds: ClosedRange<Int>,
        count: Int,
        using dice: inout SeededGenerator
    ) -> ReferenceField {
        var field = ReferenceField(text: "")
        var items: [String] = []
        for _ in 0..<Int.random(in: 1...count, using: &dice) {
            let value = Int.random(in: bounds, using: &dice)
            field.selects[value] = true
            items.append("\(value)")
        }
        field.text = items.joined(separator: ",")
        return field
    }

    /// A star or one value.
    static func plain(_ text: String, _ bounds: ClosedRange<Int>) -> ReferenceField {
        var field = ReferenceField(text: text)
        for value in bounds where Int(text) ?? value == value { field.selects[value] = true }
        return field
    }

    private func item(
        _ place: Place,
        into field: inout ReferenceField,
        using dice: inout SeededGenerator
    ) -> String {
        let bounds = place.bounds
        let low = Int.random(in: bounds, using: &dice)
        let high = Int.random(in: bounds, using: &dice)
        let step = Int.random(in: 1...bounds.count, using: &dice)
        if let seed, Int.random(in: 0..<4, using: &dice) == 0 {
            return hash(place, seed, into: &field, using: &dice)
        }
        let (from, to) = (text(of: low, place, using: &dice), text(of: high, place, using: &dice))
        switch Int.random(in: 0..<6, using: &dice) {
        case 0:
            Self.walk(from: bounds.lowerBound, to: bounds.upperBound, step, bounds, into: &field)
            return "*/\(step)"
        case 1:
            Self.walk(from: low, to: bounds.upperBound, step, bounds, into: &field)
            return "\(from)/\(step)"
        case 2:
            Self.walk(from: low, to: high, 1, bounds, into: &field)
            return "\(from)-\(to)"
        case 3:
            Self.walk(from: low, to: high, step, bounds, into: &field)
            return "\(from)-\(to)/\(step)"
        case _:
            Self.walk(from: low, to: low, 1, bounds, into: &field)
            return from
        }
    }

    private func text(
        of value: Int,
        _ place: Place,
        using dice: inout SeededGenerator
    ) -> String {
        guard seed != nil, !place.names.isEmpty, Bool.random(using: &dice) else {
            return "\(value)"
        }
        return place.names[value]
    }

    /// `H` in its four forms, by the formula of the dialect.
    private func hash(
        _ place: Place,
        _ seed: String,
        into field: inout ReferenceField,
        using dice: inout SeededGenerator
    ) -> String {
        let hash = ReferenceHash.of(seed, place.rawValue)
        let isBounded = Bool.random(using: &dice)
        var bounds = place.spread
        if isBounded {
            let low = Int.random(in: place.bounds, using: &dice)
            bounds = low...Int.random(in: low...place.bounds.upperBound, using: &dice)
        }
        let name = isBounded ? "H(\(bounds.lowerBound)-\(bounds.upperBound))" : "H"
        if Bool.random(using: &dice) {
            field.selects[bounds.lowerBound + Int(hash % UInt64(bounds.count))] = true
            return name
        }
        let step = Int.random(in: 1...bounds.count, using: &dice)
        let low = bounds.lowerBound + Int(hash % UInt64(step))
        for value in stride(from: low, through: bounds.upperBound, by: step) {
            field.selects[value] = true
        }
        return "\(name)/\(step)"
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

    private typealias Special = (text: String, predicate: (CivilDate) -> Bool)

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
        // A nearest weekday is a weekday, and one of five days around has to be one.
        guard day >= 1, day <= length, abs(date.day - day) <= 2, (1...5).contains(date.weekday)
        else { return false }
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

/// The hash behind `H` and jitter, written down once more from its description.
enum ReferenceHash {
    static func of(_ seed: String, _ name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in Array(seed.utf8) + [0] + Array(name.utf8) {
            hash ^= UInt64(byte)
            hash = hash &* 0x100_0000_01b3
        }
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        hash ^= hash >> 33
        hash = hash &* 0xc4ce_b9fe_1a85_ec53
        hash ^= hash >> 33
        return hash
    }
}
