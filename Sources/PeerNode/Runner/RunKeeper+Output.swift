// From a task's pipe to the log: batches, one write at a time, and no more than fits.

internal import LogSink
internal import Platform
internal import Vocabulary

extension RunKeeper {
    /// How long a line may wait for company.
    private static let flushDelay = Duration.milliseconds(50)

    func collect(_ bytes: [UInt8], from stream: LogStream, of run: RunID) {
        logs[run]?.collector.take(bytes, from: stream, at: SystemClock.wall)
        logs[run]?.printed(at: SystemClock.monotonic, company: Self.flushDelay)
        if logs[run]?.isFull == true, runs[run]?.isPaused == false {
            runs[run]?.isPaused = true
            runs[run]?.task?.pauseOutput()
        }
        write(run)
        armFlush()
    }

    func note(_ text: String, in run: RunID) {
        logs[run]?.collector.note(text, at: SystemClock.wall)
        armFlush()
    }

    /// Writes what is left of the log and closes it, after the run has been reported.
    func endLog(of run: RunID) {
        logs[run]?.end(at: SystemClock.wall)
        write(run)
    }

    private func armFlush() {
        guard !isFlushArmed else { return }
        isFlushArmed = true
        loop.call(at: SystemClock.monotonic.advanced(by: Self.flushDelay)) { [weak self] in
            self?.assumeIsolated { $0.flush() }
        }
    }

    private func flush() {
        isFlushArmed = false
        for run in logs.keys where logs[run]?.isWaiting == true {
            logs[run]?.isDue = true
            write(run)
        }
        if logs.values.contains(where: \.hasUnnotedFacts) { armFlush() }
    }

    /// Writes until there is nothing to do, unless somebody is at it.
    private func write(_ run: RunID) {
        guard logs[run]?.isWriting == false, let work = logs[run]?.next(at: SystemClock.monotonic)
        else { return }
        logs[run]?.isWriting = true
        Task { await write(work, of: run) }
    }

    private func write(_ first: RunLog.Work, of run: RunID) async {
        var next: RunLog.Work? = first
        while let work = next {
            do throws(LogError) {
                try await carryOut(work, of: run)
                logs[run]?.succeeded(work, at: SystemClock.wall)
            } catch {
                logs[run]?.failed(work)
                log.warning("log.failed", ["run": run.text, "error": "\(error)"])
            }
            resume(run)
            next = logs[run]?.next(at: SystemClock.monotonic)
            // A log that could not be opened is tried again with the next output, not at once.
            if case .open = work, case .open = next { next = nil }
        }
        logs[run]?.isWriting = false
        if logs[run]?.isComplete == true { logs[run] = nil }
        releaseStopWaiters()
    }

    private func carryOut(_ work: RunLog.Work, of run: RunID) async throws(LogError) {
        guard let entry = logs[run] else { return }
        switch work {
        case .open: try await sink.open(run, job: entry.job, keep: entry.keep)
        case .append(let batch): _ = try await sink.append(batch, to: run)
        case .note(let facts): try await sink.note(facts, of: run)
        case .close: try await sink.close(run)
        }
    }

    private func resume(_ run: RunID) {
        guard runs[run]?.isPaused == true, logs[run]?.hasRoom == true else { return }
        runs[run]?.isPaused = false
        runs[run]?.task?.resumeOutput()
    }
}
