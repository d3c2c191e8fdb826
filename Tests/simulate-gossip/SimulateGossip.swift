// Runs simulated clusters under many seeds, one seed again, or for speed.

internal import GossipSimulator
internal import Glibc

/// `simulate-gossip [--seeds COUNT] [--from SEED]` runs scenarios whose troubles each seed draws;
/// `--seed SEED [--nodes COUNT] [--faults WORD,…]` runs one; `bench [COUNT]` measures.
@main
struct SimulateGossip {
    static func main() {
        var words = Array(CommandLine.arguments.dropFirst())
        if words.first == "bench" {
            words.removeFirst()
            return bench(nodes: words.first.flatMap { Int($0) } ?? 1_000)
        }
        var options: [String: String] = [:]
        while words.count >= 2, words[0].hasPrefix("--") {
            options[String(words[0].dropFirst(2))] = words[1]
            words.removeFirst(2)
        }
        guard words.isEmpty else { return fail("unknown word \(words[0])") }
        let nodes = options["nodes"].flatMap { Int($0) }
        var faults: [Fault]?
        if let list = options["faults"] {
            faults = list.split(separator: ",").compactMap { Fault(rawValue: String($0)) }
        }
        if let seed = options["seed"].flatMap({ UInt64($0) }) {
            let scenario = Scenario(seed: seed, nodes: nodes, faults: faults)
            let outcome = scenario.run()
            print(scenario.command)
            print("\(outcome)")
            exit(outcome.violations.isEmpty ? 0 : 1)
        }
        let first = options["from"].flatMap { UInt64($0) } ?? 1
        let count = options["seeds"].flatMap { UInt64($0) } ?? 10_000
        run(first..<first + count, nodes: nodes, faults: faults)
    }

    private static func run(_ seeds: Range<UInt64>, nodes: Int?, faults: [Fault]?) {
        let began = ContinuousClock.now
        var failed = 0
        var events = 0
        var slowest = (0.0, UInt64(0))
        for seed in seeds {
            let scenario = Scenario(seed: seed, nodes: nodes, faults: faults)
            let outcome = scenario.run()
            events += outcome.events
            if let healed = outcome.healedAfter {
                if healed > slowest.0 { slowest = (healed, seed) }
            }
            if !outcome.violations.isEmpty {
                failed += 1
                say("FAILED \(scenario.command)")
                for violation in outcome.violations.prefix(3) { say("  \(violation.prefix(600))") }
            }
            // The same seed must tell the same story; a sample is told twice.
            if seed % 100 == 0 {
                let again = Scenario(seed: seed, nodes: nodes, faults: faults).run()
                if again != outcome {
                    failed += 1
                    say("FAILED \(scenario.command)\n  it is another run each time")
                }
            }
            if (seed - seeds.lowerBound + 1) % 1_000 == 0 {
                let seconds = (ContinuousClock.now - began).components.seconds
                say("  \(seed - seeds.lowerBound + 1) seeds, \(failed) failed, \(seconds) s")
            }
        }
        let seconds = (ContinuousClock.now - began).components.seconds
        say(
            """
            \(seeds.count) seeds from \(seeds.lowerBound), \(events) events, \(seconds) s, \
            \(failed) failed; slowest agreement after \(slowest.0) s (seed \(slowest.1))
            """
        )
        exit(failed == 0 ? 0 : 1)
    }

    private static func bench(nodes: Int) {
        let speed = SimulatorBench.run(nodes: nodes, seconds: 60, seed: 1)
        let ours = speed.virtualSeconds / speed.wallSeconds
        let bare = speed.virtualSeconds / speed.bareWallSeconds
        say("\(nodes) nodes joined after \(speed.joinedAfter ?? -1) virtual s")
        say("joining took \(speed.joinWallSeconds) s")
        say("60 quiet virtual s took \(speed.wallSeconds) s, \(speed.events) events")
        say("a bare event loop takes \(speed.bareWallSeconds) s")
        say("\(speed.idlePacketsPerNode) packets, \(speed.idleBytesPerNode) bytes a second each")
        say("BENCH gossip-sim-\(nodes) \(ours) \(bare) virtual-seconds-per-second \(ours / bare)")
    }

    private static func fail(_ why: String) {
        say("\(why). Words: bench, --seeds, --from, --seed, --nodes, --faults")
        exit(2)
    }

    private static func say(_ line: String) {
        print(line)
        // Also into a pipe at once.
        fflush(nil)
    }
}
