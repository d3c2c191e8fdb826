// A copy of the list in memory.

package import Gossip
package import Vocabulary

/// A copy of the list, by the rules a real copy has; as good for the store's own.
package struct ModelList {
    package private(set) var log: [ChangeBatch] = []
    package private(set) var records: [ObjectKey: ObjectRecord] = [:]
    package private(set) var position = Position.start
    /// Changes up to here are no longer kept.
    package private(set) var floor = Revision.zero

    /// Every position this copy ever had, oldest first.
    package private(set) var history: [Position] = [.start]

    /// What this copy refuses to take from members, as a damaged batch would be.
    package var refused: Set<Revision> = []
    /// How often it had to refuse.
    package private(set) var refusals = 0

    package init() {}

    /// Applies what follows, skips what is known, and stops at what does not fit.
    package mutating func apply(_ batches: [ChangeBatch], asTruth: Bool = false) -> ListOutcome {
        for batch in batches {
            if batch.position.revision <= position.revision { continue }
            if !asTruth, refused.contains(batch.position.revision) {
                refusals += 1
                return .refused(have: position, batch: batch.position.revision)
            }
            if batch.previous.revision > position.revision { return .gap(have: position) }
            guard batch.previous == position else { return .diverged(have: position) }
            log.append(batch)
            for record in batch.records { records[record.key] = record }
            move(to: batch.position)
        }
        return .applied(position)
    }

    /// What came after `revision`; `nil` if that is no longer kept.
    package func changes(after revision: Revision, limit: Int) -> [ChangeBatch]? {
        guard revision >= floor else { return nil }
        let first = log.lastIndex { $0.position.revision <= revision }.map { $0 + 1 } ?? 0
        return Array(log[first...].prefix(limit))
    }

    /// Replaces the copy by a snapshot.
    package mutating func install(_ records: [ObjectRecord], at position: Position) {
        self.records = [:]
        for record in records { self.records[record.key] = record }
        log = []
        floor = position.revision
        history = [position]
        self.position = position
    }

    /// Keeps the objects and forgets the changes that led to them.
    package mutating func compact() {
        log = []
        floor = position.revision
    }

    /// The batch that a store in this state would commit next.
    package func next(body: Int, epoch: UInt32 = 1) -> ChangeBatch {
        let revision = Revision(epoch: epoch, sequence: position.revision.sequence + 1)
        let name = "job-\(revision.sequence % 7)"
        let record = ObjectRecord(
            key: ObjectKey(tenant: "default", kind: .job, name: name),
            uid: UID(name),
            version: Version(Int64(revision.sequence)),
            revision: revision,
            isDeleted: revision.sequence % 11 == 0,
            body: [UInt8](repeating: UInt8(revision.sequence % 251), count: body),
            digest: Digest(high: revision.sequence, low: UInt64(epoch)),
            createdAt: .epoch,
            updatedAt: .epoch,
            author: "test"
        )
        let digest = Digest(
            high: SeededGenerator.mixed(position.digest.high ^ revision.sequence),
            low: SeededGenerator.mixed(position.digest.low ^ UInt64(epoch))
        )
        return ChangeBatch(
            previous: position,
            position: Position(revision: revision, digest: digest),
            records: [record]
        )
    }

    /// Loses the last `count` commits, as a failover may.
    package mutating func loseTail(_ count: Int) {
        let kept = Array(log.dropLast(count))
        self = ModelList()
        _ = apply(kept)
    }

    private mutating func move(to position: Position) {
        self.position = position
        history.append(position)
    }
}
