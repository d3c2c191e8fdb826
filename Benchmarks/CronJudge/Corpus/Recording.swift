// Judges' answers as a file, so that machines without the judges can check against them.

/// One question with the answer of every judge.
package struct RecordedCase: Equatable, Sendable {
    package let question: Question
    package let answers: [Judge: Answer]

    package init(question: Question, answers: [Judge: Answer]) {
        self.question = question
        self.answers = answers
    }

    /// Zone, start, count and text, then each different answer behind the initials of its judges;
    /// fires as seconds since the one before.
    package var line: String {
        var columns = [question.zone, "\(question.start)", "\(question.count)", question.text]
        var judges = Judge.allCases[...]
        while let first = judges.first {
            let same = judges.filter { answers[$0] == answers[first] }
            let words = answers[first].map { Self.shortened($0, start: question.start) } ?? ""
            columns.append(same.map(\.initial).joined() + " " + words)
            judges.removeAll { same.contains($0) }
        }
        return columns.joined(separator: "\t")
    }

    /// Reads what ``line`` writes; `nil` if it is something else.
    package init?(line: Substring, number: Int) {
        let columns = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard columns.count > 4, let start = Int64(columns[1]), let count = Int(columns[2]) else {
            return nil
        }
        question = Question(
            number: number,
            zone: String(columns[0]),
            start: start,
            count: count,
            text: String(columns[3])
        )
        var answers: [Judge: Answer] = [:]
        for column in columns[4...] {
            let words = column.split(separator: " ")
            guard let initials = words.first,
                let answer = Self.lengthened(words.dropFirst(), start: start)
            else { return nil }
            for judge in Judge.allCases where initials.contains(judge.initial) {
                answers[judge] = answer
            }
        }
        self.answers = answers
    }

    private static func shortened(_ answer: Answer, start: Int64) -> String {
        switch answer {
        case .rejected: return "rejected"
        case .fires(let fires, let ending):
            let steps = zip(fires, [start] + fires).map { "\($0 - $1)" }
            return (steps + (ending == .enough ? [] : [ending.rawValue])).joined(separator: " ")
        }
    }

    private static func lengthened(_ words: ArraySlice<Substring>, start: Int64) -> Answer? {
        var last = start
        var absolute: [Substring] = []
        for word in words {
            guard let step = Int64(word) else {
                absolute.append(word)
                continue
            }
            last += step
            absolute.append("\(last)")
        }
        return Answer(words: absolute)
    }
}

extension Judge {
    /// One letter that no other judge has.
    fileprivate var initial: String {
        switch self {
        case .robfig: "r"
        case .croniter: "c"
        case .cronsim: "s"
        case .quartz: "q"
        }
    }
}

/// The recorded answers of all judges.
package struct Recording: Equatable, Sendable {
    /// When they were asked.
    package let year: Int
    package let cases: [RecordedCase]

    private static let title =
        "# Answers of other cron evaluators, recorded by "
        + "`cron-judge record` in "
    private static let sizeLimit = 390_000
    /// 2025-01-01: what time zones did before will hardly change.
    private static let latest: Int64 = 1_735_689_600

    package init(year: Int, cases: [RecordedCase]) {
        self.year = year
        self.cases = cases
    }

    /// Keeps of `hearings` what will always be answered like this, evenly up to the size limit.
    package init(year: Int, questions: [Question], hearings: [Hearing]) {
        var kept: [RecordedCase] = []
        for (place, question) in questions.enumerated() {
            let answers = hearings.map { ($0.judge, $0.answers[place]) }
            guard answers.allSatisfy({ Self.isLasting($0.1) }), !question.text.contains("R") else {
                continue
            }
            kept.append(
                RecordedCase(
                    question: question,
                    answers: Dictionary(uniqueKeysWithValues: answers)
                )
            )
        }
        let size = kept.reduce(0) { $0 + $1.line.utf8.count + 1 }
        let share = min(1, Double(Self.sizeLimit) / Double(max(1, size)))
        self.year = year
        cases = kept.enumerated().filter { place, _ in
            Int(Double(place) * share) != Int(Double(place + 1) * share)
        }.map(\.element)
    }

    private static func isLasting(_ answer: Answer) -> Bool {
        switch answer {
        case .rejected: true
        case .fires(let fires, let ending):
            ending != .hang && ending != .crash && (fires.last ?? 0) < latest
        }
    }

    package var text: String {
        (["\(Self.title)\(year)"] + cases.map(\.line)).map { $0 + "\n" }.joined()
    }

    /// Reads what ``text`` is; `nil` if some line is none.
    package init?(text: String) {
        let lines = text.split(separator: "\n")
        guard let first = lines.first, first.hasPrefix(Self.title),
            let year = Int(first.dropFirst(Self.title.count))
        else { return nil }
        var cases: [RecordedCase] = []
        for (number, line) in lines.dropFirst().enumerated() {
            guard let found = RecordedCase(line: line, number: number) else { return nil }
            cases.append(found)
        }
        self.init(year: year, cases: cases)
    }
}
