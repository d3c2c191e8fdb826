// The commands of `gossip-race`.

internal import Platform

/// The program that races clusters of small processes against other people's.
package enum GossipRaceProgram {
    private static let usage = """
        gossip-race run [LINE...] [OPTION...]   measure; without names, every line
          --nodes N (50), --rounds N (2), --long yes, --serf no
        The other command is for the program's own children:
        gossip-race agent OPTION...    one member with a copy of the list and a watcher of it
        Lines: \(RaceLine.allCases.map(\.rawValue).joined(separator: " "))

        """

    /// Carries out `arguments`, which do not hold the program's own name.
    package static func run(_ arguments: [String]) async -> Never {
        do {
            Terminal.exit(try await code(of: arguments))
        } catch {
            Terminal.write(Array("gossip-race: \(error)\n".utf8), to: .errors)
            Terminal.exit(1)
        }
    }

    private static func code(of arguments: [String]) async throws -> Int32 {
        guard let command = arguments.first, let words = Words(arguments.dropFirst()) else {
            return refuse()
        }
        switch command {
        case "run":
            let lines = words.plain.compactMap(RaceLine.init(rawValue:))
            guard lines.count == words.plain.count else { return refuse() }
            let race = try Race(
                nodes: words.number("nodes") ?? 50,
                isLong: words.text("long") == "yes",
                rounds: words.number("rounds"),
                isLonely: words.text("serf") == "no"
            )
            try await race.run(lines.isEmpty ? RaceLine.allCases : lines)
            return 0
        case "agent":
            try await RaceAgent(words).run()
            return 0
        case _: return refuse()
        }
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

/// A command line of plain words and of options with one value each.
struct Words {
    private(set) var plain: [String] = []
    private var options: [String: String] = [:]

    /// `nil` if an option has no value.
    init?(_ words: ArraySlice<String>) {
        var rest = words
        while let word = rest.popFirst() {
            guard word.hasPrefix("--") else {
                plain.append(word)
                continue
            }
            guard let value = rest.popFirst() else { return nil }
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
