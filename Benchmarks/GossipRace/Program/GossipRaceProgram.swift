// The commands of `gossip-race`.

internal import RaceWords

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
        await RaceProgram.run("gossip-race", usage: usage, arguments, command: carryOut)
    }

    private static func carryOut(_ command: String, _ words: Words) async throws -> Int32? {
        switch command {
        case "run":
            let lines = words.plain.compactMap(RaceLine.init(rawValue:))
            guard lines.count == words.plain.count else { return nil }
            let race = try Race(
                nodes: words.number("nodes") ?? 50,
                isLong: words.text("long") == "yes",
                rounds: words.number("rounds"),
                isLonely: words.text("serf") == "no"
            )
            try await race.run(lines.isEmpty ? RaceLine.allCases : lines)
        case "agent": try await RaceAgent(words).run()
        case _: return nil
        }
        return 0
    }
}
