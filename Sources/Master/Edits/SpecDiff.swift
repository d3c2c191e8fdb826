// What an edit changes, field by field, in words.

internal import Documents
package import Vocabulary

/// Compares two specs as documents.
package enum SpecDiff {
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
        return ["\(path): \(text(old)) → \(text(new))"]
    }

    private static func text(_ value: Value?) -> String {
        guard let value else { return "(default)" }
        return String(decoding: JSON.bytes(value), as: UTF8.self)
    }
}
