// `cron-judge record`: the judges' answers that the tests compare with.

internal import CronEval
internal import Platform

/// Asks all judges about instants of the past and replaces the recording.
struct RecordCommand {
    /// 1996 to 2023: also the fires after it shall be of the past.
    private static let span: Range<Int64> = 820_454_400..<1_704_067_200
    private static let size = CorpusSize(randomTexts: 2_500, questionsPerText: 2)

    func run() async throws {
        let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
        var corpus = try Corpus(
            root: ProjectFolder.path,
            size: Self.size,
            seed: 7,
            zones: zones,
            span: Self.span
        )
        let questions = corpus.questions()
        let loop = EventLoop(name: "judges")
        var hearings: [Hearing] = []
        for judge in Judge.allCases {
            hearings.append(
                try await Hearing.of(
                    judge,
                    questions: questions,
                    root: ProjectFolder.path,
                    on: loop
                )
            )
        }
        loop.stop()
        let recording = Recording(year: thisYear, questions: questions, hearings: hearings)
        try FileStore.replace(ProjectFolder.recording, with: Array(recording.text.utf8))
        say("recorded \(recording.cases.count) of \(questions.count) questions")
    }
}
