// The commands of `store-race`.

internal import Platform

/// The program that races processes for claims: under faults, or for speed.
package enum StoreRaceProgram {
    private static let usage = """
        store-race soak STORE [--seconds N] [--seed N]   race under faults; account for all of it
        store-race bench STORE... [--seconds N]          race for speed, beside the bare store
        STORE is sqlite, postgres or etcd. The other commands are for the program's own children:
        store-race racer OPTION...     claims, starts and finishes until it is killed
        store-race claimant OPTION...  claims as fast as it can and prints figures

        """

    /// Carries out `arguments`, which do not hold the program's own name.
    package static func run(_ arguments: [String]) async -> Never {
        do {
            Terminal.exit(try await code(of: arguments))
        } catch {
            Terminal.write(Array("store-race: \(error)\n".utf8), to: .errors)
            Terminal.exit(1)
        }
    }

    private static func code(of arguments: [String]) async throws -> Int32 {
        guard let command = arguments.first, let words = Words(arguments.dropFirst()) else {
            return refuse()
        }
        switch command {
        case "soak":
            guard words.plain.count == 1, let kind = StoreKind(rawValue: words.plain[0]) else {
                return refuse()
            }
            let soak = Soak(
                kind,
                length: .seconds(words.number("seconds") ?? 600),
                seed: UInt64(words.number("seed") ?? Int.random(in: 1...999_999))
            )
            return try await soak.run() ? 0 : 1
        case "bench":
            let kinds = words.plain.compactMap(StoreKind.init(rawValue:))
            guard !kinds.isEmpty, kinds.count == words.plain.count else { return refuse() }
            for kind in kinds {
                try await StoreBench(kind, lap: .seconds(words.number("seconds") ?? 5)).run()
            }
            return 0
        case "racer":
            try await Racer(words).run()
            return 0
        case "claimant":
            try await Claimant(words).run()
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
