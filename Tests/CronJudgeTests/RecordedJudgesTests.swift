// Our evaluator against what other evaluators answered when they were last asked.

import CronEval
import CronJudge
import Platform
import Testing

@Suite struct `Recorded judges` {
    let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
    let recording: Recording

    init() throws {
        let folder = "\(#filePath)".split(separator: "/").dropLast().joined(separator: "/")
        let bytes = try FileStore.read("/\(folder)/Golden/judges.tsv")
        recording = try #require(Recording(text: String(decoding: bytes, as: UTF8.self)))
    }

    func verification(of cases: [RecordedCase], ours: [Answer]? = nil) -> Verification {
        let questions = cases.map(\.question)
        guard let ours else { return Verification(questions, year: recording.year, zones: zones) }
        return Verification(questions, ours: ours, year: recording.year, zones: zones)
    }

    func tally(_ judge: Judge, of cases: [RecordedCase], by verification: Verification) -> Tally {
        verification.compare(
            judge,
            name: judge.rawValue,
            answers: cases.map { $0.answers[judge] ?? .rejected }
        )
    }

    @Test func `are many, and each answered every question`() {
        #expect(recording.cases.count >= 2_000)
        for found in recording.cases {
            #expect(found.answers.count == Judge.allCases.count, "\(found.line)")
        }
    }

    @Test func `agree with us, or differ as a rule says`() {
        // Every second: the slow evaluator takes its time, and `make verify-cron` asks for all.
        let cases = stride(from: 0, to: recording.cases.count, by: 2).map { recording.cases[$0] }
        let verification = verification(of: cases)
        for judge in Judge.allCases {
            let tally = tally(judge, of: cases, by: verification)
            #expect(tally.unexplained.isEmpty, "\(tally.findings(limit: 5))")
            #expect(tally.agreed * 2 > tally.cases, "\(judge)")
        }
    }

    /// An explanation that covered everything would cover these, too.
    @Test(arguments: Mistake.allCases)
    func `take our side no longer if we are wrong`(mistake: Mistake) throws {
        let plain = PlainJudge(zones: zones)
        let cases = Array(
            recording.cases.filter { mistake.couldMatter(to: $0.question.text) }.prefix(200)
        )
        let wrong = cases.map { plain.answer($0.question, making: mistake) }
        let verification = verification(of: cases, ours: wrong)
        let findings = Judge.allCases.flatMap {
            tally($0, of: cases, by: verification).unexplained
        }
        // A judge that knows better than we do says what the documentation says.
        let corrections = findings.filter { plain.answer($0.question) == $0.theirs }
        #expect(!corrections.isEmpty, "of \(cases.count) cases")
    }

    @Test func `are read back as they were written`() {
        #expect(Recording(text: recording.text) == recording)
    }
}

extension Mistake {
    /// Leaves out texts that have nothing of what the mistake is about.
    func couldMatter(to text: String) -> Bool {
        switch self {
        case .takesTheLastFridayAWeekEarly: text.hasSuffix("L")
        case .takesTheFirstFridayAWeekLate: text.contains("#")
        case .movesSaturdaysToMonday: text.contains("W ")
        case .stepsOneValueFurtherAfterAWrap: text.contains("/") && text.contains("-")
        case .swapsAndWithOr, .takesTheSecondPass, .takesBothPasses, .losesSkippedTimes,
            .makesUpAMinuteLate, .treatsIntervalsAsFixed:
            true
        }
    }
}
