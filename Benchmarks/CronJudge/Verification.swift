// The whole comparison: corpus, judges, verdicts, report.

internal import CronEval
package import Platform

/// Asks all judges, compares, and reports.
package struct Verification {
    let root: String
    let zones: ZoneCatalog
    let loop: EventLoop

    package init(root: String, loop: EventLoop) {
        self.root = root
        self.loop = loop
        zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
    }

    /// What one judge's answers come to.
    package struct Tally {
        package let name: String
        package var cases = 0
        package var agreed = 0
        package var explained: [String: Int] = [:]
        package var explainedCases = 0
        package var hangs: [String: Int] = [:]
        package var unexplained: [(question: Question, theirs: Answer, why: String)] = []
    }

    /// Compares one judge's answers with ours.
    package func compare(
        _ hearing: Hearing,
        questions: [Question],
        ours: [Answer]
    ) -> Tally {
        let explainer = Explainer(judge: hearing.judge, zones: zones)
        var tally = Tally(name: hearing.name)
        for (place, question) in questions.enumerated() {
            tally.cases += 1
            let theirs = hearing.answers[place]
            switch explainer.verdict(question, theirs: theirs, ours: ours[place]) {
            case .agreed: tally.agreed += 1
            case .explained(let names):
                tally.explainedCases += 1
                for name in names { tally.explained[name, default: 0] += 1 }
            case .hung(let names):
                for name in names { tally.hangs[name, default: 0] += 1 }
            case .unexplained(let why): tally.unexplained.append((question, theirs, why))
            }
        }
        return tally
    }
}
