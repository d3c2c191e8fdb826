// When a schedule is due, minute by minute, by the words of docs/schedules.md.

/// A slow evaluator of the schedules that the workload has; none of its code is the product's.
struct SlowCron {
    private enum Kind {
        /// So many milliseconds apart, on a grid through 1970.
        case every(Int64)
        case fields(seconds: Set<Int64>, minutes: Set<Int64>, hours: Set<Int64>, followsClock: Bool)
    }

    private let kind: Kind
    private let zone: SlowZone

    /// `nil` for a text that the workload never writes.
    init?(_ text: String, zone name: String) {
        guard let zone = SlowZone(rawValue: name) else { return nil }
        self.zone = zone
        var words = text.split(separator: " ").map(String.init)
        if words.first == "@every", words.count == 2 {
            let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000]
            guard let unit = words[1].last.flatMap({ units[$0] }),
                let count = Int64(words[1].dropLast())
            else { return nil }
            kind = .every(count * unit)
            return
        }
        let hasSeconds = words.count == 6
        if !hasSeconds { words.insert("0", at: 0) }
        guard words.count == 6, words[3...].allSatisfy({ $0 == "*" }),
            let seconds = Self.values(words[0], below: 60),
            let minutes = Self.values(words[1], below: 60),
            let hours = Self.values(words[2], below: 24)
        else { return nil }
        let timed = hasSeconds ? words[0...2] : words[1...2]
        kind = .fields(
            seconds: seconds,
            minutes: minutes,
            hours: hours,
            followsClock: timed.contains { $0.hasPrefix("*") }
        )
    }

    private static func values(_ word: String, below end: Int64) -> Set<Int64>? {
        var values: Set<Int64> = []
        for item in word.split(separator: ",") {
            let parts = item.split(separator: "/")
            guard let step = parts.count == 2 ? Int64(parts[1]) : 1, step > 0 else { return nil }
            let ends =
                parts[0] == "*" ? [0, end - 1] : parts[0].split(separator: "-").map { Int64($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil else { return nil }
            for value in stride(from: first, through: last, by: Int64.Stride(step)) {
                values.insert(value)
            }
        }
        return values
    }

    /// What is due in `(after, through]`, in milliseconds since 1970, oldest first.
    func due(after: Int64, through: Int64) -> [Int64] {
        guard after < through else { return [] }
        switch kind {
        case .every(let period):
            var due: [Int64] = []
            var next = (after / period + 1) * period
            while next <= through {
                due.append(next)
                next += period
            }
            return due
        case .fields(let seconds, let minutes, let hours, let followsClock):
            let ordered = seconds.sorted()
            var due: [Int64] = []
            for minute in (after / 60_000)...(through / 60_000)
            where isDue(minute, minutes, hours, followsClock) {
                for second in ordered {
                    let instant = minute * 60_000 + second * 1_000
                    if instant > after, instant <= through { due.append(instant) }
                }
            }
            return due
        }
    }

    private func isDue(
        _ minute: Int64,
        _ minutes: Set<Int64>,
        _ hours: Set<Int64>,
        _ followsClock: Bool
    ) -> Bool {
        func selects(_ wall: Int64) -> Bool {
            minutes.contains(wall % 60) && hours.contains(wall / 60 % 24)
        }
        let wall = minute + zone.offset(at: minute)
        let before = minute - 1 + zone.offset(at: minute - 1)
        if followsClock { return selects(wall) }
        // The wall has skipped something: whatever of it was wanted is made up for now.
        if wall > before + 1, (before + 1..<wall).contains(where: selects) { return true }
        guard selects(wall) else { return false }
        // Shown before, within the last hours: it had its turn then.
        for back in 1...Int64(180) where minute - back + zone.offset(at: minute - back) == wall {
            return false
        }
        return true
    }
}
