// Runs simulated clusters under many seeds, one seed again, or with mistakes on purpose.

internal import ClusterSimulator
internal import Glibc

/// `simulate-cluster [--seeds COUNT] [--from SEED] [--troubles WORD,…] [--mutant WORD] [--hours N]`
/// runs scenarios whose troubles each seed draws; `--seed SEED …` runs one and tells its story;
/// `mutants [COUNT]` counts the seeds that each mistake takes to be found.
@main
struct SimulateCluster {
    static func main() async {
        var words = Array(CommandLine.arguments.dropFirst())
        if words.first == "mutants" {
            words.removeFirst()
            return await runGate(limit: words.first.flatMap { UInt64($0) })
        }
        var options: [String: String] = [:]
        while words.count >= 2, words[0].hasPrefix("--") {
            options[String(words[0].dropFirst(2))] = words[1]
            words.removeFirst(2)
        }
        guard words.isEmpty else { return fail("unknown word \(words[0])") }
        var troubles: [Trouble]?
        if let list = options["troubles"], list != "drawn" {
            troubles = []
            for word in list.split(separator: ",") where word != "none" {
                guard let trouble = Trouble(rawValue: String(word)) else {
                    return fail("no such trouble: \(word)")
                }
                troubles?.append(trouble)
            }
        }
        var mutant: Mutant?
        if let word = options["mutant"] {
            mutant = Mutant(rawValue: word)
            guard mutant != nil else { return fail("no such mutant: \(word)") }
        }
        let hours = options["hours"].flatMap { Int64($0) }
        let make = { @Sendable [troubles, mutant] (seed: UInt64) in
            Scenario(seed: seed, troubles: troubles, mutant: mutant, hours: hours)
        }
        if let seed = options["seed"].flatMap({ UInt64($0) }) { return runOne(make(seed)) }
        let first = options["from"].flatMap { UInt64($0) } ?? 1
        let count = options["seeds"].flatMap { UInt64($0) } ?? 1_000
        await run(first..<first + count, make)
    }

    private static func runOne(_ scenario: Scenario) {
        let outcome = scenario.run(isTelling: true)
        say(scenario.command)
        tell(outcome)
        for line in outcome.timeline { say(line) }
        say(
            """
            \(outcome.events) events, \(outcome.starts) starts, \(outcome.claims) claims, \
            \(outcome.unfencedOverlaps) unfenced overlaps, \
            \(outcome.repeatsAfterRollback) repeats after a rollback, trace \(outcome.trace)
            """
        )
        exit(outcome.violations.isEmpty ? 0 : 1)
    }

    private static func tell(_ outcome: ScenarioOutcome) {
        for violation in outcome.violations.prefix(5) {
            say("  \(violation.invariant) \(violation.subject): \(violation.text.prefix(600))")
        }
    }

    private static func run(
        _ seeds: Range<UInt64>,
        _ make: @escaping @Sendable (UInt64) -> Scenario
    ) async {
        let began = ContinuousClock.now
        var sum = Sum()
        var done: UInt64 = 0
        await withTaskGroup(of: (UInt64, ScenarioOutcome, Bool).self) { group in
            var next = seeds.lowerBound
            func add() {
                guard next < seeds.upperBound else { return }
                let seed = next
                next += 1
                group.addTask {
                    let outcome = make(seed).run()
                    // The same seed must tell the same story; a sample is told twice.
                    let isSame = seed % 50 != 0 || make(seed).run() == outcome
                    return (seed, outcome, isSame)
                }
            }
            for _ in 0..<4 { add() }
            while let (seed, outcome, isSame) = await group.next() {
                add()
                done += 1
                sum.add(outcome)
                if !isSame { say("FAILED \(make(seed).command)\n  it is another run each time") }
                if !outcome.violations.isEmpty {
                    say("FAILED \(make(seed).command)")
                    tell(outcome)
                }
                if !outcome.violations.isEmpty || !isSame { sum.failed += 1 }
                if done % 500 == 0 { say("  \(done) seeds, \(sum.failed) failed") }
            }
        }
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        let hours = Double(sum.milliseconds) / 3_600_000
        say(
            """
            \(seeds.count) seeds from \(seeds.lowerBound), \(Int(hours)) cluster hours in \
            \(Int(seconds)) s (\(Int(hours / seconds * 60)) an hour-count per minute), \
            \(sum.events) events, \(sum.starts) starts, \(sum.won) of \(sum.claims) claims won, \
            \(sum.overlaps) unfenced overlaps, \(sum.repeats) repeats after rollbacks, \
            \(sum.failed) failed
            """
        )
        exit(sum.failed == 0 ? 0 : 1)
    }

    private struct Sum {
        var failed = 0
        var milliseconds: Int64 = 0
        var events = 0
        var starts = 0
        var claims = 0
        var won = 0
        var overlaps = 0
        var repeats = 0

        mutating func add(_ outcome: ScenarioOutcome) {
            milliseconds += outcome.milliseconds
            events += outcome.events
            starts += outcome.starts
            claims += outcome.claims
            won += outcome.wonClaims
            overlaps += outcome.unfencedOverlaps
            repeats += outcome.repeatsAfterRollback
        }
    }

    private static func runGate(limit: UInt64?) async {
        var missed = 0
        await withTaskGroup(of: (Mutant, MutationGate.Find?).self) { group in
            for mutant in Mutant.allCases {
                group.addTask { (mutant, MutationGate.find(mutant, limit: limit)) }
            }
            for await (mutant, find) in group {
                let bound = MutationGate.bound(of: mutant)
                if let find {
                    let violation = find.violation
                    say(
                        """
                        \(mutant.rawValue): \(find.seeds) of \(limit ?? bound) seeds; \
                        \(violation.invariant) \(violation.text.prefix(160))
                        """
                    )
                } else {
                    missed += 1
                    say("MISSED \(mutant.rawValue) within \(limit ?? bound) seeds")
                }
            }
        }
        exit(missed == 0 ? 0 : 1)
    }

    private static func fail(_ why: String) {
        say(
            """
            \(why). Words: mutants, --seeds, --from, --seed, --hours, --troubles, --mutant. \
            Troubles: \(Trouble.allCases.map(\.rawValue).joined(separator: ", ")). \
            Mutants: \(Mutant.allCases.map(\.rawValue).joined(separator: ", "))
            """
        )
        exit(2)
    }

    private static func say(_ line: String) {
        print(line)
        // Also into a pipe at once.
        fflush(nil)
    }
}
