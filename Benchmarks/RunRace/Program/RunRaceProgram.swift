// The commands of `run-race`.

internal import Platform

/// The program that lets whole clusters run jobs and says how punctually they did.
package enum RunRaceProgram {
    private static let usage = """
        run-race bench|takeover|runs --tools FOLDER --node PROGRAM --folder FOLDER [--only NAME]
        bench: writes, herd, lag, burst; runs: capture, follow, first, short;
        takeover: unclaimed, claimed.
        Benchmarks/run/race builds all that is needed.

        """

    /// Carries out `arguments`, which do not hold the program's own name.
    package static func run(_ arguments: [String]) async -> Never {
        do {
            Terminal.exit(try await code(of: arguments))
        } catch {
            Terminal.write(Array("run-race: \(error)\n".utf8), to: .errors)
            Terminal.exit(1)
        }
    }

    private static func code(of arguments: [String]) async throws -> Int32 {
        guard let command = arguments.first, let words = Words(arguments.dropFirst()) else {
            return refuse()
        }
        let race = try Race(words)
        let only = words.text("only")
        let lines: [(name: String, hold: () async throws -> Void)]
        switch command {
        case "bench":
            lines = [
                ("herd", race.raceHerd), ("writes", race.raceWrites), ("lag", race.raceLag),
                ("burst", race.raceBurst),
            ]
        case "runs":
            lines = [
                ("capture", race.raceCapture), ("follow", race.raceFollow),
                ("first", race.raceFirstLine), ("short", race.raceShort),
            ]
        case "takeover": lines = [("unclaimed", race.raceDeadFirst), ("claimed", race.raceLost)]
        case _: return refuse()
        }
        for line in lines where only == nil || only == line.name { try await line.hold() }
        return 0
    }

    private static func refuse() -> Int32 {
        Terminal.write(Array(usage.utf8), to: .errors)
        return 2
    }
}

/// Prints a line on standard output at once.
func say(_ line: String) {
    Terminal.write(Array("\(line)\n".utf8), to: .output)
}

/// A line of results; less is better.
func bench(_ name: String, _ ours: Double, _ theirs: Double, _ unit: String) {
    let ratio = theirs / max(ours, 1e-9)
    say("BENCH \(name) \(rounded(ours)) \(rounded(theirs)) \(unit) \(rounded(ratio, to: 2))")
}

/// A line of results; more is better.
func rate(_ name: String, _ ours: Double, _ theirs: Double, _ unit: String) {
    let ratio = ours / max(theirs, 1e-9)
    say("BENCH \(name) \(rounded(ours)) \(rounded(theirs)) \(unit) \(rounded(ratio, to: 2))")
}

func rounded(_ number: Double, to places: Int = 3) -> Double {
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    return (number * scale).rounded() / scale
}

/// A command line of options with one value each.
struct Words {
    private var options: [String: String] = [:]

    /// `nil` if a word is no option or an option has no value.
    init?(_ words: ArraySlice<String>) {
        var rest = words
        while let word = rest.popFirst() {
            guard word.hasPrefix("--"), let value = rest.popFirst() else { return nil }
            options[String(word.dropFirst(2))] = value
        }
    }

    func text(_ option: String) -> String? { options[option] }
    func number(_ option: String) -> Int? { options[option].flatMap { Int($0) } }

    func needed(_ option: String) throws -> String {
        guard let text = options[option] else { throw RaceFailure("--\(option) is missing") }
        return text
    }
}

/// Why a race could not be held.
struct RaceFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
