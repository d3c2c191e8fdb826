// The shell around `SchedulerMachine`: claims at the store, starts what was granted.

package import JobList
package import LockLease
package import Platform
package import Scheduler
package import Vocabulary

/// Races for runs on behalf of this node, and starts those it wins.
package actor Dispatcher: ListHolder {
    /// What the dispatcher needs from the rest of the node.
    package struct World: Sendable {
        package let store: any LeaseStore
        /// What these jobs are, those that can be read right now.
        package let definitions: @Sendable ([UID]) async -> [UID: JobDefinition]
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
            definitions: @escaping @Sendable ([UID]) async -> [UID: JobDefinition],
            start: @escaping @Sendable (RunOrder) -> Void,
            settle: @escaping @Sendable ([SettledNote]) -> Void,
            pass: @escaping @Sendable ([SettledNote]) -> Void,
            place: @escaping @Sendable ([Placement]) -> Void,
            refresh: @escaping @Sendable ([UID]) -> Void,
            finish: @escaping @Sendable (Completions.Item) -> Void
        ) {
            self.store = store
            self.definitions = definitions
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

    private struct OpenRun {
        let session: SessionID
        /// How its job is tried again; `nil`: it was never started.
        let retries: RetryPolicy?
    }

    private let loop: EventLoop
    private let me: NodeName
    private let world: World
    private let log: DaemonLog
    private let slotLimit: Int
    private var machine: SchedulerMachine
    /// What the jobs of each claim under way are, read before it was sent.
    private var definitions: [RequestID: [UID: JobDefinition]] = [:]
    /// How many outlines the list that is being loaded has so far, and which stay where they ran.
    private var loadedOutlines: (count: Int, sticky: Set<Int>) = (0, [])
    /// Those of the claim whose answer is being carried out.
    private var granted: [UID: JobDefinition] = [:]
    private var session: SessionID?
    private var trustedUntil: MonotonicInstant?
    private var openRuns: [RunID: OpenRun] = [:]
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

    package func put(_ entries: [JobEntry]) {
        handle(.put(entries))
        let sticky = entries.filter { $0.job.spec.route == .sticky }
        if !sticky.isEmpty { queue.yield(.readPlacements(sticky.map(\.uid))) }
    }

    package func load(_ page: JobPage) {
        handle(.load(page))
        if page.isFirst { loadedOutlines = (0, []) }
        for (place, outline) in page.outlines.enumerated()
        where outline.job.spec.route == .sticky {
            loadedOutlines.sticky.insert(loadedOutlines.count + place)
        }
        loadedOutlines.count += page.outlines.count
        let sticky = page.rows.filter { loadedOutlines.sticky.contains($0.outline) }
        let uids =
            sticky.map(\.uid.uid)
            + page.others.filter { $0.job.spec.route == .sticky }.map(\.uid)
        if !uids.isEmpty { queue.yield(.readPlacements(uids)) }
    }

    package func removed(_ uids: [UID]) {
        handle(.removed(uids))
    }

    package func load(_ calendars: [CalendarEntry]) {
        handle(.loadCalendars(calendars))
    }

    package func calendars(_ entries: [CalendarEntry]) {
        handle(.calendars(entries))
    }

    package func calendarsRemoved(_ names: [ObjectKey]) {
        handle(.calendarsRemoved(names))
    }

    package func calendarsRemoved(allBut kept: Set<ObjectKey>) {
        let gone = machine.calendarNames.subtracting(kept)
        if !gone.isEmpty { handle(.calendarsRemoved(gone.sorted())) }
    }

    package func members(_ candidates: [Candidate]) {
        handle(.members(candidates))
    }

    package func trusted(_ session: SessionID?, until: MonotonicInstant?) {
        // The machine drops its requests with the session; none is sent again.
        if session != self.session { definitions = [:] }
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

    /// Runs of this node's former life are still under way, or their ends are about to be told.
    package func adopt(_ orders: [RunOrder]) {
        for order in orders {
            openRuns[order.grant.run] = OpenRun(
                session: order.session,
                retries: order.spec.retries
            )
        }
        handle(.slots(free: freeSlots))
    }

    /// A run has ended here; hands its completion on and gives its slot back.
    package func ended(_ report: RunReport) {
        guard let run = openRuns.removeValue(forKey: report.run) else { return }
        let policy = run.retries ?? RetryPolicy()
        world.finish(
            Completions.Item(
                session: run.session,
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

    /// Those of `open`, just read from the store, that no claim of this life has won.
    ///
    /// A claim may be in the store whose answer is still on its way: so every claim that is under
    /// way now is waited for, at most `limit`; then `nil` is answered rather than a guess.
    package func unknown(
        among open: [RunRecord],
        within limit: Duration
    ) async -> [RunRecord]? {
        let underWay = Set(definitions.keys)
        let deadline = SystemClock.monotonic.advanced(by: limit)
        while !underWay.isDisjoint(with: definitions.keys) {
            guard SystemClock.monotonic < deadline, !Task.isCancelled else { return nil }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return open.filter { openRuns[$0.id] == nil }
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
        (machine.status.jobs, openRuns.count, slotLimit, isDraining)
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
        // All that was granted takes its slot before any of it gives one back.
        for case .start(let grant) in actions { open(grant) }
        var refused: [(grant: Grant, why: String)] = []
        for action in actions {
            switch action {
            case .claim(let id, let items):
                guard let session else {
                    handle(.claimRefused(id))
                    continue
                }
                queue.yield(.claim(id, items, session))
            case .start(let grant):
                if let why = start(grant) { refused.append((grant, why)) }
            case .readCursors(let uids): queue.yield(.readCursors(uids))
            case .settle(let notes): world.settle(notes)
            case .pass(let notes): world.pass(notes)
            case .ran(let placements): world.place(placements)
            case .refresh(let uids): world.refresh(uids)
            case .wake(let instant): wake(at: instant)
            }
        }
        for (grant, why) in refused { refuse(grant, why) }
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

    private func open(_ grant: Grant) {
        guard let session else { return }
        let retries = granted[grant.key.job]?.spec.retries
        openRuns[grant.run] = OpenRun(session: session, retries: retries)
    }

    /// Starts a granted run, unless what this node holds or trusts no longer permits it.
    ///
    /// - Returns: Why it was not started.
    private func start(_ grant: Grant) -> String? {
        guard let session else { return nil }
        guard let known = granted[grant.key.job] else {
            return "the job is not in this node's list"
        }
        // Forged or stale gossip starts nothing: the store names the body that may run.
        guard known.digest == grant.digest else {
            world.refresh([grant.key.job])
            return "this node's copy of the job differs from the store's"
        }
        guard let trustedUntil, SystemClock.monotonic < trustedUntil else {
            return "the session was no longer to be trusted when the claim came back"
        }
        log.info(
            "run.started",
            [
                "job": known.name.name, "run": grant.run.text,
                "instant": "\(grant.key.instant)", "attempt": "\(grant.key.attempt)",
                "fence": "\(grant.fence.rawValue)",
            ]
        )
        world.start(
            RunOrder(
                grant: grant,
                name: known.name,
                spec: known.spec,
                node: me,
                session: session
            )
        )
        return nil
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
        guard let items = await defined(id, items, session) else { return }
        do throws(StoreError) {
            claims.sent += 1
            claims.items += items.count
            let outcomes = try await world.store.claim(session, id: id, items: items)
            claims.note(outcomes)
            // Grants of a session that has ended meanwhile are lost already; nothing may start.
            guard session == self.session else { return refused(id) }
            granted = definitions.removeValue(forKey: id) ?? [:]
            handle(.claimed(id, outcomes))
            granted = [:]
        } catch {
            switch error {
            case .unknown:
                log.warning("claim.unknown", ["request": id.text, "error": "\(error)"])
                handle(.claimUnknown(id))
            case .unavailable, .sessionLost, .nodeNameInUse, .conflict, .compacted, .noSuchJob,
                .jobBusy, .historyRegressed, .anotherStore, .tooLarge, .full, .corrupt,
                .incompatible:
                log.warning("claim.refused", ["request": id.text, "error": "\(error)"])
                refused(id)
            }
        }
    }

    /// The items that may be claimed: what cannot be read could not be started either.
    ///
    /// Looked up once for each request: one that is sent again must name the same items. `nil`:
    /// there are none.
    private func defined(
        _ id: RequestID,
        _ items: [ClaimItem],
        _ session: SessionID
    ) async -> [ClaimItem]? {
        guard definitions[id] == nil else { return items }
        let found = await world.definitions(items.map(\.job))
        guard session == self.session else {
            refused(id)
            return nil
        }
        let missing = Set(items.map(\.job)).filter { found[$0] == nil }
        definitions[id] = found
        guard !missing.isEmpty else { return items }
        handle(.withdrawn(id, missing.sorted()))
        let rest = items.filter { !missing.contains($0.job) }
        if rest.isEmpty { definitions[id] = nil }
        return rest.isEmpty ? nil : rest
    }

    private func refused(_ id: RequestID) {
        definitions[id] = nil
        handle(.claimRefused(id))
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
