// What runs say of themselves, in every back end, and as documents.

import LogSink
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct RunFactsConformance {
    let folder: TemporaryFolder
    let run = RunID("01RUN0000000000000000000A")

    init() throws {
        folder = try TemporaryFolder()
    }

    private static func facts(_ percent: Int, _ text: String, rows: String) -> RunFacts {
        var facts = RunFacts()
        facts.take([
            .progress(percent: percent, text: text), .result(name: "rows", value: rows),
            .result(name: "odd", value: "\u{0}\"\\ é"),
        ])
        return facts
    }

    @Test(arguments: BackEnd.allCases)
    func `facts are what was noted last, also of a closed log`(_ backEnd: BackEnd) async throws {
        let sink = try backEnd.make(in: folder)
        await #expect(throws: LogError.noSuchLog(run)) { try await sink.facts(of: run) }
        await #expect(throws: LogError.noSuchLog(run)) { try await sink.note(RunFacts(), of: run) }
        try await sink.open(run, job: UID("a1"), keep: .of(bytes: 1_000))
        #expect(try await sink.facts(of: run) == RunFacts())
        try await sink.note(Self.facts(10, "reading", rows: "1"), of: run)
        _ = try await sink.append([.out("between")], to: run)
        #expect(try await sink.facts(of: run) == Self.facts(10, "reading", rows: "1"))
        try await sink.close(run)
        try await sink.note(Self.facts(100, "", rows: "2"), of: run)
        #expect(try await sink.facts(of: run) == Self.facts(100, "", rows: "2"))
        if backEnd == .sqlite {
            let reader = SQLiteLogReader(path: folder.path + "/logs.db")
            #expect(try await reader.facts(of: run) == Self.facts(100, "", rows: "2"))
            await #expect(throws: LogError.noSuchLog(RunID("none"))) {
                try await reader.facts(of: RunID("none"))
            }
        }
    }

    @Test func `a document is read back, and what is no such document is refused`() {
        let facts = Self.facts(40, "dumping", rows: "1200")
        #expect(RunFacts(facts.value) == facts)
        #expect(RunFacts(RunFacts().value) == RunFacts())
        #expect(RunFacts(.array([])) == nil)
        #expect(RunFacts(["progress": ["percent": 101, "text": ""]]) == nil)
        #expect(RunFacts(["progress": ["percent": 1]]) == nil)
        #expect(RunFacts(["results": ["a": 1]]) == nil)
        let many = (0...ProgressLine.resultLimit).map { ("\($0)", Value.string("")) }
        #expect(RunFacts(["results": .object(Dictionary(uniqueKeysWithValues: many))]) == nil)
    }
}
