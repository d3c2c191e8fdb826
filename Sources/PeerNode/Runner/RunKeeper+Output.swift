// From a task's pipe to the log: batches, one write at a time, and no more than fits.

internal import LockLease
internal import LogSink
internal import Platform
internal import Vocabulary

extension RunKeeper {
    /// How long a line may wait for company.
    private static let flushDelay = Duration.milliseconds(50)
    /// How much output of all runs may wait in memory while the sink fails, and of each at least.
    private static let outageBytes = 32 << 20
    private static let smallestShare = 16_384
    /// How many logs that were given up are remembered, and ended together when the sink is back.
    private static let remnantLimit = 10_000
    private static let remnantStep = 16

    func collect(_ bytes: [UInt8], from stream: LogStream, of run: RunID) {
        let share = max(Self.smallestShare, Self.outageBytes / max(1, logs.count))
        logs[run]?.take(
            bytes,
            from: stream,
            within: share,
            company: Self.flushDelay,
            at: SystemClock.monotonic,
            SystemClock.wall
        )
        if logs[run]?.isFull == true, runs[run]?.isPaused == false {
            runs[run]?.isPaused = true
            runs[run]?.task?.pauseOutput()
        }
        write(run)
        armFlush()
    }

    func note(_ text: String, in run: RunID) {
        logs[run]?.note(text, at: SystemClock.wall)
        armFlush()
    }

    /// Writes what is left of the log and closes it, after the run has been reported.
    func endLog(of run: RunID) {
        logs[run]?.finish(at: SystemClock.monotonic, SystemClock.wall)
        write(run)
    }

    /// Ends the log that another life has left open, if it has, with `text` as its last line.
    func endLog(leftOpenBy order: RunOrder, saying text: String) {
        let run = order.grant.run
        logs[run] = RunLog(
            leftOpenBy: order,
            saying: text,
            at: SystemClock.monotonic,
            SystemClock.wall
        )
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
                let end = try await carryOut(work, of: run)
                logs[run]?.succeeded(work, end: end)
                endRemnants()
            } catch {
                // The first failure of an outage; hundreds more say no more.
                if logs[run]?.isFailing == false {
                    log.warning("log.failed", ["run": run.text, "error": "\(error)"])
                }
                logs[run]?.failed(work, error, at: SystemClock.monotonic, SystemClock.wall)
            }
            resume(run)
            next = logs[run]?.next(at: SystemClock.monotonic)
        }
        stopWriting(run)
    }

    /// Waits for what comes next, or for the next try, or forgets what is complete.
    private func stopWriting(_ run: RunID) {
        logs[run]?.isWriting = false
        if logs[run]?.isComplete == true {
            forgetLog(of: run)
        } else if let due = logs[run]?.retryAt {
            loop.call(at: due) { [weak self] in self?.assumeIsolated { $0.write(run) } }
        } else if logs[run]?.hasUnnotedFacts == true {
            armFlush()
        }
        releaseStopWaiters()
    }

    /// Answers where the log ends, if that is known by it.
    private func carryOut(_ work: RunLog.Work, of run: RunID) async throws(LogError) -> Int64? {
        guard let entry = logs[run] else { return nil }
        switch work {
        case .open: try await sink.open(run, job: entry.job, keep: entry.keep)
        case .find:
            let page = try await sink.read(run, from: .max, limit: 0)
            guard !page.isComplete else { throw .closed(run) }
            return page.end
        case .append(let batch, let start): return try await sink.append(batch, to: run, at: start)
        case .note(let facts): try await sink.note(facts, of: run)
        case .close: try await sink.close(run)
        }
        return nil
    }

    private func resume(_ run: RunID) {
        guard runs[run]?.isPaused == true, logs[run]?.hasRoom == true else { return }
        runs[run]?.isPaused = false
        runs[run]?.task?.resumeOutput()
    }

    private func forgetLog(of run: RunID) {
        guard let entry = logs.removeValue(forKey: run) else { return }
        if entry.lostBytes > 0 {
            log.warning("log.lost", ["run": run.text, "bytes": "\(entry.lostBytes)"])
        }
        if entry.isAbandoned, remnants.count < Self.remnantLimit {
            remnants[run] = entry.remnant(at: SystemClock.wall)
        }
        forgetNote(of: run)
    }

    /// The sink answers: so the logs that were given up can be ended.
    private func endRemnants() {
        for (run, entry) in remnants.prefix(Self.remnantStep) {
            remnants[run] = nil
            logs[run] = entry
            endLog(of: run)
        }
    }
}
