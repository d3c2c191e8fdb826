// The commands of `cron-judge`.

internal import CronEval
internal import Platform
internal import Vocabulary

/// The program that asks other people's cron evaluators about ours.
package enum JudgeProgram {
    private static let usage = """
        cron-judge verify [--short] [--seed N]  ask all judges, compare, explain
        cron-judge record                       record answers for the tests
        cron-judge bench                        race against all judges
        cron-judge measure MODE ZONE            measure ours, as judges measure themselves
        cron-judge work N                       call next and previous, to count allocations

        """

    /// Carries out `arguments`, which do not hold the program's own name.
    package static func run(_ arguments: [String]) async -> Never {
        do {
            Terminal.exit(try await code(of: arguments))
        } catch {
            Terminal.write(Array("cron-judge: \(error)\n".utf8), to: .errors)
            Terminal.exit(1)
        }
    }

    private static func code(of arguments: [String]) async throws -> Int32 {
        var words = arguments[...]
        switch words.popFirst() {
        case "verify":
            return try await VerifyCommand(words: words).run() ? 0 : 1
        case "record" where words.isEmpty:
            try await RecordCommand().run()
            return 0
        case "bench" where words.isEmpty:
            return try await BenchCommand().run() ? 0 : 1
        case "measure" where words.count == 2:
            let input = try standardInput()
            say(try OurMeasurement.line(mode: arguments[1], zone: arguments[2], input: input))
            return 0
        case "work":
            guard words.count == 1, let repetitions = Int(arguments[1]) else { break }
            Allocations.work(input: try standardInput(), repetitions: repetitions)
            return 0
        case _: break
        }
        Terminal.write(Array(usage.utf8), to: .errors)
        return 2
    }

    private static func standardInput() throws(SystemError) -> String {
        String(decoding: try FileStore.read("/dev/stdin"), as: UTF8.self)
    }
}

/// Prints a line on standard output at once.
func say(_ line: String) {
    Terminal.write(Array("\(line)\n".utf8), to: .output)
}

/// Prints a line on standard error.
func tell(_ line: String) {
    Terminal.write(Array("\(line)\n".utf8), to: .errors)
}

/// Where the package lies: where the program was started.
enum ProjectFolder {
    /// An absolute path.
    static var path: String { "/proc/self/cwd" }

    static var listOfBench: String { "\(path)/Benchmarks/cron/corpus/bench.txt" }
    static var recording: String { "\(path)/Tests/CronJudgeTests/Golden/judges.tsv" }
}

/// The year in which judges are asked.
var thisYear: Int {
    CivilDate(daysSinceEpoch: SystemClock.wall.unixSeconds.floorDivided(by: 86_400)).year
}
