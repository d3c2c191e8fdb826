// The commands of `store-race`.

internal import RaceWords

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
        await RaceProgram.run("store-race", usage: usage, arguments, command: carryOut)
    }

    private static func carryOut(_ command: String, _ words: Words) async throws -> Int32? {
        switch command {
        case "soak":
            guard words.plain.count == 1, let kind = StoreKind(rawValue: words.plain[0]) else {
                return nil
            }
            let soak = Soak(
                kind,
                length: .seconds(words.number("seconds") ?? 600),
                seed: UInt64(words.number("seed") ?? Int.random(in: 1...999_999))
            )
            return try await soak.run() ? 0 : 1
        case "bench":
            let kinds = words.plain.compactMap(StoreKind.init(rawValue:))
            guard !kinds.isEmpty, kinds.count == words.plain.count else { return nil }
            for kind in kinds {
                try await StoreBench(kind, lap: .seconds(words.number("seconds") ?? 5)).run()
            }
        case "racer": try await Racer(words).run()
        case "claimant": try await Claimant(words).run()
        case _: return nil
        }
        return 0
    }
}
