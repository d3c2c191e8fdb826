// The log of one run on its way to the sink.

internal import LockLease
internal import LogSink
internal import Vocabulary

/// What is still to be written of one run's log, in order.
///
/// What the sink does not take is kept and tried again, at the same place in the log, so that a
/// try that had come through after all leaves nothing twice. The pauses grow up to
/// ``longestPause``. Meanwhile the task is not held up: of what it prints, head and tail are kept,
/// as much as ``OutputBacklog`` is allowed. ``patience`` after the run's end the output is given
/// up; what is left then is ``remnant(at:)``, which says in the log how much went, once the sink is
/// back.
struct RunLog {
    /// The next thing to do with the sink.
    enum Work {
        case open
        /// Find out where the log ends.
        case find
        case append(LogBatch, at: Int64)
        case note(RunFacts)
        case close
    }

    /// How often a run's facts are noted at most.
    private static let noteInterval = Duration.milliseconds(200)
    /// For how long after the run's end its log is tried to be written.
    static let patience = Duration.seconds(60)
    static let firstPause = Duration.milliseconds(100)
    static let longestPause = Duration.seconds(5)

    let job: UID
    let keep: Retention
    var collector = OutputCollector()
    /// Whether somebody is writing already: one write at a time keeps the order.
    var isWriting = false
    /// Lines have waited long enough for company.
    var isDue = false
    private var mask = SecretMask.none
    private var lastPrinted: MonotonicInstant?
    private var isOpen = false
    /// Where the log ends; `nil`: to be found out, since another life has written it.
    private var end: Int64? = 0
    /// Lines that the sink has not taken yet, or not said so.
    private var untaken: LogBatch?
    private var isEnding = false
    private(set) var isComplete = false
    private var progress = ProgressReader()
    private var facts = RunFacts()
    /// Whether the sink has yet to be told of the facts.
    private var hasNews = false
    private var lastNoted: MonotonicInstant?
    /// Tries that have failed in a row.
    private(set) var failures = 0
    /// When the next try is due after one that failed.
    private(set) var retryAt: MonotonicInstant?
    private var giveUpAt: MonotonicInstant?
    /// Whether its time was over before the sink had all of it.
    private(set) var isAbandoned = false
    /// Bytes of lines that are in no log.
    private(set) var lostBytes = 0

    init(job: UID, keep: Retention) {
        self.job = job
        self.keep = keep
    }

    /// The log of a run of a previous life: `text` and its end are all that is left to be written,
    /// unless it is complete.
    init(
        leftOpenBy order: RunOrder,
        saying text: String,
        at now: MonotonicInstant,
        _ wall: Instant
    ) {
        self.init(job: order.grant.key.job, keep: order.spec.keep)
        isOpen = true
        end = nil
        note(text, at: wall)
        finish(at: now, wall)
    }

    /// Whether the reader should stop until the sink has caught up.
    var isFull: Bool { !isFailing && collector.pendingBytes >= 4 * OutputCollector.batchLimit }
    /// Whether it may go on; a sink that fails costs output, and does not hold up a run.
    var hasRoom: Bool { isFailing || collector.pendingBytes <= OutputCollector.batchLimit }
    var isFailing: Bool { failures > 0 }

    /// Output came; after a quiet moment it waits for no company, so that who follows sees it at
    /// once.
    ///
    /// `share`: How many bytes may wait while the sink fails.
    mutating func take(
        _ bytes: [UInt8],
        from stream: LogStream,
        within share: Int,
        company: Duration,
        at now: MonotonicInstant,
        _ wall: Instant
    ) {
        collector.limit = isFailing ? share : OutputCollector.pendingLimit
        collector.take(bytes, from: stream, at: wall)
        if lastPrinted.map({ $0.duration(to: now) >= company }) ?? true { isDue = true }
        lastPrinted = now
    }

    /// Adds a line of Rota's own.
    mutating func note(_ text: String, at wall: Instant) {
        collector.note(covered(text), at: wall)
    }

    /// Has these texts covered in what is printed and said from here on.
    mutating func hide(_ secrets: [[UInt8]]) {
        guard !secrets.isEmpty else { return }
        mask = SecretMask(secrets)
        collector = OutputCollector(mask: mask)
    }

    /// What may be said of the run: without its secrets, which the words of others may have in
    /// them.
    func covered(_ text: String) -> String {
        guard !mask.isEmpty else { return text }
        var filter = SecretFilter(mask)
        return String(decoding: filter.take(Array(text.utf8)) + filter.end(), as: UTF8.self)
    }

    /// No more output comes.
    mutating func finish(at now: MonotonicInstant, _ wall: Instant) {
        collector.endLines(at: wall)
        isEnding = true
        giveUpAt = now.advanced(by: Self.patience)
    }

    /// Whether something waits that nobody writes before it is asked for again.
    var isWaiting: Bool { !collector.isEmpty || hasUnnotedFacts }
    /// The facts came too soon after the last ones.
    var hasUnnotedFacts: Bool { hasNews && isOpen && !isFailing }

    /// The next write, or `nil` if there is nothing to do now.
    mutating func next(at now: MonotonicInstant) -> Work? {
        guard !isComplete else { return nil }
        if let retryAt, now < retryAt { return nil }
        guard isOpen else { return .open }
        guard let end else { return .find }
        if let untaken { return .append(untaken, at: end) }
        if isDue || isEnding || collector.pendingBytes >= OutputCollector.batchLimit {
            let batch = collector.takeBatch()
            if !batch.isEmpty {
                read(batch)
                untaken = batch
                return .append(batch, at: end)
            }
        }
        isDue = false
        if hasNews, isEnding || mayNote(at: now) {
            hasNews = false
            lastNoted = now
            return .note(facts)
        }
        return isEnding ? .close : nil
    }

    /// Notes what the task says of itself; secrets are covered in it already.
    private mutating func read(_ batch: LogBatch) {
        let lines = progress.read(batch)
        guard !lines.isEmpty else { return }
        facts.take(lines)
        hasNews = true
    }

    private func mayNote(at now: MonotonicInstant) -> Bool {
        lastNoted.map { $0.duration(to: now) >= Self.noteInterval } ?? true
    }
}

// MARK: - What came of it

extension RunLog {
    /// `end`: Where the log ends now, as far as `work` tells.
    mutating func succeeded(_ work: Work, end: Int64?) {
        failures = 0
        retryAt = nil
        switch work {
        case .open: isOpen = true
        case .find: self.end = end
        case .append:
            self.end = end
            untaken = nil
        case .note: break
        case .close: isComplete = true
        }
    }

    /// Has `work` done again later, unless that makes no sense or its time is over.
    mutating func failed(_ work: Work, _ error: LogError, at now: MonotonicInstant, _ wall: Instant)
    {
        switch error {
        case .closed:
            // For one that is left open by another life that is as it should be.
            if case .find = work { isComplete = true } else { giveUp() }
            return
        case .noSuchLog:
            switch work {
            case .find, .close:
                isComplete = true
                return
            case .open, .append, .note: beginAgain(at: wall)
            }
        case .gap(_, from: let present, to: let start):
            say("\(max(0, start - present)) bytes are missing here: the log store lost them", wall)
            end = present
        case .full, .unavailable, .misconfigured: break
        }
        // The next facts say all that these did.
        if case .note = work { hasNews = true }
        if let giveUpAt, now >= giveUpAt {
            isAbandoned = true
            return giveUp()
        }
        let pause = Self.firstPause * (1 << min(failures, 10))
        failures += 1
        retryAt = now.advanced(by: min(pause, Self.longestPause))
    }

    /// The sink knows nothing of a log that it had.
    private mutating func beginAgain(at wall: Instant) {
        if let end, end > 0 {
            say("\(end) bytes are missing here: the log store lost them", wall)
        }
        isOpen = false
        end = 0
    }

    /// Has `text` said before the lines that come next.
    private mutating func say(_ text: String, _ wall: Instant) {
        var batch = LogBatch([LogLine(stream: .note, at: wall, text: Array(text.utf8))])
        if let untaken { batch.append(untaken) }
        untaken = batch
    }

    private mutating func giveUp() {
        lostBytes = (untaken?.size ?? 0) + collector.discard()
        untaken = nil
        isComplete = true
    }

    /// What is to be written when the sink is back, of a log that was given up because it was away:
    /// how much is missing, and the end.
    func remnant(at wall: Instant) -> RunLog {
        var rest = RunLog(job: job, keep: keep)
        rest.isOpen = isOpen
        rest.end = nil
        if lostBytes > 0 {
            rest.note(
                "\(lostBytes) bytes are missing here: the log store did not take them in time",
                at: wall
            )
        }
        return rest
    }
}
