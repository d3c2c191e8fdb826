import Gossip
import Vocabulary

/// A copy of the list in memory, by the rules a real copy has.
struct ModelList {
    private(set) var log: [ChangeBatch] = []
    private(set) var records: [ObjectKey: ObjectRecord] = [:]
    private(set) var position = Position.start
    /// Changes up to here are no longer kept.
    private(set) var floor = Revision.zero

    /// Every position this copy ever had, oldest first.
    private(set) var history: [Position] = [.start]

    /// What this copy refuses to take from members, as a damaged batch would be.
    var refused: Set<Revision> = []
    /// How often it had to refuse.
    private(set) var refusals = 0

    mutating func apply(_ batches: [ChangeBatch], asTruth: Bool = false) -> ListOutcome {
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

    func changes(after revision: Revision, limit: Int) -> [ChangeBatch]? {
        guard revision >= floor else { return nil }
        return Array(log.filter { $0.position.revision > revision }.prefix(limit))
    }

    mutating func install(_ records: [ObjectRecord], at position: Position) {
        self.records = [:]
        for record in records { self.records[record.key] = record }
        log = []
        floor = position.revision
        history = [position]
        self.position = position
    }

    mutating func compact() {
        log = []
        floor = position.revision
    }

    /// The batch that a store in this state would commit next.
    func next(body: Int, epoch: UInt32 = 1) -> ChangeBatch {
        let revision = Revision(epoch: epoch, sequence: position.revision.sequence + 1)
        let name = "job-\(revision.sequence % 7)"
        let record = ObjectRecord(
            key: ObjectKey(tenant: "default", kind: .job, name: name),
            uid: UID(name),
            version: Version(Int64(revision.sequence)),
            revision: revision,
            isDeleted: false,
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

    private mutating func move(to position: Position) {
        self.position = position
        history.append(position)
    }
}
