// What counts as a word about progress or a result, and what is plain output.

import LogSink
import Testing
import Vocabulary

@Suite struct ProgressReaderTests {
    @Test(arguments: [
        ("::progress 40 dumping", ProgressLine.progress(percent: 40, text: "dumping")),
        ("::progress 0", .progress(percent: 0, text: "")),
        ("::progress 100 done, at last\r", .progress(percent: 100, text: "done, at last")),
        ("::progress 0.40 dumping", .progress(percent: 40, text: "dumping")),
        ("::progress 0.29", .progress(percent: 29, text: "")),
        ("::progress 0.999", .progress(percent: 99, text: "")),
        ("::progress 0.5", .progress(percent: 50, text: "")),
        ("::progress 1.0", .progress(percent: 100, text: "")),
        ("::set rows=12", .result(name: "rows", value: "12")),
        ("::set a.b-c_9=x = y ", .result(name: "a.b-c_9", value: "x = y ")),
        ("::set empty=", .result(name: "empty", value: "")),
    ])
    func `a line of this form says something`(_ line: String, _ expected: ProgressLine) {
        #expect(ProgressLine(Array(line.utf8)) == expected)
    }

    @Test(arguments: [
        "", ":", "::", "::progress", "::progress ", "::progress 101", "::progress -1",
        "::progress 1.5", "::progress 4,0", "::progress .5", "::progress 5.", "::progress 1.01",
        "::progress 0.4.0", "::progress forty", "::progress 0000000000040", " ::progress 40",
        "::progress  40", "::set", "::set =1", "::set rows", "::set Rows=1", "::set a b=1",
        "::set ü=1", "::group x", "::set \(String(repeating: "n", count: 65))=1",
        "::set v=\(String(repeating: "v", count: 1_025))",
        "::progress 1 \(String(repeating: "t", count: 1_025))",
    ])
    func `anything else is plain output`(_ line: String) {
        #expect(ProgressLine(Array(line.utf8)) == nil)
        #expect(ProgressLine(Array("::set a=".utf8) + [0xFF]) == nil)
    }

    @Test func `names and values may be as long as they may be`() {
        let name = String(repeating: "n", count: 64)
        let value = String(repeating: "v", count: 1_024)
        #expect(
            ProgressLine(Array("::set \(name)=\(value)".utf8)) == .result(name: name, value: value)
        )
    }

    @Test func `of a batch the last word counts, of every name`() {
        var reader = ProgressReader()
        let batch = LogBatch(
            [
                .out("::progress 1 a"), .out("::set x=1"), .out("plain ::set x=9"),
                LogLine(stream: .err, at: .epoch, text: Array("::set y=2".utf8)),
                LogLine(stream: .note, at: .epoch, text: Array("::set z=3".utf8)),
                .out("::set x=4"), .out("::progress 2 b"), .out("::progress x"),
            ]
        )
        #expect(
            reader.read(batch) == [
                .progress(percent: 2, text: "b"), .result(name: "y", value: "2"),
                .result(name: "x", value: "4"),
            ]
        )
        #expect(reader.read(LogBatch([.out("nothing")])).isEmpty)
    }

    @Test func `of a run so many names count and no more`() {
        var reader = ProgressReader()
        let first = reader.read(LogBatch((0..<50).map { .out("::set n\($0)=1") }))
        let second = reader.read(LogBatch((0..<100).map { .out("::set n\($0)=2") }))
        #expect(first.count == 50)
        #expect(second == (0..<64).map { .result(name: "n\($0)", value: "2") })
    }
}
