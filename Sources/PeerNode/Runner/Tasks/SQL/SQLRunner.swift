// SQL tasks: a statement on a thread of its own, whose rows are the run's output.

internal import LogSink
internal import ODBC
internal import Platform
internal import Synchronization
internal import Vocabulary

/// A statement under way.
///
/// TERM cancels it, and what it did is rolled back; KILL gives it up, whether or not the driver has
/// noticed: its thread may hang until the driver lets it go, but nobody waits for that.
final class SQLRunner: RunningTask, SQLWatch {
    private struct State {
        var canceller: Canceller?
        var isEnding = false
        /// A thread is telling the database that the statement is to end.
        var isCancelling = false
        /// The keeper has heard of the end, or does not want to.
        var isOver = false
        var isThreadGone = false
        var isCountedAsAbandoned = false
        var isPaused = false
        var output: [UInt8] = []
        var flushedAt: MonotonicInstant
    }

    /// Threads that drivers have not let go yet; beyond the limit no new ones are started.
    private static let abandoned = Atomic(0)
    private static let abandonedLimit = 64
    private static let batch = 65_536
    private static let flushDelay = Duration.milliseconds(100)

    /// How many threads hang in drivers although their runs were given up.
    static var abandonedThreads: Int { abandoned.load(ordering: .relaxed) }

    private let loop: EventLoop
    private let receive: TaskReceiver
    private let state = Mutex(State(flushedAt: SystemClock.monotonic))
    /// Closed while output is on its way that nobody has taken yet.
    private let room = ThreadGate(isOpen: true)

    /// Starts the statement of `task`, with `values` in its templates, if `rules` allow it; its
    /// events come after this has returned.
    init(
        _ task: SQLTask,
        for order: RunOrder,
        values: [String: String],
        rules: RuleSource,
        on loop: EventLoop,
        receive: @escaping TaskReceiver
    ) {
        self.loop = loop
        self.receive = receive
        let work: SQLWork
        do {
            work = try SQLWork(task, for: order, values: values, rule: rules.current())
        } catch let flaw as TaskTemplate.Flaw {
            fail(flaw.detail)
            return
        } catch {
            fail("the host's rule cannot be read: \(error)")
            return
        }
        guard Self.abandonedThreads < Self.abandonedLimit else {
            fail(
                "\(Self.abandonedLimit) statements that were given up still hang in their drivers; "
                    + "restart the node's runner"
            )
            return
        }
        do throws(SystemError) {
            try DetachedThread.start("rota-sql") { [self] in
                let ending = work.run(self)
                threadEnded(ending)
            }
        } catch {
            fail("\(error)")
        }
    }

    var processID: Int32? { nil }

    func end(_ signal: EndSignal, in look: ProcessLook) {
        let isFirst = state.withLock { state in
            defer { state.isEnding = true }
            return !state.isEnding
        }
        room.open()
        if isFirst { cancel() }
        // Not from within the call: the keeper is in the middle of its actions.
        if signal == .kill { loop.call { self.finish(.failed("the statement was given up")) } }
    }

    func isGone(in look: ProcessLook) -> Bool { state.withLock { $0.isOver } }

    func pauseOutput() {
        state.withLock { $0.isPaused = true }
    }

    func resumeOutput() {
        state.withLock { $0.isPaused = false }
        room.open()
    }

    func closeOutput() {}

    func release() {
        state.withLock { state in
            state.isOver = true
            state.isEnding = true
            state.output = []
        }
        room.open()
    }

    // MARK: Ending

    private func fail(_ why: String) {
        state.withLock { $0.isThreadGone = true }
        loop.call { self.finish(.failed(why)) }
    }

    /// Tells the database, again and again until it has heard: the first word may come before the
    /// statement has reached it.
    private func cancel() {
        let canceller: Canceller? = state.withLock { state in
            guard !state.isThreadGone, !state.isCancelling else { return nil }
            if state.canceller != nil { state.isCancelling = true }
            return state.canceller
        }
        if let canceller {
            do throws(SystemError) {
                try DetachedThread.start("rota-sql-end") { [self] in
                    canceller.cancel()
                    state.withLock { $0.isCancelling = false }
                }
            } catch {
                state.withLock { $0.isCancelling = false }
            }
        }
        let (isThreadGone, isOver) = state.withLock { ($0.isThreadGone, $0.isOver) }
        guard !isThreadGone else { return }
        let delay = isOver ? Duration.seconds(10) : .milliseconds(200)
        loop.call(at: SystemClock.monotonic.advanced(by: delay)) { self.cancel() }
    }

    private func threadEnded(_ ending: RunMachine.Ending) {
        flush()
        let wasGivenUp = state.withLock { state in
            state.isThreadGone = true
            state.canceller = nil
            return state.isCountedAsAbandoned
        }
        if wasGivenUp { Self.abandoned.subtract(1, ordering: .relaxed) }
        loop.call { self.finish(ending) }
    }

    /// Ends the task, once.
    private func finish(_ ending: RunMachine.Ending) {
        let isFirst = state.withLock { state in
            guard !state.isOver else { return false }
            state.isOver = true
            if !state.isThreadGone {
                state.isCountedAsAbandoned = true
                Self.abandoned.add(1, ordering: .relaxed)
            }
            return true
        }
        guard isFirst else { return }
        receive(.outputClosed)
        receive(.ended(ending))
    }
}

// MARK: What its thread says

extension SQLRunner {
    func check() throws(SQLFailure) {
        if state.withLock({ $0.isEnding }) { throw SQLFailure("it was ended before it was done") }
    }

    func begin(_ canceller: Canceller) throws(SQLFailure) {
        state.withLock { $0.canceller = canceller }
        try check()
    }

    func endStatement() {
        state.withLock { $0.canceller = nil }
    }

    func print(_ bytes: [UInt8]) {
        let now = SystemClock.monotonic
        let isDue = state.withLock { state in
            state.output += bytes
            return state.output.count >= Self.batch
                || state.flushedAt.advanced(by: Self.flushDelay) <= now
        }
        if isDue { flush() }
    }

    func note(_ text: String) {
        flush()
        hand(Array("\(text)\n".utf8), .note)
    }

    private func flush() {
        let output = state.withLock { state in
            defer { state.output = [] }
            state.flushedAt = SystemClock.monotonic
            return state.output
        }
        if !output.isEmpty { hand(output, .out) }
    }

    /// Hands over, and waits until the keeper has taken it and wants more.
    private func hand(_ bytes: [UInt8], _ stream: LogStream) {
        room.close()
        loop.call { [self] in
            guard !state.withLock({ $0.isOver }) else { return room.open() }
            receive(.output(stream, bytes))
            if !state.withLock({ $0.isPaused }) { room.open() }
        }
        // One that is to end waits for nobody.
        if state.withLock({ $0.isEnding }) { room.open() }
        room.pass()
    }
}
