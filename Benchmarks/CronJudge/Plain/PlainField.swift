// One field of an expression, read by the words of docs/schedules.md and nothing else.

/// The seven fields of an expression.
enum PlainFieldKind: Int, CaseIterable {
    case second
    case minute
    case hour
    case date
    case month
    case weekday
    case year

    var bounds: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .date: 1...31
        case .month: 1...12
        case .weekday: 0...6
        case .year: 1970...2199
        }
    }

    fileprivate var names: [String] {
        switch self {
        case .month:
            ["", "JAN", "FEB", "MAR", "APR", "MAY", "JUN"] + [
                "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
            ]
        case .weekday: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
        case .second, .minute, .hour, .date, .year: []
        }
    }

    func value(_ text: some StringProtocol) -> Int? {
        if !text.isEmpty, text.allSatisfy({ $0.isASCII && $0.isNumber }) { return Int(text) }
        return text.isEmpty ? nil : names.firstIndex(of: text.uppercased())
    }
}

/// A field as a list of things to compare a date or time with.
struct PlainField: Hashable {
    enum Item: Hashable {
        case values(Set<Int>)
        /// So many days before the last.
        case beforeLast(Int)
        /// The weekday nearest to a day.
        case nearest(Int)
        /// The weekday nearest to so many days before the last.
        case nearestBeforeLast(Int)
        /// A day of week in its k-th occurrence.
        case nth(Int, Int)
        /// A day of week in its last occurrence.
        case last(Int)
    }

    let kind: PlainFieldKind
    let text: String
    let items: [Item]
    /// What all items select by value.
    let values: Set<Int>
    /// The same, lowest first.
    let ordered: [Int]

    /// Reads `text`; `nil` if it is none that we accept.
    init?(_ text: String, kind: PlainFieldKind, habits: Habits) {
        self.kind = kind
        self.text = text
        let list = kind == .weekday && text.hasPrefix("+") ? text.dropFirst() : text[...]
        var items: [Item] = []
        for word in list.split(separator: ",", omittingEmptySubsequences: false) {
            guard let item = Self.item(String(word), kind: kind, habits: habits) else { return nil }
            items.append(item)
        }
        self.items = items
        values = items.reduce(into: []) { values, item in
            if case .values(let more) = item { values.formUnion(more) }
        }
        ordered = values.sorted()
    }

    var isWhole: Bool { values.isSuperset(of: kind.bounds) }
    /// It selects everything, and by values only.
    var isPlainWhole: Bool {
        isWhole && items.allSatisfy { if case .values = $0 { true } else { false } }
    }
    var isStarred: Bool { text.hasPrefix("*") || text == "?" }
    var isPlain: Bool { text == "*" || text == "?" }

    private static func item(_ word: String, kind: PlainFieldKind, habits: Habits) -> Item? {
        let upper = word.uppercased()
        if kind == .date, let special = dateSpecial(upper) { return special }
        if kind == .weekday, let special = weekdaySpecial(upper) { return special }
        let parts = upper.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let step = parts.count == 2 ? Int(parts[1]) : 1
        guard var step, step > 0 else { return nil }
        let isNamed = kind == .month || kind == .weekday
        let isOverlooked =
            habits.isStepOfNamesOverlooked && isNamed && upper.first?.isLetter == true
        if isOverlooked { step = 1 }
        let bounds = kind.bounds
        if parts[0] == "*" || upper == "?" {
            return .values(walk(bounds.lowerBound, bounds.upperBound, step, kind, habits))
        }
        let ends = parts[0].split(separator: "-", omittingEmptySubsequences: false)
            .map { kind.value($0) }
        guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1]
        else { return nil }
        let keepsSeven = habits.lastWeekday == 7 && parts.count == 2
        let low = kind == .weekday && !keepsSeven ? first % 7 : first
        let isOpen = habits.isEqualRangeOpen && first == last && parts.count == 2
        if ends.count == 1 || isOpen {
            let hasStep = parts.count == 2 && !isOverlooked
            let top = kind == .weekday ? habits.lastWeekday : bounds.upperBound
            return .values(walk(low, hasStep ? top : low, step, kind, habits))
        }
        if first == last {
            guard !habits.isEqualRangeWhole else {
                return .values(walk(bounds.lowerBound, bounds.upperBound, step, kind, habits))
            }
            return .values([low])
        }
        return .values(walk(low, last, step, kind, habits))
    }

    /// From value to value until `high` is passed, through the field's end if need be.
    private static func walk(
        _ low: Int,
        _ high: Int,
        _ step: Int,
        _ kind: PlainFieldKind,
        _ habits: Habits
    ) -> Set<Int> {
        let (bounds, size) = (kind.bounds, kind.bounds.count)
        // Sunday as 7 stands behind Saturday.
        let fold = { (value: Int) in value > bounds.upperBound ? value - size : value }
        if low <= high { return Set(stride(from: low, through: high, by: step).map(fold)) }
        var values: Set<Int> = []
        var place = low
        while place <= high + size {
            values.insert(fold(place))
            let next = place + step
            let wraps = place <= bounds.upperBound && next > bounds.upperBound
            let isLate = habits.isWrapLate && wraps && next > bounds.upperBound + 1
            place = next + (isLate ? 1 : 0)
        }
        return values
    }

    private static func dateSpecial(_ word: String) -> Item? {
        let isNearest = word.hasSuffix("W")
        let rest = isNearest ? word.dropLast() : word[...]
        guard rest.hasPrefix("L") else {
            guard isNearest, let day = PlainFieldKind.date.value(rest) else { return nil }
            return .nearest(day)
        }
        var back = 0
        if rest.count > 1 {
            guard rest.hasPrefix("L-"), let days = PlainFieldKind.date.value(rest.dropFirst(2))
            else { return nil }
            back = days
        }
        return isNearest ? .nearestBeforeLast(back) : .beforeLast(back)
    }

    private static func weekdaySpecial(_ word: String) -> Item? {
        if let hash = word.firstIndex(of: "#") {
            let behind = word[word.index(after: hash)...]
            guard let day = PlainFieldKind.weekday.value(word[..<hash]), day <= 7 else {
                return nil
            }
            if behind == "L" { return .last(day % 7) }
            return Int(behind).map { .nth(day % 7, $0) }
        }
        guard word.hasSuffix("L"), let day = PlainFieldKind.weekday.value(word.dropLast()),
            day <= 7
        else { return nil }
        return .last(day % 7)
    }
}
