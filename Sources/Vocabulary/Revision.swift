// When something changed in the whole list, and how a reader knows that it missed nothing.

/// The place of one commit in the list's history.
///
/// `epoch` changes when the store's history does (a restored backup, a lost tail); within an epoch
/// `sequence` only grows. The text form is `epoch.sequence`, as in `1.4172`.
package struct Revision: Hashable, Comparable, Sendable {
    package let epoch: UInt32
    package let sequence: UInt64

    package init(epoch: UInt32, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Before the first commit of any epoch.
    package static let zero = Self(epoch: 0, sequence: 0)

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.epoch, lhs.sequence) < (rhs.epoch, rhs.sequence)
    }
}

extension Revision: CustomStringConvertible {
    package var description: String { "\(epoch).\(sequence)" }

    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let epoch = UInt32(parts[0]), let sequence = UInt64(parts[1]) else {
            return nil
        }
        self.init(epoch: epoch, sequence: sequence)
    }
}

/// Counts the edits of one object, from 1.
package struct Version: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    package var description: String { "\(rawValue)" }
}

/// 128 bits of BLAKE2b over something's bytes; equal digests are taken for equal contents.
package struct Digest: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package static let zero = Self(high: 0, low: 0)

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.high, lhs.low) < (rhs.high, rhs.low)
    }
}

extension Digest: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    package var description: String {
        [high, low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    package init?(_ text: String) {
        guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}

/// A revision with the digest of the whole history up to it.
///
/// Two stores that gave the same number to different contents differ in the digest.
package struct Position: Hashable, Sendable, CustomStringConvertible {
    package let revision: Revision
    package let digest: Digest

    package init(revision: Revision, digest: Digest) {
        self.revision = revision
        self.digest = digest
    }

    package static let start = Self(revision: .zero, digest: .zero)
    package var description: String { "\(revision)@\(digest.description.prefix(8))" }
}
