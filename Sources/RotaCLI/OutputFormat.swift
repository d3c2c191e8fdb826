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
    ///
    /// `titles`: What ``name`` prints of it, such as `job/etl`. Not every answer says what it is
    /// about, so the command does.
    func text(of object: Value, as titles: [String]) -> String? {
        switch self {
        case .table, .wide: nil
        case .json: Wire.pretty(object)
        case .jsonl: Wire.json(object) + "\n"
        case .yaml: Wire.yaml(object)
        case .name: titles.map { $0.plain + "\n" }.joined()
        }
    }

    /// Many objects; JSON has them as the API does, under `items`.
    func text(ofAll items: [Value], as title: (Value) -> String) -> String? {
        switch self {
        case .table, .wide: nil
        case .json: Wire.pretty(["items": .array(items)])
        case .jsonl: items.map { Wire.json($0) + "\n" }.joined()
        case .yaml: items.map { "---\n" + Wire.yaml($0) }.joined()
        case .name: items.map { title($0).plain + "\n" }.joined()
        }
    }

    /// Titles of one kind by a member of the object: `run/01J…` by `id`.
    static func titles(_ kind: String, by member: String = "name") -> (Value) -> String {
        { object in
            let number = object[member]?.integer.map { "\($0)" }
            return "\(kind)/\(number ?? object.text(member))"
        }
    }

    /// The title of what says its kind and name itself, as manifests do.
    static func title(of manifest: Value) -> String {
        "\(manifest.text("kind"))/\(manifest.text("name"))"
    }
}
