// Random texts over the whole dialect, and a little beyond it.

internal import Vocabulary

/// Draws texts; the same seed draws the same ones.
struct RandomExpression {
    private var dice: SeededGenerator

    init(seed: UInt64) {
        dice = SeededGenerator(seed: seed)
    }

    /// A text of our dialect in nine of ten cases, else one with a slip of the pen.
    mutating func next() -> String {
        let text = correct()
        return chance(1, of: 10) ? slip(text) : text
    }

    private mutating func correct() -> String {
        if chance(1, of: 40) { return macro() }
        // A quarter is as plain as crontabs are, the rest has a little of everything.
        let isPlain = chance(1, of: 4)
        var words = [
            field(.minute, stars: isPlain ? 3 : 2, isPlain: isPlain),
            field(.hour, stars: isPlain ? 3 : 2, isPlain: isPlain),
            field(.date, stars: 6, isPlain: isPlain),
            field(.month, stars: 7, isPlain: isPlain),
            field(.weekday, stars: 6, isPlain: isPlain),
        ]
        if chance(1, of: 4) {
            words.insert(field(.second, stars: 1, isPlain: isPlain), at: 0)
            if chance(1, of: 4) { words.append(year()) }
        }
        if chance(1, of: 12) {
            words[words.count == 7 ? 5 : words.count - 1] = "?"
        } else if chance(1, of: 12) {
            words[words.count == 5 ? 2 : 3] = "?"
        }
        let text = words.joined(separator: chance(1, of: 30) ? "  " : " ")
        guard chance(1, of: 60) else { return text }
        return "\(chance(1, of: 2) ? "CRON_TZ" : "TZ")=Europe/Berlin \(text)"
    }

    private mutating func macro() -> String {
        let macros = [
            "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
            "@reboot", "@Daily", "@fortnightly", "@every 90m", "@every 1h30m", "@every 36h",
            "@every 1d", "@every 45s", "@at 1893456000", "@at 2030-01-31T09:00",
        ]
        return macros.randomElement(using: &dice) ?? ""
    }

    private mutating func year() -> String {
        let low = Int.random(in: 1996...2060, using: &dice)
        return switch Int.random(in: 0..<6, using: &dice) {
        case 0: "\(low)"
        case 1: "\(low)-\(low + 5)"
        case 2: "\(low)/3"
        case 3: "2150"
        case _: "*"
        }
    }

    /// One to three items; in `stars` of ten cases a bare star.
    private mutating func field(_ kind: PlainFieldKind, stars: Int, isPlain: Bool) -> String {
        if Int.random(in: 0..<10, using: &dice) < stars { return "*" }
        let count = chance(1, of: 4) ? Int.random(in: 2...3, using: &dice) : 1
        let items = (0..<count).map { _ in item(kind, isPlain: isPlain) }
        let isJoint = kind == .weekday && !isPlain && chance(1, of: 12)
        return (isJoint ? "+" : "") + items.joined(separator: ",")
    }

    private mutating func item(_ kind: PlainFieldKind, isPlain: Bool) -> String {
        if !isPlain, chance(1, of: 3) {
            if kind == .date { return specialDate() }
            if kind == .weekday { return specialWeekday() }
        }
        let bounds = kind.bounds
        let top = kind == .weekday && chance(1, of: 3) ? 7 : bounds.upperBound
        let low = Int.random(in: bounds.lowerBound...top, using: &dice)
        let high = Int.random(in: bounds.lowerBound...top, using: &dice)
        let ends = isPlain || chance(3, of: 4) ? (min(low, high), max(low, high)) : (low, high)
        let isWide = !isPlain && chance(1, of: 10)
        let step = Int.random(in: 1...(isWide ? bounds.count + 5 : bounds.count / 2), using: &dice)
        let range = "\(word(ends.0, kind))-\(word(ends.1, kind))"
        return switch Int.random(in: 0..<(isPlain ? 6 : 8), using: &dice) {
        case 0: "*/\(step)"
        case 1: range
        case 2: "\(range)/\(step)"
        case 6: "\(word(low, kind))/\(step)"
        case 7: chance(1, of: 8) ? "*" : "0\(low)"
        case _: word(low, kind)
        }
    }

    private mutating func word(_ value: Int, _ kind: PlainFieldKind) -> String {
        let months = [
            "", "JAN", "feb", "Mar", "APR", "MAY", "jun", "JUL", "AUG", "Sep", "OCT", "nov", "DEC",
        ]
        let days = ["SUN", "Mon", "tue", "WED", "THU", "fri", "SAT", "SUN"]
        guard chance(1, of: 4) else { return "\(value)" }
        return switch kind {
        case .month: months[value]
        case .weekday: days[value]
        case .second, .minute, .hour, .date, .year: "\(value)"
        }
    }

    private mutating func specialDate() -> String {
        let day = Int.random(in: 1...31, using: &dice)
        let back = Int.random(in: 1...30, using: &dice)
        return switch Int.random(in: 0..<6, using: &dice) {
        case 0: "L"
        case 1: "L-\(back)"
        case 2: "LW"
        case 3: "L-\(back)W"
        case 4: "\(day)W"
        case _: "l"
        }
    }

    private mutating func specialWeekday() -> String {
        let day = word(Int.random(in: 0...7, using: &dice), .weekday)
        return switch Int.random(in: 0..<5, using: &dice) {
        case 0: "\(day)L"
        case 1: "\(day)#L"
        case _: "\(day)#\(Int.random(in: 1...5, using: &dice))"
        }
    }

    /// Drops, doubles or changes one character.
    private mutating func slip(_ text: String) -> String {
        var characters = Array(text)
        guard !characters.isEmpty else { return text }
        let place = Int.random(in: characters.indices, using: &dice)
        let strange = Array("0179*/-,?#LWH+.;~ aR")
        switch Int.random(in: 0..<3, using: &dice) {
        case 0: characters.remove(at: place)
        case 1: characters.insert(strange.randomElement(using: &dice) ?? "0", at: place)
        case _: characters[place] = strange.randomElement(using: &dice) ?? "0"
        }
        return String(characters)
    }

    private mutating func chance(_ hits: Int, of count: Int) -> Bool {
        Int.random(in: 0..<count, using: &dice) < hits
    }
}
