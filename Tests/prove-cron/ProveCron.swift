// Compares CronEval with its slow reference, as often as one likes.

internal import CronProof
internal import FoundationEssentials
internal import Glibc

/// Runs the same comparisons as the tests, a million times, and says what it compared.
@main
struct ProveCron {
    static func main() {
        let environment = ProcessInfo.processInfo.environment
        let schedules = environment["ROTA_CRON_CASES"].flatMap { Int($0) } ?? 1_000_000
        let seed =
            environment["ROTA_CRON_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: 0..<1_000_000_000)
        do throws(Difference) {
            let prover = try Prover(seed: seed)
            if let only = environment["ROTA_CRON_ONLY"] {
                try repeatOne(only, by: prover)
            } else {
                try run(prover, schedules)
            }
        } catch {
            say("1 difference\n\(error)")
            exit(1)
        }
    }

    /// Kinds take turns, so that each is as far as the others at any time.
    private static func run(_ prover: Prover, _ schedules: Int) throws(Difference) {
        say("seed \(prover.seed): \(schedules) schedules")
        let started = ContinuousClock.now
        var tally = ProofTally()
        let rounds = 50
        for round in 0..<rounds {
            for kind in ProofKind.allCases {
                let batches = kind.batches(for: schedules)
                let share = batches * round / rounds..<batches * (round + 1) / rounds
                for batch in share { try prover.run(kind, batch: batch, into: &tally) }
            }
            let seconds = (ContinuousClock.now - started).components.seconds
            let done = tally.schedules.values.reduce(0, +)
            say("  \(done) schedules, 0 differences, \(seconds) s")
        }
        let kinds = ProofKind.allCases.map { "\($0.rawValue) \(tally.schedules[$0] ?? 0)" }
        let answers = ProofQuestion.allCases.map { "\($0.rawValue) \(tally.answers[$0] ?? 0)" }
        let seconds = (ContinuousClock.now - started).components.seconds
        say("schedules: \(kinds.joined(separator: ", "))")
        say("answers: \(answers.joined(separator: ", "))")
        say(
            """
            seed \(prover.seed): \(tally.schedules.values.reduce(0, +)) schedules and \
            \(tally.answers.values.reduce(0, +)) answers compared in \(seconds) s, 0 differences
            """
        )
    }

    /// Repeats one batch by the name that a difference gives it, such as `years/17`.
    private static func repeatOne(_ name: String, by prover: Prover) throws(Difference) {
        let parts = name.split(separator: "/")
        guard parts.count == 2, let kind = ProofKind(rawValue: String(parts[0])),
            let batch = Int(parts[1])
        else {
            say("ROTA_CRON_ONLY is a kind and a batch, as in years/17")
            exit(2)
        }
        var tally = ProofTally()
        try prover.run(kind, batch: batch, into: &tally)
        say("seed \(prover.seed), \(name): 0 differences")
    }

    private static func say(_ line: String) {
        print(line)
        // Also into a pipe at once.
        fflush(nil)
    }
}
