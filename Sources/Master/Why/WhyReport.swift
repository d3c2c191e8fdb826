// The answer to "why", from facts: pure, so that each sentence has a test.

internal import LockLease
internal import Vocabulary

/// Explains what became, or will become, of one instant of one job.
struct WhyReport: Equatable, Sendable {
    /// Up to this, a start is on time: less than it takes until the second in the ranking tries.
    static let punctual = Duration.milliseconds(200)

    private(set) var verdict = WhyVerdict.pending
    /// By how much its first run missed its time.
    private(set) var lateness: Duration?
    /// The setting that decided against a run, as in `overlap=forbid`.
    private(set) var setting: String?
    /// What to write to have it otherwise, or to run it after all.
    private(set) var mends: [String] = []
    private(set) var lines: [String] = []

    init(_ facts: WhyFacts) {
        lines = [Self.due(facts)]
        lines += Self.clock(facts)
        lines += facts.calendars.map { "calendar  \($0)" }
        if let pause = facts.job.pause(at: facts.now), !facts.isDeleted {
            lines.append(Self.paused(pause))
        }
        decide(facts)
        let others = facts.waiting.count { $0.key.instant != facts.at }
        if others > 0 {
            lines.append("waiting   \(others) more start\(others == 1 ? "" : "s") of it")
        }
        lines += mends.map { "mend      \($0)" }
        if let next = facts.next, verdict != .toCome { lines.append("next      \(next)") }
    }

    private static func due(_ facts: WhyFacts) -> String {
        guard let schedule = facts.clock.schedule else {
            return facts.isDeleted
                ? "due       nobody can tell: a deleted job's schedule is not kept"
                : "due       only by hand or by triggers"
        }
        let jitter = facts.job.spec.rules.jitter
        let zone =
            facts.clock.zone + (jitter == .zero ? "" : ", jitter \(DurationText.format(jitter))")
        let by = "by \(schedule) (\(zone)): \(facts.clock.words)"
        return switch facts.calling {
        case .due, .takenOut: "due       \(facts.at)  \(by)"
        case .notDue, .noSchedule: "due       not at \(facts.at), \(by)"
        }
    }

    private static func clock(_ facts: WhyFacts) -> [String] {
        guard let until = facts.clock.until else { return [] }
        let guess = facts.clock.isGuessed ? "; edits before that are not kept" : ""
        return ["era       that was in force until \(until)\(guess)"]
    }

    private static func paused(_ pause: Pause) -> String {
        let reason = pause.reason.isEmpty ? "" : ": \(pause.reason)"
        let until = pause.until.map { " until \($0)" } ?? ""
        return "paused    since \(pause.since)\(until)\(reason)    mend: rota job resume"
    }

    // MARK: The verdict

    private mutating func decide(_ facts: WhyFacts) {
        let isWaiting = facts.waiting.contains { $0.key.instant == facts.at }
        // A range of skips may reach over what a calendar took out; it was not among them.
        if let skip = facts.skip, facts.calling != .takenOut { skipped(skip, facts) }
        if !facts.runs.isEmpty { ran(facts) }
        if let trigger = facts.waiting.first(where: { $0.key.instant == facts.at }) {
            lines.append(Self.waits(trigger))
            if facts.runs.isEmpty { verdict = .waiting }
        }
        guard facts.runs.isEmpty, facts.skip == nil || facts.calling == .takenOut, !isWaiting else {
            return
        }
        switch facts.calling {
        case .takenOut: verdict = .calendar
        case .noSchedule, .notDue: notDue(facts)
        case .due: undecided(facts)
        }
    }

    private mutating func notDue(_ facts: WhyFacts) {
        verdict = .notDue
        if facts.isDeleted {
            verdict = .deleted
            lines.append(
                """
                deleted   at \(facts.updatedAt) by \(facts.author); of this instant no run and \
                no skip is kept
                """
            )
            return
        }
        if facts.at <= facts.createdAt { return unborn(facts) }
        let around = [
            facts.before.map { "\($0) before" }, facts.after.map { "\($0) after" },
        ].compactMap { $0 }
        lines.append(
            "not run   nothing was due then"
                + (around.isEmpty ? "" : "; the nearest: \(around.joined(separator: ", "))")
        )
    }

    private mutating func unborn(_ facts: WhyFacts) {
        verdict = .unborn
        lines.append("not run   the job was made at \(facts.createdAt), after that")
        if facts.calling == .due { mends.append(Self.backfill(facts)) }
    }

    private mutating func undecided(_ facts: WhyFacts) {
        if facts.at > facts.now {
            verdict = .toCome
            if facts.clock.isPaused {
                verdict = .paused
                lines.append("not run   unless the job is resumed before it")
                mends.append("rota job resume \(facts.name)")
            }
            lines += Self.place(facts, "would run on")
            return
        }
        if facts.at <= facts.createdAt { return unborn(facts) }
        if let cursor = facts.cursor, facts.at <= cursor { return pruned(facts) }
        if facts.clock.isPaused {
            verdict = .paused
            lines.append("not run   the job was paused then; it is skipped for good on resume")
            return
        }
        verdict = .pending
        let age = facts.at.duration(to: facts.now)
        lines.append("pending   due \(DurationText.format(age)) ago and not claimed yet")
        lines += Self.place(facts, "would run on")
    }

    private mutating func pruned(_ facts: WhyFacts) {
        verdict = .pruned
        let keep = facts.job.spec.keep
        let age = DurationText.format(keep.age)
        let gone = facts.at.advanced(by: keep.age)
        let when =
            gone <= facts.now
            ? "it went at about \(gone), \(age) after it (keep.age)"
            : "\(keep.runs) newer runs have ended since (keep.runs)"
        lines.append("pruned    it was decided, and its record is no longer kept: \(when)")
        setting = gone <= facts.now ? "keep.age=\(age)" : "keep.runs=\(keep.runs)"
        mends.append(
            gone <= facts.now
                ? "rota job set \(facts.name) keep.age=365d: keep records for a year"
                : "rota job set \(facts.name) keep.runs=\(keep.runs * 10): keep more"
        )
    }

    // MARK: What happened

    private mutating func skipped(_ skip: SkipRange, _ facts: WhyFacts) {
        let words = SkipWords(skip, facts)
        verdict = words.verdict
        setting = words.setting
        let label = words.verdict == .missed ? "missed " : "skipped"
        lines.append("\(label)   \(words.sentence) (\(Self.range(skip)))")
        // The store keeps what was skipped, not the policies of the time.
        if words.setting != nil, facts.updatedAt > facts.at, !facts.isDeleted {
            lines.append("          the job was edited since, at \(facts.updatedAt)")
        }
        guard !facts.isDeleted else { return }
        if let mend = words.mend { mends.append("\(mend.command): \(mend.effect)") }
        guard facts.runs.isEmpty else { return }
        mends.append(skip.reason == .history ? Self.again(facts) : Self.backfill(facts))
    }

    private mutating func ran(_ facts: WhyFacts) {
        for run in facts.runs { lines.append(Self.attempt(run, facts)) }
        guard let first = facts.runs.first, let last = facts.runs.last else { return }
        let delay = facts.at.duration(to: first.claimedAt)
        switch first.cause {
        // Asked for afterwards: the instant keeps the verdict it had, if that is known.
        case .backfill where facts.skip != nil: return
        case .backfill, .catchUp: verdict = .late
        case .schedule, .manual, .retry, .nodeLoss, .queued, .replacement:
            verdict = delay > Self.punctual ? .late : .ran
        }
        lateness = max(.zero, delay)
        if Self.isLost(last, facts) { verdict = .lost }
        if verdict == .late, let line = Self.turn(first, facts) { lines.append(line) }
    }

    private static func isLost(_ run: RunRecord, _ facts: WhyFacts) -> Bool {
        run.state == .lost || run.state.isOpen && !facts.living.contains(run.session)
    }

    private static func attempt(_ run: RunRecord, _ facts: WhyFacts) -> String {
        let delay = DurationText.format(facts.at.duration(to: run.claimedAt))
        let end =
            isLost(run, facts)
            ? RunState.lost.rawValue : run.state.isOpen ? "under way" : run.state.rawValue
        let exit = run.exit.map { ", \($0.description)" } ?? ""
        let reason = run.reason.isEmpty ? "" : ": \(run.reason)"
        let detail = run.cause.detail.isEmpty ? "" : " of \(run.cause.detail)"
        return """
            attempt \(run.key.attempt) \(run.id) on \(run.node), \(delay) after it was due \
            (\(run.cause.word)\(detail)): \(end)\(exit)\(reason)
            """
    }

    /// Why somebody else than the first in the ranking started it, as far as that can still be
    /// seen.
    private static func turn(_ run: RunRecord, _ facts: WhyFacts) -> String? {
        let placement = facts.placement
        guard let first = placement.ranking.first, first != run.node,
            placement.ranking.contains(run.node)
        else { return nil }
        let now = placement.obstacle(of: first).map { ", and now it \($0)" } ?? ""
        return "turn      \(first) goes first for this job\(now)"
    }

    private static func waits(_ trigger: Trigger) -> String {
        switch trigger.cause {
        case .queued, .replacement, .catchUp:
            "waiting   for the run under way to end (\(trigger.cause.word))"
        case .retry, .nodeLoss:
            "waiting   until \(trigger.notBefore) for attempt \(trigger.key.attempt)"
        case .backfill(let author):
            "waiting   for its turn in the backfill of \(author)"
        case .schedule, .manual: "waiting   for a node to take it"
        }
    }

    private static func range(_ skip: SkipRange) -> String {
        switch skip.count {
        case 1: "1 at \(skip.through)"
        case 0: "all in \(skip.from) … \(skip.through)"
        case let count: "\(count) in \(skip.from) … \(skip.through)"
        }
    }

    private static func backfill(_ facts: WhyFacts) -> String {
        "rota job backfill \(facts.name) --from \(facts.at) --to \(facts.at): run it after all"
    }

    private static func again(_ facts: WhyFacts) -> String {
        let stretch = "--from \(facts.at) --to \(facts.at)"
        return "rota job backfill \(facts.name) \(stretch) --again: run it, perhaps once more"
    }

    private static func place(_ facts: WhyFacts, _ verb: String) -> [String] {
        guard !facts.placement.places.isEmpty else { return ["place     no node is known"] }
        let (who, whoNot) = facts.placement.words
        let first = who.isEmpty ? "place     no node may run it" : "place     \(verb) \(who)"
        return [first] + (whoNot.isEmpty ? [] : ["          not: \(whoNot)"])
    }
}
