// Prometheus text, without a library: a few lines of a stable format.

/// Collects samples in the text exposition format 0.0.4.
///
/// - SeeAlso: <https://prometheus.io/docs/instrumenting/exposition_formats/>
package struct MetricsPage: Sendable {
    private var lines: [String] = []
    private var announced: Set<String> = []

    package init() {}

    package mutating func gauge(
        _ name: String,
        _ help: String,
        _ value: Double,
        labels: [String: String] = [:]
    ) {
        add(name, "gauge", help, value, labels)
    }

    package mutating func counter(
        _ name: String,
        _ help: String,
        _ value: Double,
        labels: [String: String] = [:]
    ) {
        add(name, "counter", help, value, labels)
    }

    /// The page, ending in a newline.
    package var text: String { lines.joined(separator: "\n") + "\n" }

    private mutating func add(
        _ name: String,
        _ type: String,
        _ help: String,
        _ value: Double,
        _ labels: [String: String]
    ) {
        if announced.insert(name).inserted {
            lines.append("# HELP \(name) \(help)")
            lines.append("# TYPE \(name) \(type)")
        }
        let pairs = labels.sorted { $0.key < $1.key }.map {
            "\($0.key)=\"\(Self.escape($0.value))\""
        }
        let set = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
        let isWhole = value == value.rounded() && abs(value) < 1e15
        lines.append("\(name)\(set) \(isWhole ? "\(Int64(value))" : "\(value)")")
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case _: result.append(character)
            }
        }
        return result
    }
}
