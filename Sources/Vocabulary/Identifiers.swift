// Names for the things the cluster talks about. One type per noun, so none can be mixed up.

/// The name of a node or master, chosen by its operator; one live process per name.
package struct NodeName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.text < rhs.text }
    package var description: String { text }
}

/// What an object is for ever, whatever it is renamed to: 32 lower-case hexadecimal digits.
package struct UID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.text < rhs.text }
    package var description: String { text }
}

/// One attempt at one run: a ULID, 26 characters of Crockford's base 32, sortable by time.
///
/// - SeeAlso: <https://github.com/ulid/spec>
package struct RunID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.text < rhs.text }
    package var description: String { text }
}

/// A node's proof of life in the store; never reused.
package struct SessionID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    package var description: String { "session \(rawValue)" }
}

/// Counts the renewals of one session; whoever expires it names the beat it saw stand still.
package struct Beat: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    package var description: String { "beat \(rawValue)" }
}

/// A number that grows with every claim of a job, so that a stale holder can be refused.
package struct Fence: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    package var description: String { "fence \(rawValue)" }
}

/// The name of one request to the store, kept when its outcome is unknown and it is sent again.
package struct RequestID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.text < rhs.text }
    package var description: String { text }
}

/// A pending run that cron did not cause, until a node claims it.
package struct TriggerID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    package var description: String { "trigger \(rawValue)" }
}

/// Part `index` of `count`, both counted from 1; an ordinary run is part 1 of 1.
package struct Shard: Hashable, Sendable, CustomStringConvertible {
    package let index: Int
    package let count: Int

    package init(index: Int, of count: Int) {
        precondition(count >= 1 && (1...count).contains(index), "shard \(index)/\(count)")
        self.index = index
        self.count = count
    }

    package static let whole = Self(index: 1, of: 1)
    package var description: String { "\(index)/\(count)" }
}
