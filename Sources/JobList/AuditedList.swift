// A copy that can be compared with others' and with its own disk.

package import Gossip
package import Vocabulary

/// What the audit needs of a copy of the list.
package protocol AuditedList: ReplicatedList {
    /// What all live rows come to, and where the copy stands.
    func audit() async -> (position: Position, sums: BucketSums)
    /// The live rows in some buckets, as they are on the disk.
    ///
    /// - Complexity: One reading of all rows, on the reader's thread: about 2 s for a million.
    func marks(
        in buckets: [Int]
    ) async throws(ReplicaError) -> (marks: [RowMark], position: Position)
    /// Puts the store's rows in the place of what is there; `nil` stands for no object.
    ///
    /// Rows newer than the copy are left out: their changes are on their way.
    ///
    /// - Returns: The keys of the rows that were others.
    func mend(
        _ rows: [(key: ObjectKey, record: ObjectRecord?)]
    ) async throws(ReplicaError) -> [ObjectKey]
    /// Reads the next `limit` rows and compares them with what they should be.
    ///
    /// - Returns: At the end of a pass over all rows, what it came to; `nil` before.
    func scrub(limit: Int) async throws(ReplicaError) -> ScrubReport?
    /// Tells up to where members still need changes; see ``ReplicaSettings/keptBatches``.
    func keep(neededAfter revision: Revision?) async throws(ReplicaError)
}

/// What one reading of all rows has found.
package struct ScrubReport: Equatable, Sendable {
    /// Rows whose bodies do not match their digests.
    package var damaged: [ObjectKey]
    /// Buckets whose rows are not those that were written there.
    package var changedBuckets: [Int]

    package var isClean: Bool { damaged.isEmpty && changedBuckets.isEmpty }
}

/// A reading of all rows under way.
struct ScrubPass {
    /// Up to here rows are counted in ``sums``.
    var lastKey: ObjectKey?
    private(set) var sums = BucketSums()
    var damaged: [ObjectKey] = []

    mutating func count(_ bucket: Int, _ change: (inout BucketSum) -> Void) {
        change(&sums[bucket])
    }
}
