// The node's end of the line to its runner: finds it, starts it, and never loses an order.

internal import LockLease
package import LogSink
package import Platform
package import Vocabulary

/// Hands orders to the runner and hears how they ended, over as many connections as it takes.
///
/// An order counts as handed over once its report has come: after a break the runner tells which
/// runs it knows, and what it does not know was never started and is ordered again. A report
/// comes again until ``recorded(_:)``.
package actor RunnerLink {
    /// What the node learns from here.
    package enum News: Sendable {
        /// Runs of this node's former life, with what they were started by.
        case known([RunOrder])
        case report(RunReport)
    }

    /// Starts a runner; the closure is called once it has ended.
    package typealias Launch =
        @Sendable (@escaping @Sendable () -> Void) throws(SystemError) -> DetachedProcess?

    private let loop: EventLoop
    private let dataFolder: String
    private let address: String
    private let launch: Launch
    private let log: DaemonLog
    private let patience: Duration
    private let tell: @Sendable (News) -> Void
    private var channel: LineChannel?
    private var isReady = false
    private var isClosed = false
    private var isWaitedFor = true
    private var process: DetachedProcess?
    private var failures = 0
    /// What has been ordered and not reported.
    private var ordered: [RunID: RunOrder] = [:]
    /// What the runner has told of since it was greeted.
    private var known: [RunID: RunOrder] = [:]
    /// The last that was said of it; `nil`: nothing yet.
    private var trust: SessionTrust??
    private var holdPath: String?
    private var callbackCount: Int64 = 0
    private var callbacks: [Int64: CheckedContinuation<Bool?, Never>] = [:]
    private var readyWaiters: [CheckedContinuation<Void, Never>] = []
    private var stopWaiter: CheckedContinuation<Void, Never>?
    private var stopGrace: Duration?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Nothing happens before ``open()``.
    ///
    /// `address`: Where this node serves HTTP.
    /// `patience`: How long a callback waits for the runner's word while the line stands.
    /// `launch`: Called on the loop when there is no runner.
    /// `tell`: Called on the loop, in order.
    package init(
        loop: EventLoop,
        dataFolder: String,
        address: String,
        log: DaemonLog,
        patience: Duration = .seconds(5),
        launch: @escaping Launch,
        tell: @escaping @Sendable (News) -> Void
    ) {
        self.loop = loop
        self.dataFolder = dataFolder
        self.address = address
        self.launch = launch
        self.log = log
        self.patience = patience
        self.tell = tell
    }

    // MARK: Orders

    package func start(_ order: RunOrder) {
        ordered[order.grant.run] = order
        send(.start(order))
    }

    package func kill(_ order: KillOrder) {
        send(.kill(order))
    }

    /// Whose runs may go on, and until when; `nil`: the session has ended, and with it every run.
    package func rely(on trust: SessionTrust?) {
        self.trust = .some(trust)
        send(.rely(trust))
    }

    /// The file that keeps the session from passing for dead while this node starts again.
    package func hold(_ path: String?) {
        holdPath = path
        if let path { send(.hold(path: path)) }
    }

    /// The store has the end of `run`.
    package func recorded(_ run: RunID) {
        send(.recorded(run))
    }

    /// Somebody has told the end of a run's asynchronous work; answers whether its token is known.
    ///
    /// `nil`: the runner does not answer, and nothing has come of it as far as is known.
    package func callback(_ run: RunID, token: String, outcome: CallbackOutcome) async -> Bool? {
        guard isReady else { return nil }
        callbackCount += 1
        let number = callbackCount
        send(.callback(number, run, token: token, outcome))
        let limit = SystemClock.monotonic.advanced(by: patience)
        loop.call(at: limit) { [weak self] in self?.assumeIsolated { $0.answer(number, nil) } }
        return await withCheckedContinuation { callbacks[number] = $0 }
    }

    private func answer(_ number: Int64, _ isKnown: Bool?) {
        callbacks.removeValue(forKey: number)?.resume(returning: isKnown)
    }

    package func prune(_ policy: LogRetention) {
        send(.prune(policy))
    }

    /// The runs the runner has, or is to have, by what this node knows.
    package var runs: Set<RunID> { Set(ordered.keys) }

    /// Connects, starting the runner if there is none, and returns once all that it knows is told.
    ///
    /// - Returns: Whether it is there; it may not be once nobody waits for it.
    @discardableResult
    package func open() async -> Bool {
        connect()
        if !isReady, isWaitedFor { await withCheckedContinuation { readyWaiters.append($0) } }
        return isReady
    }

    /// Lets ``open()`` return, now and from now on, although the runner is not there.
    package func stopWaiting() {
        isWaitedFor = false
        endWaiting()
    }

    private func endWaiting() {
        let waiters = readyWaiters
        readyWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    /// Ends every run, after `grace` at most, and the runner; returns when it has reported all.
    package func stop(grace: Duration) async {
        stopGrace = grace
        send(.stop(grace: grace))
        // Its own ladder is bounded; a runner that does not answer at all is left to itself.
        let limit = SystemClock.monotonic.advanced(by: grace + .seconds(60))
        loop.call(at: limit) { [weak self] in self?.assumeIsolated { $0.stopped() } }
        await withCheckedContinuation { stopWaiter = $0 }
    }

    /// Hangs up: the runner goes on.
    package func close() {
        isClosed = true
        channel?.close()
        channel = nil
        stopped()
    }

    private func send(_ request: RunnerRequest) {
        guard isReady else { return }
        channel?.send(request.line)
    }

    // MARK: The connection

    private func connect() {
        guard channel == nil, !isClosed else { return }
        do throws(SystemError) {
            let folder = RunnerPlace.folder(in: dataFolder)
            let socket = try Socket.connected(to: RunnerPlace.socket, in: folder)
            greet(LineChannel(socket, on: loop))
        } catch {
            failures += 1
            startProcess()
            // A runner needs some milliseconds to open its door, and longer to end orphans.
            connectLater()
        }
    }

    private func connectLater() {
        if failures % 50 == 49 {
            log.error(
                "runner.silent",
                ["attempts": "\(failures)", "next": "look for what it says above this line"]
            )
        }
        let pause = Duration.milliseconds(min(500, 5 * failures))
        loop.call(at: SystemClock.monotonic.advanced(by: pause)) { [weak self] in
            self?.assumeIsolated { $0.connect() }
        }
    }

    private func startProcess() {
        guard process == nil else { return }
        do throws(SystemError) {
            process = try launch { [weak self] in self?.assumeIsolated { $0.process = nil } }
        } catch {
            log.error("runner.not-started", ["error": "\(error)"])
        }
    }

    private func greet(_ channel: LineChannel) {
        self.channel = channel
        known = [:]
        channel.start { [weak self, weak channel] event in
            self?.assumeIsolated { link in
                guard let channel, link.channel === channel else { return }
                link.take(event)
            }
        }
        let hello = RunnerRequest.hello(version: runnerWordsVersion, address: address)
        channel.send(hello.line)
    }

    private func take(_ event: LineChannel.Event) {
        switch event {
        case .ended:
            let wasReady = isReady
            channel = nil
            isReady = false
            for number in callbacks.keys { answer(number, nil) }
            guard !isClosed else { return }
            if stopGrace != nil { return stopped() }
            guard wasReady else {
                failures += 1
                return connectLater()
            }
            log.warning("runner.gone")
            connect()
        case .line(let line):
            guard let news = RunnerNews(line: line) else {
                log.error("runner.unknown-news", ["bytes": "\(line.count)"])
                return
            }
            take(news)
        }
    }

    private func take(_ news: RunnerNews) {
        switch news {
        case .hello(let version):
            guard version != runnerWordsVersion else { return }
            log.error(
                "runner.other-version",
                ["runner": "\(version)", "next": "wait until its runs have ended"]
            )
        case .known(let order): known[order.grant.run] = order
        case .report(let report):
            if !isReady { tellKnown(report.run) }
            ordered[report.run] = nil
            known[report.run] = nil
            tell(.report(report))
        case .ready: becomeReady()
        case .callback(let number, let isKnown): answer(number, isKnown)
        case .stopped: stopped()
        }
    }

    /// Before the report of a run of a former life, what it was.
    private func tellKnown(_ run: RunID) {
        guard ordered[run] == nil, let order = known[run] else { return }
        tell(.known([order]))
    }

    private func becomeReady() {
        isReady = true
        failures = 0
        let strangers = known.filter { ordered[$0.key] == nil }
        let orders = strangers.values.sorted { $0.grant.run < $1.grant.run }
        if !orders.isEmpty { tell(.known(orders)) }
        if let holdPath { send(.hold(path: holdPath)) }
        if let trust { send(.rely(trust)) }
        for (run, order) in ordered.sorted(by: { $0.key < $1.key }) where known[run] == nil {
            send(.start(order))
        }
        ordered.merge(known) { ours, _ in ours }
        known = [:]
        if let stopGrace { send(.stop(grace: stopGrace)) }
        endWaiting()
    }

    private func stopped() {
        stopWaiter?.resume()
        stopWaiter = nil
    }
}
