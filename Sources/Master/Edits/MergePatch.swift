// RFC 7396.

package import Vocabulary

/// JSON merge patch.
package enum MergePatch {
    /// `target` with `patch` applied; `null` removes a member.
    package static func apply(_ patch: Value, to target: Value) -> Value {
        guard case .object(let changes) = patch else { return patch }
        var members = target.object ?? [:]
        for (name, change) in changes {
            if change == .null {
                members.removeValue(forKey: name)
            } else {
                members[name] = apply(change, to: members[name] ?? .null)
            }
        }
        return .object(members)
    }
}
