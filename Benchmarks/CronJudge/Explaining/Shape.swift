// A text taken apart by its separators only, to see which features it has.

/// The words of a text, whether or not anybody accepts them.
struct Shape {
    /// One element of a field's list.
    struct Item {
        let kind: PlainFieldKind
        /// In capitals.
        let text: String
        let isAlone: Bool

        /// Before the slash.
        var head: Substring { text.prefix { $0 != "/" } }
        /// Behind the slash.
        var step: Int? {
            guard let slash = text.firstIndex(of: "/") else { return nil }
            return Int(text[text.index(after: slash)...])
        }
        var ends: [Int?] {
            head.split(separator: "-", omittingEmptySubsequences: false).map { kind.value($0) }
        }
        /// Both ends of a range, as written.
        var range: (low: Int, high: Int)? {
            let ends = ends
            guard ends.count == 2, let low = ends[0], let high = ends[1] else { return nil }
            return (low, high)
        }
        /// A number or name, with or without a step.
        var value: Int? { ends.count == 1 ? ends[0] : nil }
        var isStar: Bool { head == "*" }
        var hasNearest: Bool { kind == .date && text.hasSuffix("W") }
        var hasLastDate: Bool { kind == .date && text.hasPrefix("L") }
        var hasOccurrence: Bool { kind == .weekday && text.contains("#") }
        var hasLastWeekday: Bool {
            guard kind == .weekday, text.hasSuffix("L"), !text.contains("#") else { return false }
            return kind.value(text.dropLast()) != nil
        }
    }

    struct Field {
        let kind: PlainFieldKind
        let text: String
        let items: [Item]

        var isPlain: Bool { text == "*" || text == "?" }
    }

    let text: String
    /// In the order of the text; empty if they are not five to seven.
    let fields: [Field]

    init(_ text: String) {
        self.text = text
        let words = PlainPrefix(text).body.split(separator: " ")
        let isFields = (5...7).contains(words.count) && !text.contains("@")
        let kinds = PlainFieldKind.allCases.dropFirst(words.count == 5 ? 1 : 0)
        fields = isFields ? zip(kinds, words).map { Self.field($1, kind: $0) } : []
    }

    private static func field(_ word: Substring, kind: PlainFieldKind) -> Field {
        let list = kind == .weekday && word.hasPrefix("+") ? word.dropFirst() : word
        let items = list.uppercased().split(separator: ",", omittingEmptySubsequences: false)
        return Field(
            kind: kind,
            text: String(word),
            items: items.map { Item(kind: kind, text: String($0), isAlone: items.count == 1) }
        )
    }

    var items: [Item] { fields.flatMap(\.items) }

    func field(_ kind: PlainFieldKind) -> Field? { fields.first { $0.kind == kind } }

    func hasItem(_ kind: PlainFieldKind? = nil, where test: (Item) -> Bool) -> Bool {
        items.contains { (kind == nil || $0.kind == kind) && test($0) }
    }

    /// The elements that are not of our dialect.
    var faults: [Item] {
        fields.flatMap { field in
            field.items.filter { !$0.isCorrect(in: field) }
        }
    }

    /// Whether neither day field is a plain star or `?`.
    var restrictsBothDays: Bool {
        guard let date = field(.date), let weekday = field(.weekday) else { return false }
        return !date.isPlain && !weekday.isPlain
    }
}

extension Shape.Item {
    /// Whether `docs/schedules.md` allows it in `field`.
    fileprivate func isCorrect(in field: Shape.Field) -> Bool {
        if text == "?" { return field.text == "?" && [.date, .weekday].contains(kind) }
        guard let read = PlainField(text, kind: kind, habits: Habits()) else { return false }
        let top = kind == .weekday ? 7 : kind.bounds.upperBound
        let allowed = kind.bounds.lowerBound...top
        if kind == .year, let range, range.low > range.high { return false }
        let numbers = ends.compactMap(\.self).allSatisfy(allowed.contains)
        return numbers
            && read.items.allSatisfy { item in
                switch item {
                case .values: true
                case .beforeLast(let back), .nearestBeforeLast(let back): (0...30).contains(back)
                case .nearest(let day): (1...31).contains(day)
                case .nth(let day, let count): (0...6).contains(day) && (1...5).contains(count)
                case .last(let day): (0...6).contains(day)
                }
            }
    }
}
