// Carries out the runs of one node: tasks, their output, their ends and their reports.

internal import LockLease
package import LogSink
package import Platform
package import Vocabulary

/// Runs what it is ordered to and reports every run exactly once.
///
/// Everything happens on one loop; a thousand runs cost no thread each. A report comes when every
/// process of the run's session has ended (or would not end after KILL), so it may be passed on as
/// proof; it is noted on the disk first, and kept until ``recorded(_:)``. Output reaches the sink
/// within 50 ms or 64 KB; a task that prints faster than the sink takes is held up by its pipe.
///
/// Runs start and go on only for as long as the session that claimed them is trusted. Nobody has
/// to be there for that to end: trust runs out by itself.
package actor RunKeeper {
    struct Active {
        let order: RunOrder
        var machine: RunMachine
        var task: (any RunningTask)?
        var isPaused = false
        /// When its machine asked to be woken.
        var wakes: [MonotonicInstant] = []
    }

    /// Kills and reports that are remembered for runs that are not here.
    private static let memory = 1_024

    let loop: EventLoop
    let sink: any LogSink
    private let http: any HTTPSending
    private let host: TaskHost
    let journal: RunJournal
    let log: DaemonLog
    private let report: @Sendable (RunReport) -> Void
    private let reapsStrays: Bool
    var runs: [RunID: Active] = [:]
    var logs: [RunID: RunLog] = [:]
    /// What is left of logs that were given up.
    var remnants: [RunID: RunLog] = [:]
    var isFlushArmed = false
    private var alarm: MonotonicInstant?
    private var unchecked: Set<RunID> = []
    /// Not before then are the processes looked at again.
    private var nextCheck: MonotonicInstant?
    private var waiting: ArraySlice<RunOrder> = []
    private var nextReaping: MonotonicInstant?
    private var isStopping = false
    private var trust: SessionTrust?
    /// Where the node serves HTTP.
    private var nodeAddress: String?
    private var unrecorded: [RunID: (order: RunOrder, report: RunReport)] = [:]
    private var stopWaiters: [CheckedContinuation<Void, Never>] = []
    private var earlyKills = BoundedMap<KillOrder>(limit: memory)
    private var finished = BoundedMap<RunState>(limit: memory)

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// - Parameters:
    ///   - loop: Where everything happens; starting a child blocks it for about half a millisecond.
    ///   - sink: Where output goes. A sink that fails costs output, never a run.
    ///   - http: Sends the requests of HTTP tasks.
    ///   - host: What tasks are allowed and given here.
    ///   - dataFolder: The node's own folder; the keeper uses `runs` in it.
    ///   - reapsStrays: Whether every child of this process that ends is the keeper's.
    ///   - log: The node's log.
    ///   - report: Called on the loop, once per order that was not a repetition, and once for what
    ///     a previous life left.
    /// - Throws: ``SystemError`` if the folder cannot be made.
    package init(
        loop: EventLoop,
        sink: any LogSink,
        http: any HTTPSending,
        host: TaskHost = TaskHost(),
        dataFolder: String,
        reapsStrays: Bool = false,
        log: DaemonLog,
        report: @escaping @Sendable (RunReport) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.sink = sink
        self.http = http
        self.host = host
        self.log = log
        self.report = report
        self.reapsStrays = reapsStrays
        journal = try RunJournal(dataFolder: dataFolder)
    }

    /// The runs that have not been reported, in no order.
    package var active: [RunID] { Array(runs.keys) + waiting.map(\.grant.run) }
    /// Their orders.
    package var activeOrders: [RunOrder] { runs.values.map(\.order) + waiting }
    /// Whether a log is still being written.
    package var isWriting: Bool { !logs.isEmpty }
    /// What has been reported, and not recorded yet.
    package var reported: [(order: RunOrder, report: RunReport)] { Array(unrecorded.values) }

    /// Starts a run, if the session is trusted; an order for a run that is known already changes
    /// nothing.
    ///
    /// At most one starts in each turn of the loop: a start takes as long as hundreds of other
    /// things, and what says how long the session is trusted must not wait behind a thousand.
    package func start(_ order: RunOrder) {
        waiting.append(order)
        if waiting.count == 1 { startNextSoon() }
    }

    private func startNextSoon() {
        loop.call { [weak self] in self?.assumeIsolated { $0.startNext() } }
    }

    private func startNext() {
        guard let order = waiting.popFirst() else { return }
        if !waiting.isEmpty { startNextSoon() }
        begin(order)
    }

    private func begin(_ order: RunOrder) {
        let run = order.grant.run
        guard runs[run] == nil, finished[run] == nil, unrecorded[run] == nil else { return }
        runs[run] = Active(order: order, machine: RunMachine(RunMachine.Rules(order.spec)))
        logs[run] = RunLog(job: order.grant.key.job, keep: order.spec.keep)
        if isStopping {
            handle(.shutdown(patience: .zero), for: run)
        } else if let kill = earlyKills[run] {
            handle(.kill(author: kill.author, grace: kill.grace), for: run)
        } else {
            handle(.granted, for: run)
        }
    }

    /// Ends a run; one that is not here yet will not be started, one that is over is left alone.
    package func kill(_ order: KillOrder) {
        if runs[order.run] != nil {
            handle(.kill(author: order.author, grace: order.grace), for: order.run)
        } else if finished[order.run] == nil {
            earlyKills[order.run] = order
        }
    }

    /// Lets the runs of a session start and go on, and ends those of every other one, as `lost`;
    /// `nil` ends all.
    ///
    /// Once the time has passed they are ended all the same: others may start them again.
    package func rely(on trust: SessionTrust?) {
        let grace = trust?.grace ?? self.trust?.grace
        self.trust = trust
        endUntrusted(grace: grace)
        guard let trust else { return }
        loop.call(at: trust.until) { [weak self] in
            self?.assumeIsolated { $0.endUntrusted(grace: trust.grace) }
        }
    }

    private func isTrusted(_ order: RunOrder) -> Bool {
        trust.map { $0.session == order.session && SystemClock.monotonic < $0.until } ?? false
    }

    /// `grace`: The most there is between TERM and KILL.
    private func endUntrusted(grace: Duration?) {
        // Those that wait for their turn are reported when it comes.
        let untrusted = runs.filter { !isTrusted($0.value.order) }.map(\.key)
        guard !untrusted.isEmpty else { return }
        log.warning("runs.untrusted", ["count": "\(untrusted.count)"])
        for run in untrusted { handle(.sessionLost(grace: grace), for: run) }
    }

    /// The store has the end of `run`: nothing of it need be kept.
    package func recorded(_ run: RunID) {
        unrecorded[run] = nil
        forgetNote(of: run)
    }

    /// Forgets the note of a run that is recorded, and whose log is closed: the next life looks
    /// after what a note is left of.
    func forgetNote(of run: RunID) {
        guard runs[run] == nil, unrecorded[run] == nil, logs[run] == nil, remnants[run] == nil
        else { return }
        journal.forget(run)
    }

    /// Lets runs go on for `grace`, ends those that are left, and returns when all are reported
    /// and their logs closed; orders that come now are reported as `lost`.
    ///
    /// Takes at most `grace`, the longest grace between TERM and KILL, and a quarter of a minute.
    /// Logs that are not closed by then are left to the next life.
    package func stopAll(grace: Duration) async {
        isStopping = true
        while !waiting.isEmpty { startNext() }
        for run in active { handle(.shutdown(patience: grace), for: run) }
        await withCheckedContinuation { continuation in
            stopWaiters.append(continuation)
            releaseStopWaiters()
        }
    }

    /// The node is here, and serves HTTP there.
    package func nodeCame(servingAt address: String) {
        nodeAddress = address.isEmpty ? nil : address
    }

    /// Tells a run's machine what happened, and does what it says.
    func handle(_ event: RunMachine.Event, for run: RunID) {
        guard let actions = runs[run]?.machine.handle(event, at: SystemClock.monotonic) else {
            return
        }
        perform(actions, for: run)
    }

    /// Carries out the machine's actions in order.
    ///
    /// No `await` may appear here: an event handled between two actions would reorder them.
    private func perform(_ actions: [RunMachine.Action], for run: RunID) {
        for action in actions {
            switch action {
            case .start: launch(run)
            case .end(let signal): runs[run]?.task?.end(signal)
            case .checkTree: check(run)
            case .closeOutput: runs[run]?.task?.closeOutput()
            case .note(let text): note(text, in: run)
            case .wake(let due):
                runs[run]?.wakes.append(due)
                arm(for: due)
            case .finish(let state, let exit, let reason): finish(run, state, exit, reason)
            }
        }
    }

    private func launch(_ run: RunID) {
        guard let order = runs[run]?.order else { return }
        guard isTrusted(order) else {
            handle(.sessionLost(grace: nil), for: run)
            return handle(.startFailed("not started: its session is trusted no longer"), for: run)
        }
        do throws(SystemError) {
            try journal.intend(order)
        } catch {
            // Without a note its processes could outlive us unknown.
            handle(.startFailed("\(error); a run is not started without a note of it"), for: run)
            return
        }
        let secrets: [String: String]
        do throws(SecretResolver.Failure) {
            secrets = try host.secrets.values(of: order.spec.secrets)
        } catch {
            return handle(.startFailed("\(error)"), for: run)
        }
        let size = secrets.values.reduce(0) { $0 + $1.utf8.count }
        guard size <= SecretMask.byteLimit else {
            let why = """
                its secrets have \(size) bytes together, and no more than \(SecretMask.byteLimit) \
                can be kept out of its log. Name fewer or shorter ones
                """
            return handle(.startFailed(why), for: run)
        }
        logs[run]?.hide(secrets.values.map { Array($0.utf8) })
        do throws(SpawnError) {
            let task = try makeTask(order, secrets)
            runs[run]?.task = task
            recordLeader(of: run, task)
            log.debug("run.started", ["run": run.text, "job": order.name.description])
            handle(.started, for: run)
        } catch {
            handle(.startFailed("\(error)"), for: run)
        }
    }

    private func makeTask(
        _ order: RunOrder,
        _ secrets: [String: String]
    ) throws(SpawnError) -> any RunningTask {
        let run = order.grant.run
        let receive: TaskReceiver = { [weak self] event in
            self?.assumeIsolated { $0.take(event, of: run) }
        }
        let values = TaskVariables.values(for: order, secrets: secrets)
        switch order.spec.task {
        case .shell(let task):
            return try ShellRunner(
                task,
                for: order,
                at: host,
                secrets: secrets,
                on: loop,
                receive: receive
            )
        case .http(let task):
            return HTTPRunner(
                task,
                for: order,
                values: values,
                callback: makeCallback(of: run),
                addresses: host.addresses,
                through: http,
                on: loop,
                receive: receive
            )
        case .sql(let task):
            return SQLRunner(task, for: order, values: values, on: loop, receive: receive)
        }
    }

    /// Where the end of asynchronous work can be told, if the node has told its own address.
    private func makeCallback(of run: RunID) -> CallbackAddress? {
        guard let nodeAddress else { return nil }
        let token = CallbackAddress.makeToken()
        let url = "http://\(nodeAddress)/v1/runs/\(run.text)/callback/\(token)"
        return CallbackAddress(url: url, token: token)
    }

    /// The end of asynchronous work, told by whoever did it; answers whether the token is known.
    package func callback(_ run: RunID, token: String, outcome: CallbackOutcome) -> Bool {
        let task = runs[run]?.task as? HTTPRunner
        return task?.callback(token: token, outcome: outcome) ?? false
    }

    private func recordLeader(of run: RunID, _ task: any RunningTask) {
        guard let leader = task.processID.flatMap(ProcessTable.entry(of:)) else { return }
        do throws(SystemError) {
            try journal.record(run, leader: leader)
        } catch {
            // The first note stands; the next life finds the processes by their environment.
            log.warning("run.unrecorded", ["run": run.text, "error": "\(error)"])
        }
    }

    private func take(_ event: TaskEvent, of run: RunID) {
        switch event {
        case .output(let stream, let bytes): collect(bytes, from: stream, of: run)
        case .outputClosed: handle(.outputClosed, for: run)
        case .ended(let ending): handle(.ended(ending), for: run)
        }
    }

    private func finish(_ run: RunID, _ state: RunState, _ exit: ExitStatus?, _ reason: String) {
        guard let entry = runs.removeValue(forKey: run) else { return }
        entry.task?.release()
        let reason = logs[run]?.covered(reason) ?? reason
        log.debug("run.finished", ["run": run.text, "state": state.rawValue, "reason": reason])
        conclude(RunReport(entry.order.grant, state, exit, reason), of: entry.order)
        endLog(of: run)
        releaseStopWaiters()
    }

    /// Notes a report, then makes it.
    func conclude(_ made: RunReport, of order: RunOrder) {
        do throws(SystemError) {
            try journal.conclude(made, of: order)
        } catch {
            // It is lost only if this process ends before the store has it.
            log.warning("run.unnoted", ["run": made.run.text, "error": "\(error)"])
        }
        keep(made, of: order)
        report(made)
    }

    /// Keeps a report until the store has it.
    func keep(_ made: RunReport, of order: RunOrder) {
        finished[made.run] = made.state
        unrecorded[made.run] = (order, made)
    }
}

// MARK: Waiting

extension RunKeeper {
    /// Looks at the processes once for all runs that ask in this turn of the loop.
    ///
    /// A look takes the longer the more processes there are, and a burst of runs ends one by one:
    /// so looking takes at most a tenth of the loop's time, and a run that ends in a burst is
    /// reported a little later.
    private func check(_ run: RunID) {
        unchecked.insert(run)
        guard unchecked.count == 1 else { return }
        let look: @Sendable () -> Void = { [weak self] in
            self?.assumeIsolated { $0.checkTrees() }
        }
        if let nextCheck, nextCheck > SystemClock.monotonic {
            loop.call(at: nextCheck, look)
        } else {
            loop.call(look)
        }
    }

    private func checkTrees() {
        let asking = unchecked
        unchecked = []
        let begin = SystemClock.monotonic
        let look = ProcessLook()
        var isGone: [(RunID, Bool)] = []
        for run in asking { isGone.append((run, runs[run]?.task?.isGone(in: look) ?? true)) }
        if reapsStrays, nextReaping.map({ begin >= $0 }) ?? true {
            // A zombie costs nothing but its number; a look at all processes costs much.
            nextReaping = begin.advanced(by: .seconds(1))
            var leaders: Set<Int32> = []
            for entry in runs.values { entry.task?.processID.map { _ = leaders.insert($0) } }
            ChildReaper.reapStrays(in: look, sparing: leaders)
        }
        let end = SystemClock.monotonic
        nextCheck = end.advanced(by: min(begin.duration(to: end) * 9, .milliseconds(100)))
        for (run, isGone) in isGone { handle(isGone ? .treeGone : .treeAlive, for: run) }
    }

    /// Keeps one timer on the loop, for the earliest deadline of all runs.
    private func arm(for due: MonotonicInstant) {
        if let alarm, alarm <= due { return }
        alarm = due
        loop.call(at: due) { [weak self] in self?.assumeIsolated { $0.wake() } }
    }

    private func wake() {
        let now = SystemClock.monotonic
        if let alarm, alarm <= now { self.alarm = nil }
        for run in active where runs[run]?.wakes.contains(where: { $0 <= now }) == true {
            runs[run]?.wakes.removeAll { $0 <= now }
            handle(.deadlineReached, for: run)
        }
        guard let next = runs.values.flatMap(\.wakes).min() else { return }
        // A wake-up looks at every run: with thousands of them, not for each by itself.
        arm(for: max(next, now.advanced(by: .microseconds(10 * runs.count))))
    }

    /// Lets those go on who wait for the end, once every run is reported and every log closed.
    func releaseStopWaiters() {
        guard isStopping, runs.isEmpty, !stopWaiters.isEmpty else { return }
        guard logs.isEmpty else {
            // A sink that does not answer may not hold up the end for ever.
            let limit = SystemClock.monotonic.advanced(by: .seconds(5))
            loop.call(at: limit) { [weak self] in self?.assumeIsolated { $0.abandonLogs() } }
            return
        }
        let waiters = stopWaiters
        stopWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    private func abandonLogs() {
        guard isStopping, runs.isEmpty, !logs.isEmpty else { return }
        log.warning("log.abandoned", ["count": "\(logs.count)"])
        logs = [:]
        releaseStopWaiters()
    }
}
