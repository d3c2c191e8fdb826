// `@every` and `@at`, by the words of docs/schedules.md.

internal import Vocabulary

/// A schedule that is no expression of fields.
enum PlainTimed {
    /// So many seconds apart.
    case every(Int64)
    /// At one second, elapsed or on the wall.
    case at(Int64)
    case atWall(Int64)

    /// Reads whole seconds only; `nil` if `text` is something else.
    init?(_ text: String) {
        let words = PlainPrefix(text).body.split(separator: " ")
        guard words.count == 2 else { return nil }
        if words[0] == "@every", let period = Self.period(words[1]) {
            self = .every(period)
        } else if words[0] == "@at", let second = Int64(words[1]) {
            self = .at(second)
        } else if words[0] == "@at", let instant = Instant(rfc3339: "\(words[1]):00Z") {
            self = .atWall(instant.unixSeconds)
        } else {
            return nil
        }
    }

    private static func period(_ word: Substring) -> Int64? {
        var total: Int64 = 0
        var rest = word
        let units: [(String, Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
        for (unit, seconds) in units {
            let digits = rest.prefix(while: \.isNumber)
            guard let count = Int64(digits), rest.dropFirst(digits.count).hasPrefix(unit) else {
                continue
            }
            total += count * seconds
            rest = rest.dropFirst(digits.count + 1)
        }
        return rest.isEmpty && (1...366 * 86_400).contains(total) ? total : nil
    }

    func answer(_ question: Question, in zone: PlainZone, habits: Habits) -> Answer {
        switch self {
        case .every(let period):
            let last = habits.isEveryFromStart ? question.start : question.start / period * period
            return .fires((1...Int64(question.count)).map { last + $0 * period }, .enough)
        case .at(let second): return once(second, question)
        case .atWall(let wall): return once(zone.passes(of: wall).first ?? wall, question)
        }
    }

    private func once(_ second: Int64, _ question: Question) -> Answer {
        .fires(second > question.start ? [second] : [], .end)
    }
}
