// An object as the API and the feed show it.

internal import Documents
package import Vocabulary

/// Turns records into what people and programs read.
package enum ObjectDocument {
    /// `{kind, tenant, name, uid, version, rev, created, updated, updated_by, spec, …}`.
    ///
    /// A job's `pause` stands beside its `spec`; its past eras are not shown. A deleted object has
    /// `"deleted": true` and no spec, and so has one whose body cannot be read.
    package static func value(of record: ObjectRecord) -> Value {
        var members: [String: Value] = [
            "kind": .string(record.key.kind.rawValue),
            "tenant": .string(record.key.tenant),
            "name": .string(record.key.name),
            "uid": .string(record.uid.text),
            "version": .integer(record.version.rawValue),
            "rev": .string(record.revision.description),
            "created": .string(record.createdAt.description),
            "updated": .string(record.updatedAt.description),
            "updated_by": .string(record.author),
        ]
        if record.isDeleted {
            members["deleted"] = true
        } else if let body = try? JSON.parse(record.body, limit: Limits.storedBodyBytes) {
            for name in ["spec", "pause"] { members[name] = body[name] }
        }
        return .object(members)
    }
}
