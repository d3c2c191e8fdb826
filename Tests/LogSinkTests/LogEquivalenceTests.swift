// The same calls to the sink in memory and to a back end, which must answer alike.

import LogSink
import TestSupport
import Testing
import Vocabulary

@Suite(.timeLimit(.minutes(2))) struct LogEquivalenceTests {
    @Test(.tags(.randomized), arguments: BackEnd.real)
    func `random calls answer the same as in memory`(_ backEnd: BackEnd) async throws {
        for seed: UInt64 in 1...8 {
            let folder = try TemporaryFolder()
            let clock = TestClock()
            let model = InMemoryLogSink { clock.now }
            let sink = try backEnd.make(in: folder, clock: clock)
            var caller = RandomCaller(seed: seed)
            for step in 0..<200 {
                let call = caller.next(clock)
                let (expected, found) = (await call.answer(of: model), await call.answer(of: sink))
                guard expected == found else {
                    Issue.record("seed \(seed), step \(step), \(call):\n\(expected)\n\(found)")
                    return
                }
            }
        }
    }
}

/// One call, and what it answers in words.
private enum RandomCall {
    case open(RunID, UID, Retention)
    case append(LogBatch, RunID, at: Int64?)
    case close(RunID)
    case read(RunID, from: Int64, limit: Int)
    case prune(LogRetention)

    func answer(of sink: any LogSink) async -> String {
        do {
            switch self {
            case .open(let run, let job, let keep):
                try await sink.open(run, job: job, keep: keep)
                return "opened"
            case .append(let batch, let run, let offset):
                return "\(try await sink.append(batch, to: run, at: offset))"
            case .close(let run):
                try await sink.close(run)
                return "closed"
            case .read(let run, let offset, let limit):
                return "\(try await sink.read(run, from: offset, limit: limit))"
            case .prune(let policy):
                return "\(try await sink.prune(policy))"
            }
        } catch {
            return "\(error)"
        }
    }
}

private struct RandomCaller {
    private var random: SeededGenerator
    private let runs = (0..<6).map { RunID("01RUN\($0)") }
    private var ends: [RunID: Int64] = [:]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func next(_ clock: TestClock) -> RandomCall {
        let run = runs[number(below: runs.count)]
        switch number(below: 20) {
        case 0...2:
            let keep = Retention.of(
                bytes: [0, 50, 900, 20_000, 300_000][number(below: 5)],
                runs: number(below: 6),
                age: .seconds(number(below: 500))
            )
            return .open(run, UID("j\(number(below: 2))"), keep)
        case 3...11:
            let batch = batch()
            let known = ends[run] ?? 0
            let offset: Int64? = [nil, nil, nil, known][number(below: 4)]
            ends[run] = Int64(number(below: Int(known) + batch.size + 1))
            return .append(batch, run, at: offset)
        case 12: return .close(run)
        case 13:
            clock.advance(by: .seconds(number(below: 200)))
            let policy = LogRetention(
                age: .seconds(number(below: 2_000)),
                runsPerJob: number(below: 8),
                totalBytes: Int64(number(below: 500_000)),
                now: clock.now
            )
            return .prune(policy)
        case _:
            return .read(
                run,
                from: Int64(number(below: 60_000)) - 10,
                limit: [0, 1, 100, 5_000, 1 << 20][number(below: 5)]
            )
        }
    }

    private mutating func batch() -> LogBatch {
        let size = [1, 40, 40, 2_000][number(below: 4)]
        return LogBatch(
            (0..<number(below: 60)).map { _ in
                LogLine(
                    stream: [.out, .err, .note][number(below: 3)],
                    at: Instant(unixMilliseconds: Int64(number(below: 3))),
                    text: Array(
                        repeating: UInt8(0x20 + number(below: 60)),
                        count: number(below: size)
                    )
                )
            }
        )
    }

    private mutating func number(below limit: Int) -> Int {
        Int(random.next() % UInt64(max(1, limit)))
    }
}
