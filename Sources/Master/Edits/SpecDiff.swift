// What an edit changes, field by field, in words.

internal import Documents
package import Vocabulary

/// Compares two specs as documents.
package enum SpecDiff {
    /// Longer lists are told by what changed in them.
    private static let listedEntries = 8

    /// Lines such as `schedule: "*/15 * * * *" → "*/5 * * * *"`, in the fields' order.
    package static func lines(from old: Value, to new: Value) -> [String] {
        compare(old, new, path: "").sorted()
    }

    private static func compare(_ old: Value?, _ new: Value?, path: String) -> [String] {
        if old == new { return [] }
        if case .object(let left)? = old, case .object(let right)? = new {
            return Set(left.keys).union(right.keys).flatMap { key in
                compare(left[key], right[key], path: path.isEmpty ? key : "\(path).\(key)")
            }
        }
        if let entries = entries(old ?? [], new ?? []) { return ["\(path): \(entries)"] }
        return ["\(path): \(text(old)) → \(text(new))"]
    }

    /// What was added to and taken from a long list of texts: `+ 2026-02-14  - 2026-02-13`.
    private static func entries(_ old: Value, _ new: Value) -> String? {
        guard let left = old.array?.compactMap(\.string),
            let right = new.array?.compactMap(\.string),
            max(left.count, right.count) > listedEntries, left.count == old.array?.count,
            right.count == new.array?.count
        else { return nil }
        let known = (Set(left), Set(right))
        let parts = [
            ("+", right.filter { !known.0.contains($0) }),
            ("-", left.filter { !known.1.contains($0) }),
        ].filter { !$1.isEmpty }
        guard !parts.isEmpty else { return "another order" }
        return parts.map { sign, texts in
            let more = texts.count - min(texts.count, listedEntries)
            return "\(sign) \(texts.prefix(listedEntries).joined(separator: ", "))"
                + (more > 0 ? " and \(more) more" : "")
        }.joined(separator: "  ")
    }

    private static func text(_ value: Value?) -> String {
        guard let value else { return "(default)" }
        return String(decoding: JSON.bytes(value), as: UTF8.self)
    }
}
