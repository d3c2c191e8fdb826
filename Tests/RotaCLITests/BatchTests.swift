import Documents
import Platform
import RotaCLI
import TestSupport
import Testing
import Vocabulary

@Suite struct BatchTests {
    private static let questions = #"""
        {"expr":"*/5 * * * *","after":"2026-11-21T05:00:00Z","n":3}
        {"expr":"0 3 * * *","tz":"UTC","before":"2026-11-21T03:00:00Z","n":2}
        {"expr":"@every 90s","after":"2026-11-21T00:00:00+08:00"}
        {"expr":"@daily"}
        {"expr":"0 25 * * *","after":"2026-11-21T05:00:00Z"}
        {"expr":"* * *","after":"2026-11-21T05:00:00Z"}
        {"expr":"@reboot"}
        {"expr":"0 0 30 2 *","after":"2026-11-21T05:00:00Z","n":5}
        {"expr":"0 0 * * *","tz":"Mars/Olympus"}
        not json
        {"tz":"UTC"}
        {"expr":5}
        [1,2]

        {"expr":"* * * * *","after":"yesterday"}
        {"expr":"* * * * *","after":"2026-11-21T05:00:00Z","before":"2026-11-21T05:00:00Z"}
        {"expr":"* * * * *","n":0}
        {"expr":"30 2 * * *","tz":"Europe/Berlin","after":"2027-03-27T12:00:00Z","n":2}
        {"expr":"30 2 * * *","tz":"Europe/Berlin","after":"2027-03-27T12:00:00Z",\#
        "dst":{"gap":"skip"}}
        {"expr":"30 2 * * *","tz":"Europe/Berlin","after":"2026-10-24T12:00:00Z","n":2,\#
        "dst":{"overlap":"both"}}
        {"expr":"0 3 * * *","after":"2026-11-21T05:00:00Z","jitter":"5m","seed":"a"}
        {"expr":"0 3 * * *","after":"2026-11-21T05:00:00Z","jitter":"5m","seed":"b"}
        {"expr":"0 3 * * *","jitter":"5m"}
        {"expr":"0 3 * * *","jitter":"2d","seed":"a"}
        {"expr":"0 3 * * *","dst":{"gap":"before"}}
        {"expr":"0 3 * * *","dst":{"overlap":"twice"}}
        {"expr":"* * * * *","after":"2026-11-21T05:00:00.500Z","n":1,"colour":"blue"}
        """#

    private func run(_ input: String) async -> String {
        let fake = FakeWorld(input: input)
        #expect(await fake.rota("job", "next", "--batch", "-") == .done)
        return fake.output
    }

    @Test func `each line is answered by a line, wrong ones too`() async throws {
        let output = await run(Self.questions)
        let answers = output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let lines = Self.questions.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(answers.count == lines.count)
        var text = ""
        for (line, answer) in zip(lines, answers) { text += "< \(line)\n> \(answer)\n" }
        for answer in answers { _ = try JSON.parse(Array(answer.utf8)) }
        try expectGolden(text, named: "batch.txt")
    }

    @Test func `answers do not depend on how the input is cut`() async {
        let whole = await run(Self.questions + "\n")
        let fake = FakeWorld(files: ["/q.jsonl": Self.questions])
        await fake.rota("job", "next", "--batch", "/q.jsonl")
        #expect(fake.output == whole)
    }

    @Test func `an endless line is refused and does not fill the memory`() async {
        let long = String(repeating: "x", count: 3 << 20)
        let output = await run(
            "\(long)\n{\"expr\":\"* * * * *\",\"after\":\"2026-11-21T05:00:00Z\"}\n"
        )
        let lines = output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains("longer than") == true)
        #expect(lines.last == #"{"next":["2026-11-21T05:01:00Z"]}"#)
    }

    @Test func `ten thousand lines of known expressions are read in one go`() async {
        let line = #"{"expr":"*/5 * * * *","after":"2026-11-21T05:00:00Z","n":1}"# + "\n"
        let output = await run(String(repeating: line, count: 10_000))
        #expect(output.utf8.count == 10_000 * 34)
    }
}
