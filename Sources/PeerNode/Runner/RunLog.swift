// The log of one run on its way to the sink.

internal import LogSink
internal import Vocabulary

/// What is still to be written of one run's log, in order.
struct RunLog {
    /// The next thing to do with the sink.
    enum Work {
        case open
        case append(LogBatch)
        case note(RunFacts)
        case close
    }

    let job: UID
    let keep: Retention
    var collector = OutputCollector()
    /// Whether somebody is writing already: one write at a time keeps the order.
    var isWriting = false
    /// Lines have waited long enough for company.
    var isDue = false
    private var lastPrinted: MonotonicInstant?
    private var isOpen = false
    private var isEnding = false
    private(set) var isComplete = false
    private var lostLines = 0
    private var progress = ProgressReader()
    private var facts = RunFacts()
    /// Whether the sink has yet to be told of the facts.
    private var hasNews = false
    private var lastNoted: MonotonicInstant?

    /// How often a run's facts are noted at most.
    private static let noteInterval = Duration.milliseconds(200)

    init(job: UID, keep: Retention) {
        self.job = job
        self.keep = keep
    }

    /// Whether the reader should stop until the sink has caught up.
    var isFull: Bool { collector.pendingBytes >= 4 * OutputCollector.batchLimit }
    /// Whether it may go on.
    var hasRoom: Bool { collector.pendingBytes <= OutputCollector.batchLimit }

    /// Output came: after a quiet moment it waits for no company, so that who follows sees it at
    /// once.
    mutating func printed(at now: MonotonicInstant, company: Duration) {
        if lastPrinted.map({ $0.duration(to: now) >= company }) ?? true { isDue = true }
        lastPrinted = now
    }

    /// Has these texts covered in what is printed from here on.
    mutating func hide(_ secrets: [[UInt8]]) {
        guard !secrets.isEmpty else { return }
        collector = OutputCollector(mask: SecretMask(secrets))
    }

    /// No more output comes.
    mutating func end(at now: Instant) {
        collector.endLines(at: now)
        isEnding = true
    }

    /// Whether something waits that nobody writes before it is asked for again.
    var isWaiting: Bool { !collector.isEmpty || hasUnnotedFacts }
    /// The facts came too soon after the last ones.
    var hasUnnotedFacts: Bool { hasNews && isOpen }

    /// The next write, or `nil` if there is nothing to do now.
    mutating func next(at now: MonotonicInstant) -> Work? {
        guard !isComplete else { return nil }
        guard isOpen else { return .open }
        if isDue || isEnding || collector.pendingBytes >= OutputCollector.batchLimit {
            let batch = collector.takeBatch()
            if !batch.isEmpty {
                read(batch)
                return .append(batch)
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

    mutating func succeeded(_ work: Work, at now: Instant) {
        switch work {
        case .open: isOpen = true
        case .close: isComplete = true
        case .append where lostLines > 0:
            collector.note("\(lostLines) lines are missing: the log store refused them", at: now)
            lostLines = 0
        case .append, .note: break
        }
    }

    /// Gives up what could not be written; the run itself goes on.
    ///
    /// A log that cannot be opened is tried again with the next output.
    mutating func failed(_ work: Work) {
        switch work {
        case .open:
            while case let batch = collector.takeBatch(), !batch.isEmpty {
                lostLines += batch.lineCount
            }
            isDue = false
            if isEnding { isComplete = true }
        case .append(let batch): lostLines += batch.lineCount
        // The next ones say all that these did.
        case .note: break
        case .close: isComplete = true
        }
    }
}
