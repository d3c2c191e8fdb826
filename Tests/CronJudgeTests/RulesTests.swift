// What the comparison itself promises.

import CronEval
import CronJudge
import Platform
import Testing

@Suite struct `The rules of the judges` {
    let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
    let newYork = "America/New_York"

    func verdict(
        _ judge: Judge,
        _ text: String,
        in zone: String = "UTC",
        after start: Int64 = 1_704_067_200,
        theirs: Answer? = nil,
        ours: Answer? = nil
    ) -> Verdict {
        let question = Question(number: 0, zone: zone, start: start, count: 2, text: text)
        let answer = OurAnswers(zones: zones).answer(question)
        return Explainer(judge: judge, year: 2026, zones: zones).verdict(
            question,
            theirs: theirs ?? answer,
            ours: ours ?? answer
        )
    }

    @Test func `say nothing of equal answers`() {
        #expect(verdict(.robfig, "0 3 * * *") == .agreed)
        #expect(verdict(.robfig, "0 3 * *") == .agreed)
    }

    @Test func `explain a rejection by a feature of the text only`() {
        #expect(verdict(.robfig, "0 3 * * 7", theirs: .rejected) == .explained(["no 7 for Sunday"]))
        #expect(
            verdict(.robfig, "0 3 * * 6", theirs: .rejected)
                == .unexplained("rejected for no known feature")
        )
    }

    @Test func `do not let a judge accept what it is known to reject`() {
        #expect(
            verdict(.robfig, "0 3 * * 7")
                == .unexplained("accepted in spite of: no 7 for Sunday")
        )
    }

    @Test func `do not explain what we accept by mistake`() {
        #expect(
            verdict(.robfig, "0 3 * * 8", theirs: .rejected, ours: .never)
                == .unexplained("ours is not what docs/schedules.md says")
        )
    }

    /// 2024-03-10T01:59:59 in New York, one second before the gap.
    let beforeGap: Int64 = 1_710_053_999

    @Test func `explain a lost time only where the clock skips it`() {
        let (gap, next): (Int64, Int64) = (1_710_054_000, 1_710_138_600)
        #expect(
            verdict(
                .robfig,
                "30 2 * * *",
                in: newYork,
                after: beforeGap,
                theirs: .fires([next, next + 86_400], .enough),
                ours: .fires([gap, next], .enough)
            ) == .explained(["skipped times are lost"])
        )
        // cronsim makes up for it, so the same answer from it is a finding.
        let other = verdict(
            .cronsim,
            "30 2 * * *",
            in: newYork,
            after: beforeGap,
            theirs: .fires([next, next + 86_400], .enough)
        )
        guard case .unexplained = other else {
            Issue.record("\(other)")
            return
        }
    }

    @Test func `do not excuse a judge that stops where it knows its way`() {
        #expect(
            verdict(.robfig, "0 3 * * *", theirs: .fires([], .hang))
                == .unexplained("hang without a trap")
        )
    }
}
