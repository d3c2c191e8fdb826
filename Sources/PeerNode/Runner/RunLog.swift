// The log of one run on its way to the sink.

internal import LogSink
internal import Vocabulary

/// What is still to be written of one run's log, in order.
struct RunLog {
    /// The next thing to do with the sink.
    enum Work {
        case open
        case append(LogBatch)
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

    /// The next write, or `nil` if there is nothing to do now.
    mutating func next() -> Work? {
        guard !isComplete else { return nil }
        guard isOpen else { return .open }
        if isDue || isEnding || collector.pendingBytes >= OutputCollector.batchLimit {
            let batch = collector.takeBatch()
            if !batch.isEmpty { return .append(batch) }
        }
        isDue = false
        return isEnding ? .close : nil
    }

    mutating func succeeded(_ work: Work, at now: Instant) {
        switch work {
        case .open: isOpen = true
        case .close: isComplete = true
        case .append where lostLines > 0:
            collector.note("\(lostLines) lines are missing: the log store refused them", at: now)
            lostLines = 0
        case .append: break
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
        case .close: isComplete = true
        }
    }
}
