// The answer to "why", from facts: pure, so that each sentence has a test.

internal import Vocabulary

/// Explains what became, or will become, of one instant of one job.
struct WhyReport: Equatable, Sendable {
    struct Candidate: Equatable, Sendable {
        let name: NodeName
        /// What keeps it out, or `nil`.
        let obstacle: String?
    }

    struct Facts: Sendable {
        let now: Instant
        let at: Instant
        /// Whether the job was due at `at` at all.
        let isDue: Bool
        let schedule: String?
        let words: String
        /// What the calendars in force then say of it.
        let calendars: [String]
        /// Whether they took it out, or moved it away.
        let isTakenOut: Bool
        let next: Instant?
        let job: Job
        let isPausedThen: Bool
        let runs: [RunRecord]
        let skips: [SkipRange]
        let cursor: Instant?
        /// Triggers that wait for this job.
        let waiting: [Trigger]
        let candidates: [Candidate]
    }

    /// One word: `ran`, `late`, `skipped`, `lost`, `waiting`, `pending`, `future`,
    /// `paused`, `calendar`, `not-due`.
    let verdict: String
    let lines: [String]

    init(_ facts: Facts) {
        var lines = [Self.due(facts)] + facts.calendars.map { "calendar  \($0)" }
        if let pause = facts.job.pause(at: facts.now) { lines.append(Self.paused(pause)) }
        let (verdict, explanation) = Self.outcome(facts)
        lines += explanation
        let others = facts.waiting.count { $0.key.instant != facts.at }
        if others > 0 {
            lines.append("waiting   \(others) more start\(others == 1 ? "" : "s") of it")
        }
        if let next = facts.next, verdict != "future" { lines.append("next      \(next)") }
        self.verdict = verdict
        self.lines = lines
    }

    private static func due(_ facts: Facts) -> String {
        guard let schedule = facts.schedule else { return "due       only by hand or by triggers" }
        let jitter = facts.job.spec.rules.jitter
        let zone =
            facts.job.spec.timeZone
            + (jitter == .zero ? "" : ", jitter \(DurationText.format(jitter))")
        guard facts.isDue else { return "due       not yet, by \(schedule) (\(zone))" }
        return "due       \(facts.at)  by \(schedule) (\(zone)): \(facts.words)"
    }

    private static func paused(_ pause: Pause) -> String {
        let reason = pause.reason.isEmpty ? "" : ": \(pause.reason)"
        let until = pause.until.map { " until \($0)" } ?? ""
        return "paused    since \(pause.since)\(until)\(reason)    mend: rota job resume"
    }

    private static func outcome(_ facts: Facts) -> (verdict: String, lines: [String]) {
        if !facts.runs.isEmpty { return ran(facts) }
        // A range of skips may reach over it; it was not among them.
        if facts.isTakenOut { return ("calendar", []) }
        if let skip = facts.skips.first {
            return ("skipped", ["skipped   \(words(for: skip)) (\(skip.count) in \(range(skip)))"])
        }
        if let trigger = facts.waiting.first(where: { $0.key.instant == facts.at }) {
            return ("waiting", [waits(trigger)])
        }
        guard facts.isDue else { return ("not-due", []) }
        if facts.isPausedThen {
            return (
                "paused", ["not run   the job was paused then; its verdict follows when it resumes"]
            )
        }
        if facts.at > facts.now { return ("future", place(facts)) }
        if let cursor = facts.cursor, facts.at <= cursor {
            return ("skipped", ["not run   it was due before the job existed in this form"])
        }
        let age = facts.at.duration(to: facts.now)
        return (
            "pending",
            ["pending   due \(DurationText.format(age)) ago and not claimed yet"] + place(facts)
        )
    }

    private static func ran(_ facts: Facts) -> (verdict: String, lines: [String]) {
        let attempts = facts.runs.sorted { $0.key.attempt < $1.key.attempt }
        let lines = attempts.map { run in
            let delay = DurationText.format(facts.at.duration(to: run.claimedAt))
            let end = run.state.isOpen ? "under way" : run.state.rawValue
            let exit = run.exit.map { ", \($0.description)" } ?? ""
            let reason = run.reason.isEmpty ? "" : ": \(run.reason)"
            return """
                attempt \(run.key.attempt) \(run.id) on \(run.node), \(delay) after it was due \
                (\(run.cause.word)): \(end)\(exit)\(reason)
                """
        }
        guard let first = attempts.first, let last = attempts.last else { return ("pending", []) }
        if last.state == .lost { return ("lost", lines) }
        let isLate = facts.at.duration(to: first.claimedAt) > .seconds(5)
        return (isLate ? "late" : "ran", lines)
    }

    private static func words(for skip: SkipRange) -> String {
        switch skip.reason {
        case .overlap: "another run was under way, and overlap forbids two"
        case .paused: "the job was paused"
        case .misfire: "nobody could start it in time, and misfire does not run it later"
        case .window: "nobody could start it within the catch-up window"
        case .limit: "more were missed than misfire: all(limit) runs"
        case .store: "the store was away, and store_loss says skip"
        case .superseded: "a newer start took its place in the queue"
        case .history: "the store was restored, so nobody knows whether it had run already"
        }
    }

    private static func waits(_ trigger: Trigger) -> String {
        switch trigger.cause {
        case .queued, .replacement, .catchUp:
            "waiting   for the run under way to end (\(trigger.cause.word))"
        case .retry, .nodeLoss:
            "waiting   until \(trigger.notBefore) for attempt \(trigger.key.attempt)"
        case .schedule, .manual: "waiting   for a node to take it"
        }
    }

    private static func range(_ skip: SkipRange) -> String {
        skip.count == 1 ? "\(skip.through)" : "\(skip.from) … \(skip.through)"
    }

    private static func place(_ facts: Facts) -> [String] {
        guard !facts.candidates.isEmpty else { return ["place     no node is alive"] }
        let able = facts.candidates.filter { $0.obstacle == nil }.map(\.name.text)
        let unable = facts.candidates.compactMap { node in
            node.obstacle.map { "\(node.name) \($0)" }
        }
        var lines: [String] = []
        if let first = able.first {
            let others = able.dropFirst().joined(separator: ", ")
            lines.append(
                "place     \(first) goes first" + (others.isEmpty ? "" : ", then \(others)")
            )
        } else {
            lines.append("place     no node may run it")
        }
        if !unable.isEmpty { lines.append("          not: \(unable.joined(separator: " · "))") }
        return lines
    }
}
