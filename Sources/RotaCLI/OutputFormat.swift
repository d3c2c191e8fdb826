// The forms a result may be printed in.

internal import CommandTable
internal import Vocabulary

/// How results are printed: for people, or exactly as the API has them.
enum OutputFormat: String, CaseIterable, Sendable {
    case table, wide, json, jsonl, yaml, name

    /// `-o FORMAT`, or `--json` for short.
    init(_ invocation: Invocation) {
        let word = invocation.text("output") ?? (invocation.flag("json") ? "json" : "table")
        self = Self(rawValue: word) ?? .table
    }

    /// Whether people read it.
    var isForPeople: Bool { self == .table || self == .wide }

    /// One object as the API has it; `nil` for the forms that people read.
    func text(of object: Value) -> String? {
        switch self {
        case .table, .wide: nil
        case .json: Wire.pretty(object)
        case .jsonl: Wire.json(object) + "\n"
        case .yaml: Wire.yaml(object)
        case .name: Self.name(of: object) + "\n"
        }
    }

    /// Many objects; JSON has them as the API does, under `items`.
    func text(ofAll items: [Value]) -> String? {
        switch self {
        case .table, .wide: nil
        case .json: Wire.pretty(["items": .array(items)])
        case .jsonl: items.map { Wire.json($0) + "\n" }.joined()
        case .yaml: items.map { "---\n" + Wire.yaml($0) }.joined()
        case .name: items.map { Self.name(of: $0) + "\n" }.joined()
        }
    }

    /// `job/etl`, `run/01J…`, `node/n1`: what other commands take.
    private static func name(of object: Value) -> String {
        if let id = object["id"]?.string { return "run/\(id)".plain }
        let kind = object["kind"]?.string ?? (object["role"] != nil ? "node" : "object")
        return "\(kind)/\(object["name"]?.string ?? "?")".plain
    }
}
