// A node's copy of the list, and what it hears of the store.

internal import JobList
internal import LockLease
internal import PeerNode
internal import Scheduler
internal import Vocabulary

extension SimulatedNode {
    /// Takes over a batch that somebody passed on, if it follows what is here.
    func receive(_ batch: ChangeBatch) {
        guard batch.position.revision > disk.position.revision else { return }
        guard batch.previous == disk.position else { return catchUp() }
        apply(batch)
    }

    private func apply(_ batch: ChangeBatch) {
        disk.position = batch.position
        for record in batch.records { disk.records[record.key] = record }
        feed(batch.records)
    }

    /// Hands records to the scheduler, as `ListFollower` does.
    private func feed(_ records: [ObjectRecord]) {
        let (entries, removed) = know(records)
        if !removed.isEmpty { handle(.removed(removed)) }
        if !entries.isEmpty { handle(.put(entries)) }
        readPlacements(ofStickyAmong: entries)
    }

    /// Hands over the whole copy, as `ListLoader` does: what it says counts, also if that is older
    /// than what is known, and jobs that are not in it are gone.
    func loadAll() {
        known = [:]
        let records = disk.records.values.sorted { $0.key < $1.key }
        let (entries, _) = know(records)
        handle(.load(JobPage(whole: entries)))
        readPlacements(ofStickyAmong: entries)
    }

    /// Notes what each record says; answers the jobs that are there and those that are not.
    private func know(_ records: [ObjectRecord]) -> (entries: [JobEntry], removed: [UID]) {
        var entries: [JobEntry] = []
        var removed: [UID] = []
        for record in records where record.key.kind == .job {
            guard !record.isDeleted, let job = world.job(of: record) else {
                known[record.uid] = nil
                removed.append(record.uid)
                continue
            }
            let entry = JobEntry(
                uid: record.uid,
                name: record.key,
                revision: record.revision,
                job: job,
                createdAt: record.createdAt
            )
            known[record.uid] = Known(entry: entry, digest: record.digest)
            entries.append(entry)
        }
        return (entries, removed)
    }

    private func readPlacements(ofStickyAmong entries: [JobEntry]) {
        let sticky = entries.filter { $0.job.spec.route == .sticky }
        if !sticky.isEmpty { readPlacements(sticky.map(\.uid)) }
    }

    /// What this node has forged in its copy: a body that the store does not have.
    func forge(_ key: ObjectKey) {
        guard let record = disk.records[key], !record.isDeleted, var job = world.job(of: record)
        else { return }
        job.spec.description = "forged"
        let body = JobDocument.encodeBody(job)
        var forged = record
        forged.body = body
        forged.digest = ChainDigest.digest(ofBody: body)
        world.bodies[forged.digest] = job
        disk.records[key] = forged
        if isUp { feed([forged]) }
    }

    /// Gossip's comparison of copies has found and mended it.
    func mend(_ record: ObjectRecord) {
        guard let ours = disk.records[record.key], ours.revision == record.revision else { return }
        disk.records[record.key] = record
        if isUp { feed([record]) }
    }

    // MARK: From the store

    /// Brings the copy to the store's head, page by page.
    func catchUp() {
        guard !isCatchingUp else {
            isAskedAgain = true
            return
        }
        isCatchingUp = true
        ask(.head) { [unowned self] reply in
            guard case .pulse(let pulse) = reply else { return caughtUp(after: 1_000) }
            follow(TailPlan(have: disk.position, head: pulse.head))
        }
    }

    private func follow(_ plan: TailPlan) {
        var plan = plan
        switch plan.next {
        case .done(.storeAway): caughtUp(after: 1_000)
        case .done: caughtUp(after: nil)
        case .snapshot:
            ask(.snapshot) { [unowned self] reply in
                guard case .snapshot(let records, let position) = reply else {
                    return caughtUp(after: 1_000)
                }
                disk.records = [:]
                for record in records { disk.records[record.key] = record }
                disk.position = position
                loadAll()
                plan.installed(position)
                follow(plan)
            }
        case .changes(let revision):
            ask(.changes(revision)) { [unowned self] reply in
                switch reply {
                case .changes(let batches):
                    plan.took((batches, applied(batches)))
                    follow(plan)
                case .failed(.compacted):
                    plan.took(nil)
                    follow(plan)
                case _: caughtUp(after: 1_000)
                }
            }
        }
    }

    private func applied(_ batches: [ChangeBatch]) -> ApplyOutcome {
        for batch in batches where batch.position.revision > disk.position.revision {
            guard batch.previous == disk.position else {
                return .gap(have: disk.position, next: batch.previous)
            }
            apply(batch)
        }
        return .applied(disk.position)
    }

    /// - Parameter retry: When to try again; `nil`: it is done.
    private func caughtUp(after retry: Int64?) {
        isCatchingUp = false
        let isAsked = isAskedAgain
        isAskedAgain = false
        if let retry {
            world.after(retry, on: self, "catch-up") { [unowned self] in catchUp() }
        } else if isAsked {
            catchUp()
        }
    }

    /// Looks at the store's counters: at the start, and whenever it could not be asked.
    func look() {
        ask(.head) { [unowned self] reply in
            guard case .pulse(let pulse) = reply else {
                return world.after(1_000, on: self, "look") { [unowned self] in look() }
            }
            heed(pulse)
        }
    }

    /// Something has moved: edits, triggers, kills.
    func heed(_ pulse: StorePulse) {
        if pulse.head != disk.position {
            // Three members look at once, the others give gossip a second.
            let isTailer = index < 3
            world.after(isTailer ? 1 : 1_000, on: self, "tail") { [unowned self] in
                if disk.position != pulse.head { catchUp() }
            }
        }
        if pulse.triggers != lastPulse?.triggers { fetchTriggers() }
        if let lastPulse, pulse.kills != lastPulse.kills { handle(.hurry) }
        lastPulse = pulse
    }

    private func fetchTriggers() {
        ask(.triggers) { [unowned self] reply in
            guard case .triggers(let triggers, let next) = reply else {
                return world.after(200, on: self, "triggers") { [unowned self] in
                    fetchTriggers()
                }
            }
            handle(.triggers(triggers))
            nextTrigger = next
            guard let next else { return }
            let time = world.time(of: TriggerAlarm.time(of: next, at: wall))
            let due = clock.time(ofWall: time, from: world.now)
            // The product asks at least once a second, whatever its clock says.
            let delay = max(1, min(due - world.now, 30_000))
            world.after(delay, on: self, "trigger") { [unowned self] in
                if nextTrigger == next { fetchTriggers() }
            }
        }
    }
}

extension JobPage {
    /// A whole list on one page, each outline once.
    fileprivate init(whole entries: [JobEntry]) {
        self.init(outlines: [], rows: [], total: entries.count, isFirst: true, isLast: true)
        var places: [JobOutline: Int] = [:]
        for entry in entries {
            guard let uid = UIDBits(entry.uid) else {
                others.append(entry)
                continue
            }
            let outline = JobOutline(of: entry.job, in: entry.name.tenant)
            let place = places[outline] ?? outlines.count
            if place == outlines.count {
                places[outline] = place
                outlines.append(outline)
            }
            rows.append(
                Row(
                    uid: uid,
                    outline: place,
                    revision: entry.revision,
                    createdAt: entry.createdAt
                )
            )
        }
    }
}

extension World {
    /// The job that a record's body says; each body is read once.
    func job(of record: ObjectRecord) -> Job? {
        if let job = bodies[record.digest] { return job }
        guard let job = try? JobDocument.decodeBody(record.body) else { return nil }
        bodies[record.digest] = job
        return job
    }
}
