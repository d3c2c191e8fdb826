// Somebody with a master: makes jobs, edits, pauses and deletes them, starts and kills runs.

internal import JobList
internal import LockLease
internal import Vocabulary

/// One master whose clock is right to a fraction of a second.
final class SimulatedMaster {
    unowned let world: World
    private var count = 0
    private(set) var names: [String] = []
    var isIdle = false
    /// From when each commit says that it holds; a new job holds from when the store has it.
    private(set) var declaredAt: [RequestID: Instant] = [:]

    init(_ world: World) { self.world = world }

    func key(_ name: String) -> ObjectKey { ObjectKey(tenant: "t", kind: .job, name: name) }

    private func request() -> RequestID {
        count += 1
        return RequestID("edit \(count)")
    }

    /// Makes a job; it is there at once.
    func create(_ name: String, _ job: Job, uid: UID) {
        names.append(name)
        put(job, key(name), expecting: .absent, uid: uid, declaredAt: nil)
    }

    /// Changes a job as it is now: reads it, edits it, commits if nobody was faster.
    func edit(_ name: String, _ change: @escaping (Job, Instant) -> Job?) {
        guard !isIdle else { return }
        world.send(.object(key(name)), from: -1) { [unowned self] reply in
            guard case .object(let record?) = reply, !record.isDeleted,
                let job = world.job(of: record)
            else { return }
            let now = world.instant(world.now)
            guard let edited = change(job, now) else {
                return commit([delete(record)], declaredAt: now)
            }
            put(
                world.mutant == .editWithoutEras ? edited.withoutEras : edited,
                record.key,
                expecting: .version(record.version),
                uid: record.uid,
                declaredAt: now
            )
        }
    }

    private func delete(_ record: ObjectRecord) -> ObjectEdit {
        ObjectEdit(
            key: record.key,
            expecting: .version(record.version),
            uid: record.uid,
            change: .delete
        )
    }

    private func put(
        _ job: Job,
        _ key: ObjectKey,
        expecting: EditExpectation,
        uid: UID,
        declaredAt: Instant?
    ) {
        let body = JobDocument.encodeBody(job)
        world.bodies[ChainDigest.digest(ofBody: body)] = job
        let edit = ObjectEdit(
            key: key,
            expecting: expecting,
            uid: uid,
            change: .put(body: body, gate: JobGate(job))
        )
        commit([edit], declaredAt: declaredAt)
    }

    private func commit(_ edits: [ObjectEdit], declaredAt: Instant?) {
        send(edits, request(), declaredAt, tries: 12)
    }

    private func send(
        _ edits: [ObjectEdit],
        _ id: RequestID,
        _ declaredAt: Instant?,
        tries: Int
    ) {
        if let declaredAt { self.declaredAt[id] = declaredAt }
        world.send(.commit(edits, id), from: -1) { [unowned self] reply in
            switch reply {
            case .committed(let batch):
                for record in batch.records {
                    world.inspector.acknowledged(record.uid, record.revision)
                }
                world.say("edit of \(edits[0].key.name): \(batch.position.revision)")
                for node in world.nodes where node.isUp {
                    world.carry(from: -1, to: node, "batch") { [unowned node] in
                        node.receive(batch)
                    }
                }
            case .failed(let error) where error.isOfReach && tries > 0:
                world.after(1_000, "again") { [unowned self] in
                    send(edits, id, declaredAt, tries: tries - 1)
                }
            case _: break
            }
        }
    }

    func trigger(_ name: String) {
        let id = request()
        world.send(.trigger(key(name), id), from: -1) { _ in }
    }

    /// Kills a run that is open now: recorded, and sent ahead to its node.
    func killAny() {
        let open = world.store.model.openRuns
        guard !open.isEmpty else { return }
        let run = world.pick(open)
        let order = KillOrder(
            run: run.id,
            author: "somebody",
            grace: world.draw(0...1) == 0 ? nil : .seconds(1),
            requestedAt: world.instant(world.now)
        )
        world.send(.kill(order), from: -1) { [unowned self] reply in
            guard case .runs = reply else { return }
            for node in world.nodes where node.isUp && node.name == run.node {
                world.carry(from: -1, to: node, "kill") { [unowned node] in node.kill(order) }
            }
        }
    }
}

extension Job {
    var withoutEras: Job {
        var job = self
        job.eras = []
        return job
    }
}
