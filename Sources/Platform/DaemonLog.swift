// What a daemon tells its operator: one line per event, on standard error.

internal import Glibc
internal import Synchronization
internal import Vocabulary

/// Writes the daemon's own log in logfmt; the output of runs never goes here.
///
/// Event names are stable words such as `run.started`; fields are `key=value`.
package struct DaemonLog: Sendable {
    package enum Level: Int, Sendable, CaseIterable {
        case debug, info, warning, error

        /// The level called `word`, as in `--log-level warning`.
        package init?(word: String) {
            guard let level = Self.allCases.first(where: { "\($0)" == word }) else { return nil }
            self = level
        }
    }

    package let lowest: Level
    private let name: String

    /// - Parameters:
    ///   - name: The node or master that speaks.
    ///   - lowest: Lines below this level are dropped.
    package init(name: String, lowest: Level = .info) {
        self.name = name
        self.lowest = lowest
    }

    package func debug(_ event: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.debug, event, fields)
    }

    package func info(_ event: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.info, event, fields)
    }

    package func warning(_ event: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.warning, event, fields)
    }

    package func error(_ event: String, _ fields: KeyValuePairs<String, String> = [:]) {
        write(.error, event, fields)
    }

    private func write(_ level: Level, _ event: String, _ fields: KeyValuePairs<String, String>) {
        guard level.rawValue >= lowest.rawValue else { return }
        var line = "ts=\(SystemClock.wall) level=\(level) event=\(event) node=\(name)"
        for (key, value) in fields { line += " \(key)=\(Self.quoted(value))" }
        let bytes = Array((line + "\n").utf8)
        // One write per line: lines of several threads do not interleave.
        _ = unsafe Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }

    private static func quoted(_ value: String) -> String {
        guard value.isEmpty || value.contains(where: { " =\"\\\n\t".contains($0) }) else {
            return value
        }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case _ where scalar.value < 0x20: text += " "
            case _: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
