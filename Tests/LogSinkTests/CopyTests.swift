// What a copy of a log needs: who keeps it, pages that can be trusted, and what is missing.

import Documents
import LogSink
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct CopyTests {
    let run = RunID("01RUN0000000000000000000A")
    let nodes = (1...20).map { NodeName("n\($0)") }

    @Test func `the neighbour is another node, and few change theirs when one goes`() {
        var moved = 0
        var chosen: Set<NodeName> = []
        for node in nodes {
            let ranked = CopyChoice.ranked(nodes, for: node)
            #expect(ranked.count == 19 && !ranked.contains(node))
            #expect(CopyChoice.ranked(nodes.reversed(), for: node) == ranked)
            chosen.insert(ranked[0])
            let left = CopyChoice.ranked(nodes.filter { $0 != NodeName("n7") }, for: node)
            if left[0] != ranked[0] { moved += 1 }
            #expect(left == ranked.filter { $0 != NodeName("n7") })
        }
        #expect(moved < 6)
        #expect(chosen.count > 8)
        #expect(CopyChoice.ranked([NodeName("n1")], for: NodeName("n1")).isEmpty)
    }

    private func page(_ lines: [(Int64, String)], next: Int64, end: Int64) -> LogPage {
        LogPage(
            lines: lines.map { (offset: $0.0, line: .out($0.1)) },
            next: next,
            end: end,
            isComplete: false,
            missing: 0..<0
        )
    }

    @Test func `a page is taken apart where something is missing, and nonsense is refused`() {
        let good = page([(4, "a"), (6, "b"), (20, "c")], next: 22, end: 30)
        #expect(good.pieces?.map(\.start) == [4, 20])
        #expect(good.pieces?.map(\.batch.size) == [4, 2])
        #expect(page([], next: 9, end: 9).pieces?.isEmpty == true)
        #expect(page([(4, "a"), (5, "b")], next: 7, end: 7).pieces == nil)
        #expect(page([(9, "a"), (4, "b")], next: 12, end: 12).pieces == nil)
        #expect(page([(-1, "a")], next: 1, end: 1).pieces == nil)
        #expect(page([(0, "a\nb")], next: 4, end: 4).pieces == nil)
        #expect(page([(0, "abc")], next: 2, end: 9).pieces == nil)
        #expect(page([(0, "abc")], next: 9, end: 4).pieces == nil)
        #expect(page([], next: .max, end: .max).pieces == nil)
        #expect(page([(.max, "a")], next: .max, end: .max).pieces == nil)
    }

    @Test func `a page with numbers that no log has is no page`() async throws {
        let good: Value = [
            "lines": [["o": 4, "t": 1_700_000_000_000, "s": "out", "l": "abc"]],
            "next": 8, "end": 20, "complete": false, "missing": [10, 12],
        ]
        #expect(LogPage(good)?.lines.first?.offset == 4)
        func isRefused(_ member: String, _ value: Value) -> Bool {
            var members = good.object ?? [:]
            members[member] = value
            return LogPage(.object(members)) == nil
        }
        func line(_ offset: Int64, _ time: Int64, _ text: String = "abc") -> Value {
            [
                [
                    "o": .integer(offset), "t": .integer(time), "s": "out", "l": .string(text),
                ]
            ]
        }
        for bad in [-1, Int64.max, .min, Int64.max - 3] {
            #expect(isRefused("lines", line(bad, 0)), "\(bad)")
            #expect(isRefused("next", .integer(bad)))
            #expect(isRefused("end", .integer(bad)))
            #expect(isRefused("missing", [.integer(bad), 20]))
        }
        #expect(isRefused("lines", line(4, .max)) && isRefused("lines", line(4, .min)))
        #expect(isRefused("lines", line(4, 0, "a\nb")))
        #expect(isRefused("lines", line(5, 0)))
        #expect(isRefused("missing", [10, 21]))
    }

    @Test func `where many logs stand is told at once`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/logs.db"
        let sink = try SQLiteLogSink(path: path)
        let runs = (0..<1_200).map { RunID("01RUN\($0)") }
        for (index, run) in runs.enumerated() where !index.isMultiple(of: 3) {
            try await sink.open(run, job: UID("a1"), keep: .of(bytes: 1_000))
            _ = try await sink.append([.out("\(index)")], to: run)
            if index.isMultiple(of: 2) { try await sink.close(run) }
        }
        for reader: any LogReader in [sink, SQLiteLogReader(path: path)] {
            let stands = try await reader.stands(of: runs)
            #expect(stands.count == 800)
            #expect(stands[runs[0]] == nil)
            #expect(stands[runs[10]] == LogStand(end: 3, isComplete: true))
            #expect(stands[runs[1_199]] == LogStand(end: 5, isComplete: false))
        }
        let none = SQLiteLogReader(path: folder.path + "/none.db")
        #expect(try await none.stands(of: runs).isEmpty)
    }

    @Test func `what is skipped is missing, also for who opens the file again`() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/copies.db"
        let sink = try SQLiteLogSink(path: path)
        try await sink.open(run, job: UID("a1"), keep: .of(bytes: 10_000))
        _ = try await sink.append([.out("head")], to: run)
        try await sink.skip(run, to: 3)
        try await sink.skip(run, to: 100)
        #expect(try await sink.append(LogBatch([.out("first tail")]), to: run, at: 100) == 111)
        try await sink.skip(run, to: 1 << 40)
        _ = try await sink.append([.out("last")], to: run)
        let again = try SQLiteLogSink(path: path)
        for reader: any LogReader in [sink, again, SQLiteLogReader(path: path)] {
            let page = try await reader.read(run, from: 0, limit: 1_000)
            #expect(page.missing == 5..<(1 << 40))
            #expect(page.lines.map(\.offset) == [0, 1 << 40])
            #expect(page.lines.map(\.line.string) == ["head", "last"])
        }
        #expect(try await again.append([.out("more")], to: run) == (1 << 40) + 10)
        try await again.close(openedBefore: Instant(unixMilliseconds: .max))
        await #expect(throws: LogError.closed(run)) { try await again.skip(run, to: 1 << 41) }
    }
}
