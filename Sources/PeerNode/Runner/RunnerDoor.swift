// Where a runner hears from its node: one connection at a time, the newest counts.

package import LogSink
package import Platform
internal import Vocabulary

/// Carries a node's requests to the keeper, and the keeper's reports to the node.
package actor RunnerDoor {
    private let loop: EventLoop
    private let settings: RunnerSettings
    private let sink: any LogSink
    private let log: DaemonLog
    private var keeper: RunKeeper?
    private var listener: Socket?
    private var node: LineChannel?
    private var hasGreeted = false
    /// Kept locked while there are runs.
    private var hold: (path: String, lock: FileLock)?
    private(set) var isStopping = false
    /// Every run is reported.
    private var hasStopped = false
    private var isLeaving = false
    private var waiter: CheckedContinuation<Void, Never>?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    package init(loop: EventLoop, settings: RunnerSettings, sink: any LogSink, log: DaemonLog) {
        self.loop = loop
        self.settings = settings
        self.sink = sink
        self.log = log
    }

    /// Lets a node in, from now on.
    ///
    /// - Throws: ``SystemError`` if the socket cannot be made.
    package func open(_ keeper: RunKeeper) throws(SystemError) {
        self.keeper = keeper
        let listener = try Socket.listener(in: settings.doorFolder, called: RunnerPlace.socket)
        self.listener = listener
        loop.watch(listener.descriptor) { [weak self] in self?.assumeIsolated { $0.accept() } }
        lookAroundLater()
    }

    /// Returns once the runner has been told to stop, or nobody needs it.
    package func ended() async {
        guard !isLeaving else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter = $0 }
        } onCancel: {
            loop.call { self.assumeIsolated { $0.leave() } }
        }
    }

    package func close() {
        if let listener { loop.unwatch(listener.descriptor) }
        listener = nil
        node?.close()
        node = nil
        hold = nil
    }

    /// Passes a report on, if a node listens; it is asked for again by the next one.
    func tell(_ report: RunReport) {
        if hasGreeted { node?.send(RunnerNews.report(report).line) }
        releaseHold()
    }

    // MARK: Connections

    private func accept() {
        guard let socket = listener?.accept() else { return }
        guard socket.isOwnUser else { return log.warning("runner.stranger") }
        // What is about to leave takes no orders: the next runner will.
        guard !isStopping else { return }
        // A node that has started again is the only one: its former life is gone.
        node?.close()
        hasGreeted = false
        let channel = LineChannel(socket, on: loop)
        node = channel
        channel.start { [weak self, weak channel] event in
            self?.assumeIsolated { door in
                guard let channel, door.node === channel else { return }
                door.take(event)
            }
        }
    }

    private func take(_ event: LineChannel.Event) {
        switch event {
        case .ended:
            node = nil
            hasGreeted = false
            releaseHold()
            if !isStopping { lookAroundLater() } else if hasStopped { leave() }
        case .line(let line):
            guard let request = RunnerRequest(line: line) else {
                log.error("runner.unknown-word", ["bytes": "\(line.count)"])
                return
            }
            carryOut(request)
        }
    }

    private func carryOut(_ request: RunnerRequest) {
        guard let keeper else { return }
        if case .hello(let version, let address) = request {
            keeper.assumeIsolated { $0.nodeCame(servingAt: address) }
            return greet(version, keeper)
        }
        guard hasGreeted else { return }
        switch request {
        case .hello: break
        case .hold(let path): take(hold: path)
        case .rely(let trust): keeper.assumeIsolated { $0.rely(on: trust) }
        case .start(let order): keeper.assumeIsolated { $0.start(order) }
        case .kill(let order): keeper.assumeIsolated { $0.kill(order) }
        case .recorded(let run): keeper.assumeIsolated { $0.recorded(run) }
        case .callback(let number, let run, let token, let outcome):
            let isKnown = keeper.assumeIsolated {
                $0.callback(run, token: token, outcome: outcome)
            }
            node?.send(RunnerNews.callback(number, isKnown: isKnown).line)
        case .prune(let policy): prune(policy)
        case .stop(let grace): stop(grace)
        }
    }

    private func greet(_ version: Int64, _ keeper: RunKeeper) {
        guard let node else { return }
        node.send(RunnerNews.hello(version: runnerWordsVersion).line)
        guard version == runnerWordsVersion else {
            log.error("runner.other-version", ["node": "\(version)"])
            // Whom it does not understand cannot keep it here.
            node.close()
            self.node = nil
            return lookAroundLater()
        }
        hasGreeted = true
        let (active, reported) = keeper.assumeIsolated { ($0.activeOrders, $0.reported) }
        for order in active { node.send(RunnerNews.known(order).line) }
        for (order, report) in reported {
            node.send(RunnerNews.known(order).line)
            node.send(RunnerNews.report(report).line)
        }
        node.send(RunnerNews.ready.line)
    }

    // MARK: What it is asked

    private func take(hold path: String) {
        guard hold?.path != path else { return }
        do throws(SystemError) {
            let lock = try FileLock(path: path)
            guard try lock.tryLock() else { return }
            hold = (path, lock)
        } catch {
            log.warning("runner.no-hold", ["error": "\(error)"])
        }
    }

    /// Without a node and without runs there is no session to speak for.
    private func releaseHold() {
        guard node == nil, keeper?.assumeIsolated({ $0.active.isEmpty }) ?? true else { return }
        hold = nil
    }

    private func prune(_ policy: LogRetention) {
        Task { [sink, log] in
            do throws(LogError) {
                let count = try await sink.prune(policy)
                if count > 0 { log.info("logs.pruned", ["logs": "\(count)"]) }
            } catch {
                log.warning("prune.failed", ["error": "\(error)"])
            }
        }
    }

    private func stop(_ grace: Duration) {
        guard let keeper else { return }
        isStopping = true
        Task {
            await keeper.stopAll(grace: grace)
            hasStopped = true
            node?.send(RunnerNews.stopped.line)
            if node == nil { leave() }
        }
    }

    // MARK: Leaving

    private func lookAroundLater() {
        loop.call(at: SystemClock.monotonic.advanced(by: settings.patience)) { [weak self] in
            self?.assumeIsolated { $0.lookAround() }
        }
    }

    /// Leaves if nobody has come back, nothing runs and every log is written; what is not recorded
    /// is on the disk.
    private func lookAround() {
        guard node == nil, !isLeaving else { return }
        guard keeper?.assumeIsolated({ $0.active.isEmpty && !$0.isWriting }) ?? true else {
            return lookAroundLater()
        }
        leave()
    }

    private func leave() {
        isLeaving = true
        waiter?.resume()
        waiter = nil
    }
}
