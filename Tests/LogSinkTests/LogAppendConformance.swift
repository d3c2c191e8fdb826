// What every back end promises of batches: fast ones, repeated ones, and those of many jobs.

import LogSink
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(2))) struct LogAppendConformance {
    let folder: TemporaryFolder
    let run = RunID("01RUN0000000000000000000A")
    let job = UID("a1")

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: BackEnd.allCases)
    func `a batch that is sent again is not there twice`(_ backEnd: BackEnd) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 10_000))
        let first = LogBatch(["a", "b"].map { .out($0) })
        let second = LogBatch(["c", "d", "e"].map { .out($0, at: 7) })
        #expect(try await sink.append(first, to: run, at: 0) == 4)
        #expect(try await sink.append(first, to: run, at: 0) == 4)
        #expect(try await sink.append(second, to: run, at: 4) == 10)
        #expect(try await sink.append(second, to: run, at: 4) == 10)
        // A part of it may have come in.
        let both = LogBatch(first.lines + second.lines + [.out("f", at: 9)])
        #expect(try await sink.append(both, to: run, at: 0) == 12)
        let lines = try await sink.everything(of: run)
        #expect(lines.map(\.line.string) == ["a", "b", "c", "d", "e", "f"])
        #expect(lines.map(\.offset) == [0, 2, 4, 6, 8, 10])
        #expect(lines.map(\.line.at.unixMilliseconds) == [0, 0, 7, 7, 7, 9])
    }

    @Test(arguments: BackEnd.allCases)
    func `a batch from beyond the end is refused`(_ backEnd: BackEnd) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 10_000))
        _ = try await sink.append([.out("a")], to: run)
        await #expect(throws: LogError.gap(run, from: 2, to: 3)) {
            try await sink.append(LogBatch([.out("b")]), to: run, at: 3)
        }
        #expect(try await sink.everything(of: run).map(\.line.string) == ["a"])
    }

    @Test(arguments: BackEnd.allCases)
    func `batches beyond the limit in quick succession are stored all the same`(
        _ backEnd: BackEnd
    ) async throws {
        let sink = try backEnd.make(in: folder)
        let model = InMemoryLogSink()
        for log: any LogSink in [sink, model] {
            try await log.open(run, job: job, keep: .of(bytes: 100_000))
            for number in 0..<300 {
                let lines = (0..<50).map { LogLine.out("line \(number) \($0)", at: Int64(number)) }
                _ = try await log.append(lines, to: run)
            }
            try await log.close(run)
        }
        let page = try await sink.read(run, from: 0, limit: 1 << 20)
        #expect(try await model.read(run, from: 0, limit: 1 << 20) == page)
        #expect(page.lines.last?.line.string == "line 299 49")
        #expect(page.isComplete)
        #expect(!page.missing.isEmpty)
    }

    @Test(arguments: BackEnd.allCases)
    func `a reader sees what waits to be stored`(_ backEnd: BackEnd) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 1_000))
        for number in 0..<200 {
            let end = try await sink.append([.out("number \(number)")], to: run)
            guard number.isMultiple(of: 7) else { continue }
            await sink.wait(for: run, beyond: end - 1, timeout: .seconds(3_600))
            let page = try await sink.read(run, from: end - 1, limit: 100)
            #expect(page.lines.map(\.line.string) == ["number \(number)"])
            #expect(page.end == end)
        }
    }

    @Test(arguments: BackEnd.allCases)
    func `what a job's newest run says holds for its logs`(_ backEnd: BackEnd) async throws {
        let clock = TestClock()
        let sink = try backEnd.make(in: folder, clock: clock)
        let runs = (0..<8).map { RunID("01RUN\($0)") }
        for (index, run) in runs.enumerated() {
            // Of each job the last run keeps less than those before it.
            let isLast = index % 4 == 3
            let keep =
                index < 4
                ? Retention.of(bytes: 100, runs: isLast ? 2 : 100)
                : Retention.of(bytes: 100, age: isLast ? .seconds(150) : .seconds(10_000))
            try await sink.open(run, job: UID(index < 4 ? "few" : "young"), keep: keep)
            try await sink.close(run)
            clock.advance(by: .seconds(60))
        }
        var policy = LogRetention(
            age: .seconds(1_000_000),
            runsPerJob: 1_000,
            totalBytes: 1 << 40,
            now: clock.now
        )
        #expect(try await sink.prune(policy) == 4)
        #expect(try await sink.present(runs) == [2, 3, 6, 7])
        // The policy of all is never exceeded.
        policy.runsPerJob = 1
        #expect(try await sink.prune(policy) == 2)
        #expect(try await sink.present(runs) == [3, 7])
    }

    @Test(arguments: BackEnd.allCases)
    func `a search finds every line that is kept, and counts them all`(
        _ backEnd: BackEnd
    ) async throws {
        let sink = try backEnd.make(in: folder)
        try await sink.open(run, job: job, keep: .of(bytes: 200_000))
        for start in stride(from: 0, to: 20_000, by: 500) {
            let lines = (start..<start + 500).map { number in
                LogLine.out(number.isMultiple(of: 100) ? "an ERROR \(number)" : "fine \(number)")
            }
            _ = try await sink.append(lines, to: run)
        }
        let kept = try await sink.everything(of: run).filter { $0.line.string.contains("ERROR") }
        let needle = LogNeedle(Array("error".utf8), .anyCase)
        let hits = try await sink.search(run, for: needle, limit: 10)
        #expect(hits.count == kept.count)
        #expect(hits.lines.map(\.offset) == kept.prefix(10).map(\.offset))
        #expect(hits.lines.first?.line.string == "an ERROR 0")
        let page = try await sink.read(run, from: 0, limit: 1)
        #expect(hits.missing == page.missing && !page.missing.isEmpty)
        #expect(hits.end == page.end)
        let exact = try await sink.search(run, for: LogNeedle(Array("error".utf8)), limit: 10)
        #expect(exact.count == 0)
        await #expect(throws: LogError.noSuchLog(RunID("none"))) {
            try await sink.search(RunID("none"), for: needle, limit: 1)
        }
    }
}

extension LogSink {
    /// Which of `runs` have a log, by their places.
    func present(_ runs: [RunID]) async throws -> [Int] {
        var present: [Int] = []
        for (index, run) in runs.enumerated() {
            do {
                _ = try await read(run, from: 0, limit: 1)
                present.append(index)
            } catch LogError.noSuchLog {}
        }
        return present
    }
}
