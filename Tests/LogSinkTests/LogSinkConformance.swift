// What every back end of the log promises.

import LogSink
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(1))) struct LogSinkConformance {
    let folder: TemporaryFolder
    let run = RunID("01RUN0000000000000000000A")
    let job = UID("a1")

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: BackEnd.allCases)
    func `lines come back as printed, with stream, time and offset`(_ backEnd: BackEnd) async throws
    {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 10_000))
        let lines = [
            LogLine.out("one", at: 1_700_000_000_123),
            LogLine(stream: .err, at: Instant(unixMilliseconds: 5), text: [0xFF, 0, 0x0D]),
            LogLine(stream: .note, at: Instant(unixMilliseconds: -7), text: []),
            LogLine.out("four", at: 1_700_000_000_124),
        ]
        #expect(try await sink.append(Array(lines[..<2]), to: run) == 8)
        #expect(try await sink.append(Array(lines[2...]), to: run) == 14)
        let page = try await sink.read(run, from: 0, limit: 10_000)
        #expect(
            page
                == LogPage(
                    lines: zip([0, 4, 8, 9], lines).map { ($0, $1) },
                    next: 14,
                    end: 14,
                    isComplete: false,
                    missing: page.missing
                )
        )
        #expect(page.missing.isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `an offset inside a line answers the whole line`(_ backEnd: BackEnd) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 10_000))
        _ = try await sink.append(["aaa", "bbb", "ccc"].map { .out($0) }, to: run)
        for (offset, expected) in [(-5, 0), (0, 0), (3, 0), (4, 4), (7, 4), (8, 8)]
            as [(Int64, Int64)]
        {
            let page = try await sink.read(run, from: offset, limit: 1)
            #expect(page.lines.map(\.offset) == [expected], "from \(offset)")
            #expect(page.next == expected + 4)
        }
        let beyond = try await sink.read(run, from: 99, limit: 10)
        #expect(beyond.lines.isEmpty)
        #expect(beyond.next == 12)
    }

    @Test(arguments: BackEnd.allCases)
    func `pages of any size put together are the whole log`(_ backEnd: BackEnd) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 1_000_000))
        let texts = (0..<2_000).map { String(repeating: "x", count: $0 % 50) + "\($0)" }
        for start in stride(from: 0, to: texts.count, by: 7) {
            let batch = texts[start..<min(start + 7, texts.count)]
            _ = try await sink.append(batch.map { .out($0) }, to: run)
        }
        for limit in [60, 1_000, 10_000, 1_000_000] {
            let lines = try await sink.everything(of: run, pageLimit: limit)
            #expect(lines.map(\.line.string) == texts, "pages of \(limit)")
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `beyond its limit a log keeps head and tail and says what is missing`(
        _ backEnd: BackEnd
    ) async throws {
        let sink = try backEnd.make(in: folder)
        let limit = 20_000
        try await sink.open(run, job: job, keep: .of(bytes: limit))
        var end: Int64 = 0
        for start in stride(from: 0, to: 10_000, by: 50) {
            end = try await sink.append((start..<start + 50).map { .out("line \($0)") }, to: run)
        }
        let page = try await sink.read(run, from: 0, limit: 1)
        #expect(page.end == end)
        let kept = page.missing.lowerBound + end - page.missing.upperBound
        #expect(kept <= limit)
        #expect(kept > limit * 9 / 10)
        #expect(page.missing.lowerBound > limit * 4 / 10)
        let lines = try await sink.everything(of: run)
        #expect(lines.first?.line.string == "line 0")
        #expect(lines.last?.line.string == "line 9999")
        for (offset, line) in lines {
            // Offsets are those of the untouched output, on both sides of the gap.
            let number = try #require(Int(line.string.dropFirst(5)))
            #expect(offset == Self.offset(ofLine: number))
        }
        let inGap = try await sink.read(run, from: page.missing.lowerBound + 1, limit: 1)
        #expect(inGap.lines.first?.offset == page.missing.upperBound)
    }

    /// Where `line <number>` starts when every line before it was printed that way.
    private static func offset(ofLine number: Int) -> Int64 {
        Int64((0..<number).reduce(0) { $0 + "line \($1)".utf8.count + 1 })
    }

    @Test(arguments: BackEnd.allCases, [0, 1, 10, 100, 5_000])
    func `small limits hold, whatever the lines`(_ backEnd: BackEnd, limit: Int) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: limit))
        var random = SeededGenerator(seed: UInt64(limit) + 1)
        var end: Int64 = 0
        for _ in 0..<200 {
            let lines = (0..<random.next() % 5).map { _ in
                LogLine.out(String(repeating: "y", count: Int(random.next() % 400)))
            }
            end += lines.reduce(0) { $0 + Int64($1.size) }
            #expect(try await sink.append(lines, to: run) == end)
            let page = try await sink.read(run, from: 0, limit: 1)
            #expect(page.missing.lowerBound + end - page.missing.upperBound <= limit)
            let kept = try await sink.everything(of: run).reduce(0) { $0 + Int64($1.line.size) }
            #expect(kept == page.missing.lowerBound + end - page.missing.upperBound)
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `a closed log is complete and takes no more`(_ backEnd: BackEnd) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 100))
        _ = try await sink.append([.out("a")], to: run)
        try await sink.close(run)
        try await sink.close(run)
        try await sink.open(run, job: job, keep: .of(bytes: 100))
        #expect(try await sink.read(run, from: 0, limit: 10).isComplete)
        await #expect(throws: LogError.closed(run)) {
            try await sink.append([.out("b")], to: run)
        }
        #expect(try await sink.everything(of: run).map(\.line.string) == ["a"])
    }

    @Test(arguments: BackEnd.allCases)
    func `a log that was never opened is refused by name`(_ backEnd: BackEnd) async throws {
        let sink = try backEnd.make(in: folder)
        let refusal = LogError.noSuchLog(run)
        await #expect(throws: refusal) { try await sink.append([], to: run) }
        await #expect(throws: refusal) { try await sink.close(run) }
        await #expect(throws: refusal) { try await sink.read(run, from: 0, limit: 1) }
        await sink.wait(for: run, beyond: 0, timeout: .seconds(3_600))
    }

    @Test(arguments: BackEnd.allCases)
    func `a reader waits until the log grows, is closed, or its time is up`(
        _ backEnd: BackEnd
    ) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 100))
        // Hundreds of followers at once: none holds a thread.
        await withTaskGroup { group in
            for _ in 0..<300 {
                group.addTask { await sink.wait(for: run, beyond: 0, timeout: .seconds(3_600)) }
            }
            group.addTask { _ = try? await sink.append([.out("a")], to: run) }
        }
        await sink.wait(for: run, beyond: 2, timeout: .milliseconds(1))
        async let waiting: Void = sink.wait(for: run, beyond: 2, timeout: .seconds(3_600))
        try await sink.close(run)
        await waiting
        await sink.wait(for: run, beyond: 2, timeout: .seconds(3_600))
    }

    @Test(arguments: BackEnd.allCases)
    func `logs go by age, by count per job and by size, open ones never`(
        _ backEnd: BackEnd
    ) async throws {
        let clock = TestClock()
        let sink = try backEnd.make(in: folder, clock: clock)
        let runs = (0..<6).map { RunID("01RUN\($0)") }
        for (index, run) in runs.enumerated() {
            try await sink.open(run, job: index < 4 ? job : UID("b2"), keep: .of(bytes: 1_000))
            _ = try await sink.append([.out(String(repeating: "z", count: 99))], to: run)
            clock.advance(by: .seconds(60))
            if index != 2 { try await sink.close(run) }
        }
        var policy = LogRetention(
            age: .seconds(360),
            runsPerJob: 100,
            totalBytes: 600,
            now: clock.now
        )
        #expect(try await sink.prune(policy) == 0)
        policy.age = .seconds(299)
        #expect(try await sink.prune(policy) == 1)
        #expect(try await sink.present(runs) == [1, 2, 3, 4, 5])
        policy.runsPerJob = 1
        #expect(try await sink.prune(policy) == 2)
        #expect(try await sink.present(runs) == [2, 3, 5])
        policy.totalBytes = 250
        #expect(try await sink.prune(policy) == 1)
        #expect(try await sink.present(runs) == [2, 5])
        policy.totalBytes = 0
        #expect(try await sink.prune(policy) == 1)
        #expect(try await sink.present(runs) == [2])
    }
}
