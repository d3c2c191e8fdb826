// What can be asked of etcd in one transaction, as plain values.

/// A key of etcd's flat space; keys sort by their bytes.
struct EtcdKey: Hashable, Comparable, Sendable {
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.bytes.lexicographicallyPrecedes(rhs.bytes)
    }

    /// The first key behind all those that begin with this one; empty, which to etcd means no end,
    /// if nothing is behind them.
    var prefixEnd: [UInt8] {
        var end = bytes
        while let last = end.popLast() {
            if last < 0xFF { return end + [last + 1] }
        }
        return [0]
    }
}

extension EtcdKey: CustomStringConvertible {
    var description: String { String(decoding: bytes, as: UTF8.self) }
}

/// One key, or keys in `[start, end)`, in order.
struct KeyRange: Equatable, Sendable {
    var start: EtcdKey
    /// `nil`: the one key.
    var end: [UInt8]?
    /// The most entries to answer; 0: all.
    var limit = 0
    var what = Content.values
    /// The revision to read at; 0: the newest.
    var revision: Int64 = 0

    enum Content: Equatable, Sendable {
        case values
        case keysOnly
        /// No entries, just how many there are.
        case countOnly
    }

    static func one(_ key: EtcdKey) -> Self { Self(start: key) }

    /// The keys that begin with `prefix`, from `first` on if it is among them.
    static func all(
        under prefix: EtcdKey,
        from first: EtcdKey? = nil,
        limit: Int = 0,
        _ what: Content = .values
    ) -> Self {
        Self(start: first ?? prefix, end: prefix.prefixEnd, limit: limit, what: what)
    }
}

/// A condition on one key, or on every key of a range.
enum KeyCondition: Equatable, Sendable {
    /// The key was last written at this revision; 0: there is none.
    case modified(EtcdKey, at: Int64)
    /// The key was last written at another revision, or is not there.
    case changed(EtcdKey, since: Int64)
    case exists(EtcdKey)
    /// The key was written this many times since it was made.
    case version(EtcdKey, Int64)
    /// No key is in the range.
    case isEmpty(KeyRange)

    static func isAbsent(_ key: EtcdKey) -> Self { .modified(key, at: 0) }
}

/// One step of a transaction.
enum KeyOperation: Equatable, Sendable {
    case put(EtcdKey, [UInt8], lease: Int64 = 0)
    /// Writes a key's own value once more, which raises its version.
    case touch(EtcdKey)
    case delete(EtcdKey)
    case deleteAll(KeyRange)
    case read(KeyRange)
    case nested(EtcdTransaction)
}

/// Conditions, and what is done if all hold or if one does not.
///
/// The conditions of nested transactions too are decided on the state before the whole one. No key
/// may be written twice in one branch, nested ones included.
/// <https://etcd.io/docs/v3.4/learning/api/#transaction>
struct EtcdTransaction: Equatable, Sendable {
    /// The most conditions or steps on one level; a nested level counts on from the one around it.
    static let width = 128

    var conditions: [KeyCondition] = []
    var success: [KeyOperation] = []
    var failure: [KeyOperation] = []
}

extension EtcdTransaction {
    /// `operations` on levels of at most `width` each: any number of them fits.
    ///
    /// Unconditional nested transactions always run, so grouping changes nothing but the count.
    static func grouped(_ operations: [KeyOperation], width: Int) -> [KeyOperation] {
        precondition(width >= 2, "no tree is \(width) wide")
        guard operations.count > width else { return operations }
        var groups = operations
        // The tree's levels share the budget, so its branches are narrower the deeper it is.
        let branch = max(2, width / 4)
        while groups.count > branch {
            groups = stride(from: 0, to: groups.count, by: branch).map { start in
                let part = Array(groups[start..<min(start + branch, groups.count)])
                return .nested(EtcdTransaction(success: part))
            }
        }
        return groups
    }
}
