// `cron-judge verify`: all judges, the long or the short corpus.

internal import CronEval
internal import Platform

/// Asks all judges and prints what differs and why.
struct VerifyCommand {
    private var size = CorpusSize.long
    private var seed: UInt64 = 1
    private static let shownFindings = 20

    /// - Throws: If `words` are no options.
    init(words: ArraySlice<String>) throws(UsageProblem) {
        var words = words
        while let word = words.popFirst() {
            switch word {
            case "--short": size = .short
            case "--seed":
                guard let number = words.popFirst().flatMap({ UInt64($0) }) else {
                    throw UsageProblem(word: "--seed", instead: "a number behind it")
                }
                seed = number
            case _: throw UsageProblem(word: word, instead: "--short or --seed N")
            }
        }
    }

    /// Answers whether everything was explained.
    func run() async throws -> Bool {
        let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
        var corpus = try Corpus(root: ProjectFolder.path, size: size, seed: seed, zones: zones)
        let questions = corpus.questions()
        say(
            """
            \(questions.count) questions about \(corpus.textCount) texts in \(Corpus.zones.count) \
            zones, seed \(seed), time zones \(ZoneInfoFiles.version)
            """
        )
        let loop = EventLoop(name: "judges")
        let verification = Verification(questions, year: thisYear, zones: zones)
        var tallies = [verification.compareWithDocumentation()]
        say(tallies[0].report)
        for judge in Judge.allCases {
            let hearing = try await Hearing.of(
                judge,
                questions: questions,
                root: ProjectFolder.path,
                on: loop
            )
            let tally = verification.compare(judge, name: hearing.name, answers: hearing.answers)
            say(tally.report)
            tallies.append(tally)
        }
        loop.stop()
        for tally in tallies where !tally.unexplained.isEmpty {
            tell(tally.findings(limit: Self.shownFindings))
        }
        return tallies.allSatisfy(\.unexplained.isEmpty)
    }
}

/// A word that a command does not know.
struct UsageProblem: Error, CustomStringConvertible {
    let word: String
    let instead: String

    var description: String { "`\(word)` is not understood. Write \(instead)" }
}
