// "Did you mean …?": the known name nearest to a mistyped one.

internal import Vocabulary

/// Finds what somebody probably meant.
enum FieldNames {
    /// What other schedulers call our fields.
    private static let synonyms = [
        "cmd": "command", "command": "shell", "cron": "schedule", "cwd": "directory",
        "env": "environment", "tz": "time_zone", "retry": "retries", "concurrency": "overlap",
        "on_missed": "misfire", "selector": "where", "stdin": "input", "verb": "method",
        "status": "expect", "clock_changes": "dst", "random_delay": "jitter",
        "query": "statement", "params": "parameters", "dsn": "connection",
        "max_rows": "row_limit", "follow": "redirects", "ca": "authorities", "cert": "certificate",
        "auth": "credentials", "database": "sql", "calendars": "calendar", "splay": "jitter",
        "args": "argv", "run_as": "user", "username": "user", "cpu_time": "cpu", "mem": "memory",
        "nofile": "files", "nproc": "processes", "fsize": "file_size", "niceness": "nice",
        "exit_codes": "success", "success_codes": "success", "rlimits": "limits",
    ]

    /// The one of `known` that `name` most probably stands for, or `nil`.
    static func nearest(to name: String, among known: [String]) -> String? {
        let plain = name.lowercased().replacing(["-", " "], with: "_")
        if let meant = synonyms[plain], known.contains(meant) { return meant }
        let nearest = known.map { (distance: plain.editDistance(to: $0), name: $0) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let nearest, nearest.distance <= max(1, min(3, plain.count / 3)) else { return nil }
        return nearest.name
    }
}

extension String {
    fileprivate func replacing(_ characters: Set<Character>, with other: Character) -> String {
        String(map { characters.contains($0) ? other : $0 })
    }
}
