// The commands of `list-race`.

internal import RaceWords

/// The program that moves whole lists between processes and says how long it took.
package enum ListRaceProgram {
    private static let usage = """
        list-race bench [--jobs N] [--laps N] [--only NAME]   beside bare loops
        The other commands are for the program's own children:
        list-race fill|log OPTION...       makes a copy of a list of so many jobs or revisions
        list-race member OPTION...         a member with a copy of the list
        list-race import OPTION...         commits jobs to a store and tells the members

        """

    /// Carries out `arguments`, which do not hold the program's own name.
    package static func run(_ arguments: [String]) async -> Never {
        await RaceProgram.run("list-race", usage: usage, arguments, command: carryOut)
    }

    private static func carryOut(_ command: String, _ words: Words) async throws -> Int32? {
        guard words.plain.isEmpty else { return nil }
        switch command {
        case "bench":
            try await ListBench(
                jobs: words.number("jobs") ?? 1_000_000,
                laps: words.number("laps") ?? 3,
                only: words.text("only")
            ).run()
        case "fill": try await ListFiller.fill(words)
        case "log": try await ListFiller.log(words)
        case "member": try await RaceMember(words).run()
        case "import": try await Importer(words).run()
        case _: return nil
        }
        return 0
    }
}
