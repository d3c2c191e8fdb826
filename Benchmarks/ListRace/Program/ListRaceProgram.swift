// The commands of `list-race`.

internal import Platform

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
        do {
            Terminal.exit(try await code(of: arguments))
        } catch {
            Terminal.write(Array("list-race: \(error)\n".utf8), to: .errors)
            Terminal.exit(1)
        }
    }

    private static func code(of arguments: [String]) async throws -> Int32 {
        guard let command = arguments.first, let words = Words(arguments.dropFirst()) else {
            return refuse()
        }
        switch command {
        case "bench":
            try await ListBench(
                jobs: words.number("jobs") ?? 1_000_000,
                laps: words.number("laps") ?? 3,
                only: words.optional("only")
            ).run()
        case "fill": try await ListFiller.fill(words)
        case "log": try await ListFiller.log(words)
        case "member": try await RaceMember(words).run()
        case "import": try await Importer(words).run()
        case _: return refuse()
        }
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

    func optional(_ option: String) -> String? { options[option] }

    func text(_ option: String) throws -> String {
        guard let text = options[option] else { throw RaceFailure("--\(option) is missing") }
        return text
    }

    func number(_ option: String) -> Int? { options[option].flatMap { Int($0) } }

    func needed(_ option: String) throws -> Int {
        guard let number = number(option) else { throw RaceFailure("--\(option) is no number") }
        return number
    }
}

/// Why a race could not be held.
struct RaceFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
