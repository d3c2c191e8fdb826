// How a whole list gets into a copy: chunks, then what changed while they were read.

package import Gossip
internal import LockLease
internal import Sealing
package import Vocabulary

/// How far an installation is, and what it needs next.
package struct InstallProgress: Equatable, Sendable {
    package enum Step: Equatable, Sendable {
        /// The next chunk of a copy that has `base` in its history; `nil`: of any.
        case chunk(after: ObjectKey?, base: Position?)
        /// The changes after `revision`, which bring all chunks to one position.
        case changes(after: Revision)
        case finished(Position)
    }

    /// Where the first chunk was read: from here on changes are applied again.
    package private(set) var base: Position?
    /// The last key taken.
    package private(set) var lastKey: ObjectKey?
    package private(set) var isListed = false
    /// Up to where some chunk was read: before that the rows belong to no one position.
    package private(set) var goal = Revision.zero
    /// How far the changes have come.
    package private(set) var reached = Position.start
    /// The highest floor of tombstones that any chunk was read above.
    package private(set) var tombFloor = Revision.zero
    package private(set) var count = 0

    package init() {}

    package var next: Step {
        guard isListed, let base else { return .chunk(after: lastKey, base: base) }
        let reached = max(base, reached)
        return reached.revision >= goal ? .finished(reached) : .changes(after: reached.revision)
    }

    /// Takes note of a chunk; `nil` for a last key if it had no rows.
    ///
    /// - Throws: ``ReplicaError/refused(_:)`` for one that was read before the first: the changes
    ///   since the first would not mend it.
    package mutating func took(
        _ chunk: SnapshotChunk,
        lastKey key: ObjectKey?
    ) throws(ReplicaError) {
        let start = base ?? chunk.position
        guard chunk.position.revision >= start.revision else {
            throw .refused("a chunk of \(chunk.position) does not go with one of \(start)")
        }
        guard chunk.isLast || key != nil else { throw .refused("a chunk without rows") }
        base = start
        goal = max(goal, chunk.position.revision)
        tombFloor = max(tombFloor, chunk.tombFloor)
        lastKey = key ?? lastKey
        isListed = chunk.isLast
        count += chunk.count
    }

    package mutating func amended(to position: Position) {
        reached = position
    }

    private func max(_ lhs: Position, _ rhs: Position) -> Position {
        lhs.revision < rhs.revision ? rhs : lhs
    }

    private func max(_ lhs: Revision, _ rhs: Revision) -> Revision { lhs < rhs ? rhs : lhs }
}

/// A copy in the making, beside the one that serves meanwhile.
package protocol ListInstallation: Sendable {
    func progress() async -> InstallProgress
    /// Takes the chunk that ``InstallProgress/next`` asks for.
    ///
    /// - Throws: ``ReplicaError/refused(_:)`` for a chunk that contradicts its digests or comes out
    ///   of order; what was taken before stays.
    func add(_ chunk: SnapshotChunk) async throws(ReplicaError)
    /// Takes changes after what has been reached.
    ///
    /// - Throws: ``ReplicaError/refused(_:)`` if they do not follow: this history has to be begun
    ///   again with ``ReplicatedList/dropInstallation()``.
    func amend(_ batches: [ChangeBatch]) async throws(ReplicaError)
}

extension SnapshotChunk {
    /// A chunk of `records`, which are in key order.
    package init(
        _ records: [ObjectRecord],
        at position: Position,
        tombFloor: Revision = .zero,
        isLast: Bool
    ) {
        var rows: [UInt8] = []
        for record in records { RowForm.append(record, to: &rows) }
        self.init(
            position: position,
            tombFloor: tombFloor,
            count: records.count,
            isLast: isLast,
            digest: Hashing.digest(rows),
            rows: rows
        )
    }

    /// Its records, each checked against its digest.
    ///
    /// - Throws: ``ReplicaError/refused(_:)``.
    package func records() throws(ReplicaError) -> [ObjectRecord] {
        var records: [ObjectRecord] = []
        try forEachRow { row, key throws(ReplicaError) in
            guard let digest = Digest(bytes: Array(rows[row.digest])) else {
                throw .refused("\(key) has no digest")
            }
            records.append(
                ObjectRecord(
                    key: key,
                    uid: UID(String(decoding: rows[row.uid], as: UTF8.self)),
                    version: Version(row.version),
                    revision: row.revision,
                    isDeleted: row.isDeleted,
                    body: Array(rows[row.body]),
                    digest: digest,
                    createdAt: Instant(unixMilliseconds: row.created),
                    updatedAt: Instant(unixMilliseconds: row.updated),
                    author: String(decoding: rows[row.author], as: UTF8.self)
                )
            )
        }
        return records
    }

    /// Hands over every row in key order, each checked against its own digest and the chunk's.
    func forEachRow(
        _ take: (RawRow, ObjectKey) throws(ReplicaError) -> Void
    ) throws(ReplicaError) {
        guard Hashing.digest(rows) == digest else {
            throw .refused("the digest of a chunk of \(count) rows does not match")
        }
        var place = 0
        var last: RawRow?
        for _ in 0..<count {
            guard let row = RawRow(rows, at: &place), let key = row.key(in: rows) else {
                throw .refused("byte \(place) of a chunk is no row")
            }
            if let last, !row.follows(last, in: rows) { throw .refused("\(key) is out of order") }
            guard !row.isDeleted || row.body.isEmpty else {
                throw .refused("\(key) is deleted and has a body")
            }
            let digest = ChainDigest.digest(ofBody: rows[row.body])
            guard rows[row.digest].elementsEqual(digest.bytes) else {
                throw .refused("the body of \(key) does not match its digest")
            }
            guard row.revision <= position.revision else {
                throw .refused("\(key) is newer than its chunk's \(position.revision)")
            }
            try take(row, key)
            last = row
        }
        guard place == rows.count else { throw .refused("a chunk has bytes behind its rows") }
    }
}
