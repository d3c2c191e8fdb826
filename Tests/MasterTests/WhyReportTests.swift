import TestSupport
import Testing
import Vocabulary

@testable import Master

@Suite struct `Why` {
    let at = Instant(unixSeconds: 1_000_000)
    let job = UID("00000000000000000000000000000001")

    private func facts(
        now: Int64 = 1_000_030,
        isDue: Bool = true,
        calendars: [String] = [],
        isTakenOut: Bool = false,
        isPausedThen: Bool = false,
        runs: [RunRecord] = [],
        skips: [SkipRange] = [],
        cursor: Int64 = 999_940,
        waiting: [Trigger] = [],
        candidates: [WhyReport.Candidate] = [.init(name: NodeName("n1"), obstacle: nil)]
    ) -> WhyReport.Facts {
        WhyReport.Facts(
            now: Instant(unixSeconds: now),
            at: at,
            isDue: isDue,
            schedule: "* * * * *",
            words: "every minute",
            calendars: calendars,
            isTakenOut: isTakenOut,
            next: at.advanced(by: .seconds(60)),
            job: Job(
                spec: JobSpec(task: .shell(ShellTask(command: "true")), schedule: "* * * * *")
            ),
            isPausedThen: isPausedThen,
            runs: runs,
            skips: skips,
            cursor: Instant(unixSeconds: cursor),
            waiting: waiting,
            candidates: candidates
        )
    }

    private func run(_ state: RunState, attempt: Int = 1, claimed: Int64 = 1_000_000) -> RunRecord {
        RunRecord(
            id: RunID("R\(attempt)"),
            key: RunKey(job: job, instant: at, attempt: attempt),
            name: ObjectKey(tenant: "default", kind: .job, name: "a"),
            cause: .schedule,
            fence: Fence(1),
            revision: Revision(epoch: 1, sequence: 1),
            node: NodeName("n1"),
            session: SessionID(1),
            state: state,
            claimedAt: Instant(unixSeconds: claimed)
        )
    }

    @Test func `a run that ended is told with its node and delay`() {
        let report = WhyReport(facts(runs: [run(.succeeded)]))
        #expect(report.verdict == "ran")
        #expect(report.lines.contains { $0.contains("on n1, 0s after it was due") })
    }

    @Test func `what a calendar took out says so, even inside a range of skips`() {
        let skip = SkipRange(
            from: at.advanced(by: .seconds(-90)),
            through: at.advanced(by: .seconds(60)),
            count: 2,
            reason: .misfire
        )
        let words = "cn-workdays: Mon 1970-01-12 is none of its days: left out"
        let report = WhyReport(facts(calendars: [words], isTakenOut: true))
        #expect(report.verdict == "calendar")
        #expect(report.lines[1] == "calendar  \(words)")
        let skipped = facts(calendars: [words], isTakenOut: true, skips: [skip])
        #expect(WhyReport(skipped).verdict == "calendar")
        // Somebody may have started it by hand all the same.
        let ran = facts(calendars: [words], isTakenOut: true, runs: [run(.succeeded)])
        #expect(WhyReport(ran).verdict == "ran")
    }

    @Test func `a run that started late is called late`() {
        #expect(WhyReport(facts(runs: [run(.succeeded, claimed: 1_000_020)])).verdict == "late")
    }

    @Test func `the last attempt decides whether it was lost`() {
        #expect(WhyReport(facts(runs: [run(.lost)])).verdict == "lost")
        #expect(WhyReport(facts(runs: [run(.lost), run(.succeeded, attempt: 2)])).verdict == "ran")
    }

    @Test(arguments: SkipReason.allCases)
    func `a skip names its reason in words`(reason: SkipReason) {
        let skip = SkipRange(
            from: at.advanced(by: .seconds(-60)),
            through: at,
            count: 1,
            reason: reason
        )
        let report = WhyReport(facts(skips: [skip]))
        #expect(report.verdict == "skipped")
        #expect(report.lines.contains { $0.hasPrefix("skipped   ") && $0.count > 30 })
    }

    @Test func `an unclaimed instant is pending, with who could take it`() {
        let report = WhyReport(
            facts(candidates: [
                .init(name: NodeName("n1"), obstacle: "draining"),
                .init(name: NodeName("n2"), obstacle: nil),
            ])
        )
        #expect(report.verdict == "pending")
        #expect(report.lines.contains("place     n2 goes first"))
        #expect(report.lines.contains("          not: n1 draining"))
    }

    @Test func `an instant that waits in the queue is not taken for one that was forgotten`() {
        let trigger = Trigger(
            id: TriggerID(1),
            key: RunKey(job: job, instant: at),
            name: ObjectKey(tenant: "default", kind: .job, name: "a"),
            cause: .queued,
            notBefore: at
        )
        let report = WhyReport(facts(cursor: 1_000_000, waiting: [trigger]))
        #expect(report.verdict == "waiting")
        #expect(report.lines.contains("waiting   for the run under way to end (queued)"))
    }

    @Test func `an instant to come says who goes first`() {
        #expect(WhyReport(facts(now: 999_990)).verdict == "future")
    }

    @Test func `an instant of a pause is neither lost nor pending`() {
        #expect(WhyReport(facts(isPausedThen: true)).verdict == "paused")
    }

    @Test func `a time at which nothing was due says so`() {
        #expect(WhyReport(facts(isDue: false)).verdict == "not-due")
    }
}

@Suite struct `Merge patch` {
    /// RFC 7396, appendix A.
    @Test(
        arguments: [
            (["a": "b"], ["a": "c"], ["a": "c"]),
            (["a": "b"], ["b": "c"], ["a": "b", "b": "c"]),
            (["a": "b"], ["a": .null], [:]),
            (["a": "b", "b": "c"], ["a": .null], ["b": "c"]),
            (["a": ["b"]], ["a": "c"], ["a": "c"]),
            (["a": ["b": "c"]], ["a": ["b": "d", "c": .null]], ["a": ["b": "d"]]),
            (["a": "foo"], "bar", "bar"),
            (["e": .null], ["a": 1], ["e": .null, "a": 1]),
            (["a": "b"], ["c"], ["c"]),
        ] as [(Value, Value, Value)]
    )
    func `does what the RFC's table says`(target: Value, patch: Value, result: Value) {
        #expect(MergePatch.apply(patch, to: target) == result)
    }
}

@Suite struct `Diffs in words` {
    @Test func `name each field with both values`() {
        #expect(
            SpecDiff.lines(
                from: ["schedule": "*/15 * * * *", "retries": ["limit": 1]],
                to: ["schedule": "*/5 * * * *", "retries": ["limit": 1], "timeout": "10m"]
            ) == [
                "schedule: \"*/15 * * * *\" → \"*/5 * * * *\"", "timeout: (default) → \"10m\"",
            ]
        )
    }
}
