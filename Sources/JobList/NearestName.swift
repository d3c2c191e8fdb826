// "Did you mean …?": the known name nearest to a mistyped one.

/// Finds what somebody probably meant.
enum NearestName {
    /// What other schedulers call our fields.
    private static let synonyms = [
        "cmd": "command", "command": "shell", "cron": "schedule", "cwd": "directory",
        "env": "environment", "tz": "time_zone", "retry": "retries", "concurrency": "overlap",
        "on_missed": "misfire", "selector": "where", "stdin": "input", "verb": "method",
        "status": "expect",
    ]

    /// The one of `known` that `name` most probably stands for, or `nil`.
    static func of(_ name: String, among known: [String]) -> String? {
        let plain = name.lowercased().replacing(["-", " "], with: "_")
        if let meant = synonyms[plain], known.contains(meant) { return meant }
        let nearest = known.map { (distance: distance(plain, $0), name: $0) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let nearest, nearest.distance <= max(1, min(3, plain.count / 3)) else { return nil }
        return nearest.name
    }

    /// How many letters must be changed, added, removed or swapped with their neighbour.
    ///
    /// - SeeAlso: Damerau, "A technique for computer detection and correction of spelling errors".
    static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first.prefix(64)), Array(second))
        var older: [Int] = []
        var above = Array(0...second.count)
        for (row, letter) in first.enumerated() {
            var current = [row + 1]
            for (column, other) in second.enumerated() {
                var best = min(
                    above[column] + (letter == other ? 0 : 1),
                    above[column + 1] + 1,
                    current[column] + 1
                )
                if row > 0, column > 0, letter == second[column - 1], first[row - 1] == other {
                    best = min(best, older[column - 1] + 1)
                }
                current.append(best)
            }
            (older, above) = (above, current)
        }
        return above[second.count]
    }
}

extension String {
    fileprivate func replacing(_ characters: Set<Character>, with other: Character) -> String {
        String(map { characters.contains($0) ? other : $0 })
    }
}
