// Why an instant was skipped, by which setting, and what to write to have it otherwise.

internal import JobList
internal import LockLease
internal import Vocabulary

/// One skip in words.
struct SkipWords: Equatable, Sendable {
    let verdict: WhyVerdict
    /// The reason, as a sentence without its full stop.
    let sentence: String
    /// The member of the spec that decided it, with its value, as in `overlap=forbid`.
    let setting: String?
    /// What to write so that the next one is not skipped, and what it does.
    let mend: (command: String, effect: String)?

    init(_ skip: SkipRange, _ facts: WhyFacts) {
        let spec = facts.job.spec
        let set = { (change: String) in "rota job set \(facts.name) \(change)" }
        switch skip.reason {
        case .overlap:
            (verdict, sentence, setting, mend) = Self.overlap(facts)
        case .paused:
            verdict = .skipped
            sentence = "the job was paused then" + Self.pause(facts)
            setting = nil
            mend =
                facts.job.isPaused(at: facts.now)
                ? ("rota job resume \(facts.name)", "end it") : nil
        case .misfire:
            (verdict, sentence, setting, mend) = Self.misfire(facts)
        case .window:
            verdict = .missed
            let window = DurationText.format(spec.catchUpWindow)
            setting = "catch_up_window=\(window)"
            sentence = "when a node got to it, it was older than catch_up_window (\(window))"
            mend = (set("catch_up_window=7d"), "make up for a week")
        case .limit:
            verdict = .missed
            // If it is another by now, it was still all(…) that decided then.
            let policy = if case .all = spec.misfire { spec.misfire.text } else { "all(…)" }
            setting = "misfire=\(policy)"
            sentence = "misfire: \(policy) had made up for as many as it may"
            mend = (set("misfire='all(10000)'"), "make up for more")
        case .store:
            verdict = .missed
            setting = "store_loss=skip"
            sentence = "the store was away, and store_loss: skip runs nothing afterwards"
            mend = (set("store_loss=hold"), "start late instead, under misfire")
        case .superseded:
            verdict = .skipped
            setting = "overlap=replace"
            sentence =
                "it waited for the run before it, and overlap: replace gave its"
                + " place to a newer one"
            mend = (set("overlap=queue"), "let it wait its turn")
        case .history:
            verdict = .missed
            setting = nil
            sentence = "the store was restored, so nobody knows whether it had run already"
            mend = nil
        }
    }

    private typealias Parts = (
        verdict: WhyVerdict, sentence: String, setting: String?,
        mend: (command: String, effect: String)?
    )

    private static func misfire(_ facts: WhyFacts) -> Parts {
        let policy = facts.job.spec.misfire
        let deadline = DurationText.format(facts.job.spec.startDeadline)
        let rule =
            switch policy {
            case .latest: "misfire: latest makes up for the newest only"
            case .skip: "misfire: skip makes up for none"
            // Edited since: one of the other two decided.
            case .all: "misfire made up for the newest at most"
            }
        let setting: String? = if case .all = policy { nil } else { "misfire=\(policy.text)" }
        return (
            .missed, "nobody started it within start_deadline (\(deadline)), and \(rule)", setting,
            ("rota job set \(facts.name) misfire='all(100)'", "make up for up to 100")
        )
    }

    private static func overlap(_ facts: WhyFacts) -> Parts {
        let policy = facts.job.spec.overlap
        let who = facts.rival.map { run in
            "run \(run.id) (due \(run.key.instant), on \(run.node)) was under way"
        }
        let busy = who ?? "another run was under way"
        let set = { (change: String) in "rota job set \(facts.name) \(change)" }
        let (sentence, mend): (String, (String, String)) =
            switch policy {
            case .forbid, .replace:
                (
                    "\(busy), and overlap: \(policy.text) allows one at a time",
                    (set("overlap=queue"), "let one wait")
                )
            case .queue:
                (
                    "\(busy) and another waited: overlap: queue lets one wait",
                    (set("overlap=allow"), "run them side by side")
                )
            case .allow(let limit):
                (
                    "\(limit.map(String.init) ?? "some") were under way, as many as overlap: "
                        + "\(policy.text) allows",
                    (set("overlap=allow"), "allow any number")
                )
            }
        return (.skipped, sentence, "overlap=\(policy.text)", mend)
    }

    private static func pause(_ facts: WhyFacts) -> String {
        if let pause = facts.job.pause, facts.at > pause.since,
            pause.until.map({ facts.at <= $0 }) ?? true
        {
            let until = pause.until.map { " until \($0)" } ?? ""
            return ", since \(pause.since)\(until)"
                + (pause.reason.isEmpty ? "" : " (\(pause.reason))")
        }
        return facts.clock.until.map { ", until \($0)" } ?? ""
    }

    static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.sentence == rhs.sentence && lhs.verdict == rhs.verdict && lhs.setting == rhs.setting
    }
}
