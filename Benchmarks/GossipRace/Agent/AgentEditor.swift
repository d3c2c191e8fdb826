// Edits by an agent: into the store as a master does, or into the list alone.

internal import Gossip
internal import JobList
internal import LockLease
internal import PeerNode
internal import Platform
internal import RaceWords
internal import Sealing
internal import Vocabulary

/// Makes changes and hands them on as `Master.Editor` does after a commit.
struct AgentEditor {
    let replica: Replica
    let gossip: GossipDriver
    let store: (any LeaseStore)?
    let log: DaemonLog

    /// The part of a node that looks after the store; `nil` without a store.
    func storeWatch(isTailer: @escaping @Sendable () -> Bool) -> StoreWatch? {
        guard let store else { return nil }
        return StoreWatch(
            store: store,
            tailer: StoreTailer(store: store, list: replica),
            replica: replica,
            isTailer: isTailer,
            log: log,
            tell: { _ in }
        )
    }

    func carryOut(_ order: AgentOrder) async {
        do {
            switch order {
            case .publish(let count, let bytes):
                for _ in 0..<count { try await spread(try await next(bytes: bytes)) }
            case .commit(let count, let bytes, let perSecond, let isSpread):
                try await commit(count, bytes: bytes, perSecond: perSecond, isSpread: isSpread)
            }
        } catch {
            say("failed \(error)")
        }
    }

    private func spread(_ batch: ChangeBatch) async throws {
        _ = try await replica.apply([batch])
        await gossip.publish(batch)
    }

    /// A change that follows the list as it is here.
    private func next(bytes: Int) async throws -> ChangeBatch {
        let have = await replica.position()
        let sequence = have.revision.sequence + 1
        let revision = Revision(epoch: 1, sequence: sequence)
        let body = Self.body(bytes)
        let now = SystemClock.wall
        let record = ObjectRecord(
            key: ObjectKey(tenant: "default", kind: .job, name: "job-\(sequence % 10_000)"),
            uid: UID("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            version: Version(1),
            revision: revision,
            isDeleted: false,
            body: body,
            digest: ChainDigest.digest(ofBody: body),
            createdAt: now,
            updatedAt: now,
            author: "race"
        )
        let digest = ChainDigest.next(after: have.digest, revision: revision, records: [record])
        return ChangeBatch(
            previous: have,
            position: Position(revision: revision, digest: digest),
            records: [record]
        )
    }

    /// Commits at an even pace and says when each was committed.
    private func commit(
        _ count: Int,
        bytes: Int,
        perSecond: Int,
        isSpread: Bool
    ) async throws {
        guard let store else { throw RaceFailure("an agent without a store was to commit") }
        let began = SystemClock.monotonic
        for number in 0..<count {
            let due = began.advanced(by: .seconds(number) / perSecond)
            let wait = SystemClock.monotonic.duration(to: due)
            if wait > .zero { try await Task.sleep(for: wait) }
            let batch = try await store.commit(
                [Self.edit(number, bytes)],
                id: RequestID("race-\(SecureRandom.seed())"),
                author: "race"
            )
            say("committed \(batch.position.revision.sequence)")
            if isSpread { try await spread(batch) }
        }
    }

    private static func edit(_ number: Int, _ bytes: Int) -> ObjectEdit {
        ObjectEdit(
            key: ObjectKey(tenant: "default", kind: .job, name: "job-\(number % 200)"),
            expecting: .any,
            uid: UID("uid-\(number % 200)"),
            change: .put(
                body: body(bytes),
                gate: JobGate(
                    isEnabled: true,
                    overlap: .forbid,
                    retries: RetryPolicy(),
                    nodeLoss: .lost,
                    keep: Retention()
                )
            )
        )
    }

    private static func body(_ bytes: Int) -> [UInt8] {
        SecureRandom.bytes(bytes)
    }
}
