// The shell around `SchedulerMachine`: claims at the store, starts what was granted.

package import LockLease
package import Platform
package import Scheduler
package import Vocabulary

/// Races for runs on behalf of this node, and starts those it wins.
package actor Dispatcher: ListHolder {
    /// What the dispatcher needs from the rest of the node.
    package struct World: Sendable {
        package let store: any LeaseStore
        package let start: @Sendable (RunOrder) -> Void
        package let settle: @Sendable ([SettledNote]) -> Void
        /// Tell the others that this node has no slot for these.
        package let pass: @Sendable ([SettledNote]) -> Void
        /// Tell the others where these jobs have started.
        package let place: @Sendable ([Placement]) -> Void
        /// The replica of these jobs is behind the store.
        package let refresh: @Sendable ([UID]) -> Void
        package let finish: @Sendable (Completions.Item) -> Void

        package init(
            store: any LeaseStore,
            start: @escaping @Sendable (RunOrder) -> Void,
            settle: @escaping @Sendable ([SettledNote]) -> Void,
            pass: @escaping @Sendable ([SettledNote]) -> Void,
            place: @escaping @Sendable ([Placement]) -> Void,
            refresh: @escaping @Sendable ([UID]) -> Void,
            finish: @escaping @Sendable (Completions.Item) -> Void
        ) {
            self.store = store
            self.start = start
            self.settle = settle
            self.pass = pass
            self.place = place
            self.refresh = refresh
            self.finish = finish
        }
    }

    private enum Work: Sendable {
        case claim(RequestID, [ClaimItem], SessionID)
        case readCursors([UID])
        case readPlacements([UID])
    }

    /// A job with the digest that a grant must name.
    private struct Known {
        let entry: JobEntry
        let digest: Digest
    }

    private let loop: EventLoop
    private let me: NodeName
    private let world: World
    private let log: DaemonLog
    private let slotLimit: Int
    private var machine: SchedulerMachine
    private var jobs: [UID: Known] = [:]
    private var session: SessionID?
    private var trustedUntil: MonotonicInstant?
    private var openRuns: [RunID: SessionID] = [:]
    private var isDraining = false
    private var nextWake: Instant?
    private var claims = ClaimCounts()
    private let work: AsyncStream<Work>
    private let queue: AsyncStream<Work>.Continuation

    package init(
        loop: EventLoop,
        me: NodeName,
        machine: SchedulerMachine,
        slots: Int,
        world: World,
        log: DaemonLog
    ) {
        self.loop = loop
        self.me = me
        self.machine = machine
        slotLimit = slots
        self.world = world
        self.log = log
        (work, queue) = AsyncStream.makeStream(of: Work.self)
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Races until the surrounding task is cancelled.
    package func run() async {
        handle(.slots(free: slotLimit))
        let stream = work
        await withDiscardingTaskGroup { group in
            for await item in stream {
                group.addTask { await self.perform(item) }
            }
        }
    }

    // MARK: What the node learns

    package func put(_ records: [(entry: JobEntry, digest: Digest)]) {
        for record in records {
            jobs[record.entry.uid] = Known(entry: record.entry, digest: record.digest)
        }
        handle(.put(records.map(\.entry)))
        let sticky = records.map(\.entry).filter { $0.job.spec.route == .sticky }
        if !sticky.isEmpty { queue.yield(.readPlacements(sticky.map(\.uid))) }
    }

    package func removed(_ uids: [UID]) {
        for uid in uids { jobs[uid] = nil }
        handle(.removed(uids))
    }

    package func removed(allBut uids: Set<UID>) {
        let gone = jobs.keys.filter { !uids.contains($0) }
        if !gone.isEmpty { removed(gone.sorted()) }
    }

    package func calendars(_ entries: [CalendarEntry]) {
        handle(.calendars(entries))
    }

    package func calendarsRemoved(_ names: [ObjectKey]) {
        handle(.calendarsRemoved(names))
    }

    package func members(_ candidates: [Candidate]) {
        handle(.members(candidates))
    }

    package func trusted(_ session: SessionID?, until: MonotonicInstant?) {
        self.session = session
        trustedUntil = until
        handle(.trusted(until: until))
    }

    package func triggers(_ triggers: [Trigger]) {
        handle(.triggers(triggers))
    }

    package func settled(_ notes: [SettledNote]) {
        handle(.settled(notes))
    }

    package func passed(_ notes: [SettledNote], by node: NodeName) {
        handle(.passed(notes, by: node))
    }

    package func ran(_ placements: [Placement]) {
        handle(.ran(placements))
    }

    /// Stops claiming; what runs goes on.
    package func drain(_ isDraining: Bool) {
        self.isDraining = isDraining
        handle(.slots(free: freeSlots))
    }

    /// A run has ended here; hands its completion on and gives its slot back.
    package func ended(_ report: RunReport) {
        guard let session = openRuns.removeValue(forKey: report.run) else { return }
        let policy = jobs[report.key.job]?.entry.job.spec.retries ?? RetryPolicy()
        world.finish(
            Completions.Item(
                session: session,
                completion: Completion(
                    run: report.run,
                    fence: report.fence,
                    state: report.state,
                    exit: report.exit,
                    reason: report.reason,
                    retryDelay: policy.delay(
                        beforeAttempt: report.key.attempt + 1,
                        chance: .random(in: 0..<1)
                    )
                )
            )
        )
        handle(.slots(free: freeSlots))
    }

    /// Whether the session may be relied on right now.
    package var isTrusted: Bool {
        trustedUntil.map { SystemClock.monotonic < $0 } ?? false
    }

    /// Waits until no run is open here, at most `limit`.
    package func allEnded(within limit: Duration) async {
        let deadline = SystemClock.monotonic.advanced(by: limit)
        while !openRuns.isEmpty, SystemClock.monotonic < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    package var status: (jobs: Int, openRuns: Int, slots: Int, isDraining: Bool) {
        (jobs.count, openRuns.count, slotLimit, isDraining)
    }

    /// What the scheduler is busy with.
    package var scheduling: SchedulerStatus { machine.status }
    /// What this node has asked of the store, and what came of it.
    package var claimCounts: ClaimCounts { claims }

    // MARK: The machine

    private var freeSlots: Int { isDraining ? 0 : max(0, slotLimit - openRuns.count) }

    private var now: Moment {
        Moment(wall: SystemClock.wall, monotonic: SystemClock.monotonic)
    }

    private func handle(_ event: SchedulerEvent) {
        perform(machine.handle(event, at: now))
    }

    /// Carries out the machine's actions in order.
    ///
    /// No `await` may appear here: an event handled between two actions would reorder them.
    private func perform(_ actions: [SchedulerAction]) {
        for action in actions {
            switch action {
            case .claim(let id, let items):
                guard let session else {
                    handle(.claimRefused(id))
                    continue
                }
                queue.yield(.claim(id, items, session))
            case .start(let grant): start(grant)
            case .readCursors(let uids): queue.yield(.readCursors(uids))
            case .settle(let notes): world.settle(notes)
            case .pass(let notes): world.pass(notes)
            case .ran(let placements): world.place(placements)
            case .refresh(let uids): world.refresh(uids)
            case .wake(let instant): wake(at: instant)
            }
        }
    }

    /// Wall time is turned into elapsed time late and in short steps: the wall clock may be set.
    private func wake(at instant: Instant) {
        let wall = SystemClock.wall
        let delay = min(max(.zero, wall.duration(to: instant)), .seconds(1))
        let due = wall.advanced(by: delay)
        if let nextWake, nextWake <= due, nextWake > wall { return }
        nextWake = due
        loop.call(at: SystemClock.monotonic.advanced(by: delay)) { [weak self] in
            self?.assumeIsolated { dispatcher in
                dispatcher.nextWake = nil
                dispatcher.handle(.deadlineReached)
            }
        }
    }

    // MARK: Starting

    /// Starts a granted run, unless what this node holds or trusts no longer permits it.
    private func start(_ grant: Grant) {
        guard let session else { return }
        openRuns[grant.run] = session
        guard let known = jobs[grant.key.job] else {
            return refuse(grant, "the job is not in this node's list")
        }
        // Forged or stale gossip starts nothing: the store names the body that may run.
        guard known.digest == grant.digest else {
            world.refresh([grant.key.job])
            return refuse(grant, "this node's copy of the job differs from the store's")
        }
        guard let trustedUntil, SystemClock.monotonic < trustedUntil else {
            return refuse(grant, "the session was no longer to be trusted when the claim came back")
        }
        log.info(
            "run.started",
            [
                "job": known.entry.name.name, "run": grant.run.text,
                "instant": "\(grant.key.instant)", "attempt": "\(grant.key.attempt)",
                "fence": "\(grant.fence.rawValue)",
            ]
        )
        world.start(
            RunOrder(grant: grant, name: known.entry.name, spec: known.entry.job.spec, node: me)
        )
    }

    /// Reports a granted run that was never started as lost.
    private func refuse(_ grant: Grant, _ why: String) {
        log.warning("run.not-started", ["run": grant.run.text, "reason": why])
        ended(
            RunReport(
                run: grant.run,
                key: grant.key,
                fence: grant.fence,
                state: .lost,
                exit: nil,
                reason: "not started: \(why)"
            )
        )
    }

    private func perform(_ work: Work) async {
        switch work {
        case .claim(let id, let items, let session): await claim(id, items, session)
        case .readCursors(let uids):
            do throws(StoreError) {
                handle(.cursors(try await world.store.cursors(of: uids)))
            } catch {
                log.debug("cursors.unavailable", ["error": "\(error)"])
                handle(.cursorsUnavailable(uids))
            }
        case .readPlacements(let uids): for uid in uids { await readPlacement(uid) }
        }
    }

    /// Looks up where a job last ran; if the store does not say, the job is free to go anywhere.
    private func readPlacement(_ uid: UID) async {
        var filter = RunFilter()
        filter.job = uid
        filter.limit = 1
        do throws(StoreError) {
            guard let last = try await world.store.runs(filter).first else { return }
            handle(.ran([Placement(job: uid, node: last.node, fence: last.fence)]))
        } catch {
            log.debug("placement.unavailable", ["job": uid.text, "error": "\(error)"])
        }
    }

    private func claim(_ id: RequestID, _ items: [ClaimItem], _ session: SessionID) async {
        do throws(StoreError) {
            claims.sent += 1
            claims.items += items.count
            let outcomes = try await world.store.claim(session, id: id, items: items)
            claims.note(outcomes)
            // Grants of a session that has ended meanwhile are lost already; nothing may start.
            guard session == self.session else { return handle(.claimRefused(id)) }
            handle(.claimed(id, outcomes))
        } catch {
            switch error {
            case .unknown:
                log.warning("claim.unknown", ["request": id.text, "error": "\(error)"])
                handle(.claimUnknown(id))
            case .unavailable, .sessionLost, .nodeNameInUse, .conflict, .compacted, .noSuchJob,
                .jobBusy, .historyRegressed, .anotherStore, .tooLarge, .full, .corrupt,
                .incompatible:
                log.warning("claim.refused", ["request": id.text, "error": "\(error)"])
                handle(.claimRefused(id))
            }
        }
    }
}

extension RetryPolicy {
    /// How long to wait before `attempt`: doubling from ``backoff``, half of it jitter, bounded.
    ///
    /// `attempt`: The attempt to come, from 2.
    /// `chance`: In `[0, 1)`.
    /// - SeeAlso: Brooker, "Exponential Backoff and Jitter", 2015.
    func delay(beforeAttempt attempt: Int, chance: Double) -> Duration {
        let doublings = min(max(0, attempt - 2), 30)
        let ceiling = min(backoffLimit, backoff * (1 << doublings))
        // Half of it is certain, so that a failing task cannot be tried again at once.
        return ceiling / 2 + ceiling / 2 * chance
    }
}
