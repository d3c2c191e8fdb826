// The life of one run from its grant to its report: every way to end it is the same ladder.

internal import Platform
package import Vocabulary

/// Starts a run and ends it, once.
///
/// Timeout, kill, lost session and shutdown all end a run the same way: TERM to every process,
/// grace, KILL, and a report only when every process is gone, so that a kill that has been
/// reported is true. All waiting is bounded. A run that ends by itself ends with its main process:
/// what that left behind may print for a short while and is then ended too.
package struct RunMachine: Equatable, Sendable {
    private enum Phase: Equatable {
        case idle
        case starting
        case running
        /// The task is over or is being ended; the step is done at its deadline.
        case closing(Step, until: MonotonicInstant)
        case finished
    }

    private enum Step: Equatable {
        /// The main process ended by itself; others of its session or its pipe are left.
        case lingering
        case terminating
        case killing
        /// Every process is gone; somebody outside the session still holds the pipe.
        case flushing
    }

    /// Why Rota ends the run.
    private enum Stop: Equatable {
        case timeout(Duration)
        case killed(by: String)
        case sessionLost
        case shutdown
    }

    private let rules: Rules
    private var phase = Phase.idle
    /// The first cause; set only while the main process was still there.
    private var stop: Stop?
    /// How long the task was given between TERM and KILL.
    private var givenGrace: Duration?
    /// The grace of a stop that came while the task was being started.
    private var pendingGrace: Duration?
    private var timeoutAt: MonotonicInstant?
    private var shutdownAt: MonotonicInstant?
    private var nextPoll: MonotonicInstant?
    private var ending: Ending?
    private var isTreeGone = false
    private var isOutputClosed = false
    private var ignoredTerm = false
    private var survivedKill = false

    package init(_ rules: Rules) {
        self.rules = rules
    }

    package var isFinished: Bool { phase == .finished }

    /// Whether the main process has not exited.
    package var isTaskUnderWay: Bool { ending == nil && phase != .idle && phase != .finished }

    package mutating func handle(_ event: Event, at now: MonotonicInstant) -> [Action] {
        guard phase != .finished else { return [] }
        switch event {
        case .granted:
            guard phase == .idle else { return [] }
            phase = .starting
            return [.start]
        case .started:
            return started(at: now)
        case .startFailed(let why):
            guard phase == .starting else { return [] }
            ending = .failed(why)
            return [.note(why)] + finish()
        case .ended(let ending):
            return ended(ending, at: now)
        case .outputClosed:
            isOutputClosed = true
            return settle(at: now)
        case .treeGone:
            // Before the main process has exited, the answer is to an older question.
            guard ending != nil else { return [] }
            isTreeGone = true
            return settle(at: now)
        case .treeAlive:
            return []
        case .kill(let author, let grace):
            return end(.killed(by: author), grace: grace ?? rules.grace, at: now)
        case .sessionLost(let most):
            return end(.sessionLost, grace: min(most ?? rules.grace, rules.grace), at: now)
        case .shutdown(let patience):
            return shutDown(patience: patience, at: now)
        case .deadlineReached:
            return deadlineReached(at: now)
        }
    }

    private mutating func started(at now: MonotonicInstant) -> [Action] {
        guard phase == .starting else { return [] }
        phase = .running
        if stop != nil { return terminate(grace: pendingGrace ?? rules.grace, at: now) }
        timeoutAt = rules.timeout.map(now.advanced(by:))
        return timeoutAt.map { [.wake(at: $0)] } ?? []
    }

    private mutating func ended(_ ending: Ending, at now: MonotonicInstant) -> [Action] {
        guard self.ending == nil else { return [] }
        switch phase {
        case .idle, .finished:
            return []
        case .starting, .running:
            self.ending = ending
            phase = .closing(.lingering, until: now.advanced(by: rules.lingering))
            return [.checkTree, .wake(at: now.advanced(by: rules.lingering))] + poll(at: now)
        case .closing:
            self.ending = ending
            return [.checkTree] + poll(at: now)
        }
    }

    private mutating func shutDown(patience: Duration, at now: MonotonicInstant) -> [Action] {
        guard patience > .zero, phase != .idle else {
            return end(.shutdown, grace: rules.grace, at: now)
        }
        let due = now.advanced(by: patience)
        shutdownAt = shutdownAt.map { min($0, due) } ?? due
        return [.wake(at: due)]
    }

    /// Ends the run because of `cause`; a second cause can only shorten what is left of the grace.
    private mutating func end(
        _ cause: Stop,
        grace: Duration,
        at now: MonotonicInstant
    ) -> [Action] {
        if ending == nil, stop == nil { stop = cause }
        switch phase {
        case .idle:
            return [.note(words(for: cause))] + finish()
        case .starting:
            pendingGrace = min(pendingGrace ?? grace, grace)
            return []
        case .running:
            return terminate(grace: grace, at: now)
        case .closing(.lingering, _):
            // The outcome stands already; only what was left behind goes sooner.
            return terminate(grace: grace, at: now)
        case .closing(.terminating, let until):
            let sooner = now.advanced(by: grace)
            givenGrace = min(givenGrace ?? grace, grace)
            guard sooner < until else { return [] }
            phase = .closing(.terminating, until: sooner)
            return grace > .zero ? [.wake(at: sooner)] : kill(at: now)
        case .closing(.killing, _), .closing(.flushing, _), .finished:
            return []
        }
    }

    private mutating func terminate(grace: Duration, at now: MonotonicInstant) -> [Action] {
        let note = stop.map { [Action.note(words(for: $0))] } ?? []
        if stop != nil { givenGrace = grace }
        guard grace > .zero else { return note + kill(at: now) }
        let until = now.advanced(by: grace)
        phase = .closing(.terminating, until: until)
        return note + [.end(.terminate), .wake(at: until)]
    }

    private mutating func kill(at now: MonotonicInstant) -> [Action] {
        let until = now.advanced(by: rules.killPatience)
        phase = .closing(.killing, until: until)
        return [.end(.kill), .wake(at: until)] + poll(at: now)
    }

    /// Asks for the next look at the processes.
    private mutating func poll(at now: MonotonicInstant) -> [Action] {
        let next = now.advanced(by: rules.poll)
        nextPoll = next
        return [.wake(at: next)]
    }

    private mutating func deadlineReached(at now: MonotonicInstant) -> [Action] {
        switch phase {
        case .idle, .starting, .finished:
            return []
        case .running:
            if let timeout = rules.timeout, let timeoutAt, now >= timeoutAt {
                return end(.timeout(timeout), grace: rules.grace, at: now)
            }
            if let shutdownAt, now >= shutdownAt {
                return end(.shutdown, grace: rules.grace, at: now)
            }
            return []
        case .closing(let step, let until):
            guard now < until else { return finishStep(step, at: now) }
            guard let nextPoll, now >= nextPoll, !isTreeGone else { return [] }
            // A process that was being born during the last KILL is caught by the next one.
            let again: [Action] = step == .killing ? [.end(.kill)] : []
            return again + (ending == nil ? [] : [.checkTree]) + poll(at: now)
        }
    }

    private mutating func finishStep(_ step: Step, at now: MonotonicInstant) -> [Action] {
        switch step {
        case .lingering where !isTreeGone:
            let note = "the task is over; processes that it left behind are ended"
            return [.note(note)] + terminate(grace: rules.leftoverGrace, at: now)
        case .lingering, .flushing:
            let note = "the output is still held open by a process outside the run; not read on"
            return [.closeOutput, .note(note)] + finish()
        case .terminating:
            ignoredTerm = ending == nil
            let note = "still there after its grace; sending KILL"
            return [.note(note)] + kill(at: now)
        case .killing:
            survivedKill = true
            return [.closeOutput, .note(Self.survivalNote)] + finish()
        }
    }

    /// Finishes once the task, its processes and its output are all over.
    private mutating func settle(at now: MonotonicInstant) -> [Action] {
        guard ending != nil, isTreeGone else { return [] }
        if isOutputClosed { return finish() }
        switch phase {
        case .closing(.terminating, _), .closing(.killing, _):
            let until = now.advanced(by: rules.flushing)
            phase = .closing(.flushing, until: until)
            return [.wake(at: until)]
        case .closing(.lingering, _), .closing(.flushing, _), .idle, .starting, .running, .finished:
            return []
        }
    }

    private mutating func finish() -> [Action] {
        phase = .finished
        var (state, reason) = verdict
        if survivedKill { reason += (reason.isEmpty ? "" : "; ") + Self.survivalNote }
        return [.finish(state, status, reason: reason)]
    }
}

// MARK: Words

extension RunMachine {
    private static let survivalNote = "processes of this run did not end after KILL"

    private var status: ExitStatus? {
        switch ending {
        case .exit(let status), .limited(let status, _): status
        case .judged(let status, failure: _): status
        case .failed, nil: nil
        }
    }

    private var verdict: (RunState, String) {
        if let stop {
            let after = DurationText.format(givenGrace ?? rules.grace)
            let tail =
                ignoredTerm ? "; it did not end on TERM within \(after) and was sent KILL" : ""
            return (state(for: stop), words(for: stop) + tail)
        }
        return switch ending {
        case .exit(let status): verdict(for: status)
        case .limited(_, let why): (.failed, why)
        case .failed(let why): (.failed, why)
        case .judged(_, failure: let why): (why == nil ? .succeeded : .failed, why ?? "")
        case nil: (.failed, "it was never started")
        }
    }

    private func state(for stop: Stop) -> RunState {
        switch stop {
        case .timeout: .timedOut
        case .killed: .killed
        case .sessionLost, .shutdown: .lost
        }
    }

    private func words(for stop: Stop) -> String {
        switch stop {
        case .timeout(let limit): "took longer than its timeout of \(DurationText.format(limit))"
        case .killed(let author): "killed by \(author)"
        case .sessionLost: "its node lost its session in the store"
        case .shutdown: "its node was stopped"
        }
    }

    private func verdict(for status: ExitStatus) -> (RunState, String) {
        switch status {
        case .code(let code): rules.verdict(forExitCode: code)
        case .signal(let number): (.failed, rules.words(forSignal: number))
        case .httpStatus(let number): verdict(forHTTPStatus: number)
        }
    }

    private func verdict(forHTTPStatus number: Int) -> (RunState, String) {
        let expected = rules.expectedStatus
        let ranges = expected.isEmpty ? [200...299] : expected
        guard !ranges.contains(where: { $0.contains(number) }) else { return (.succeeded, "") }
        let wanted = ranges.map {
            $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound) to \($0.upperBound)"
        }.joined(separator: ", ")
        return (.failed, "HTTP \(number); what counts as success is \(wanted)")
    }
}
