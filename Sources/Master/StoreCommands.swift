// `rota-master store …`: what people do with the store itself.

internal import CommandTable
internal import JobList
internal import LockLease
internal import Vocabulary

/// Commands that work on the store directly, so that they need no running master.
enum StoreCommands {
    static let all: [Command] = [
        Command(
            "store show",
            "Says who the store is, how far its history goes, and what its health asks for",
            options: MemberOptions.storeOptions,
            examples: [
                Example(
                    "rota-master store show --store sqlite:///var/lib/rota/store.db",
                    "Works while members run, and while none does"
                )
            ]
        ),
        Command(
            "store accept",
            "Accepts a store that was restored or lost its tail, so that runs start again",
            details: """
                Members refuse a store that knows less than they have seen of it. Accepting it
                begins a new epoch. Nobody can tell what ran since the restored state, so nothing
                of that time is run again: every session ends, open runs are lost, what waits is
                forgotten, and each job's instants up to now are skipped with the reason "history".
                """,
            options: MemberOptions.storeOptions + [
                .flag("yes", short: "y", "Do it; without this it only says what would be done")
            ],
            examples: [
                Example(
                    "rota-master store accept --store sqlite:///var/lib/rota/store.db --yes",
                    "After the file was restored from a backup"
                )
            ]
        ),
        Command(
            "store backup",
            "Copies a SQLite store to a new file while everything goes on",
            options: MemberOptions.storeOptions + [
                .text("to", "FILE", "The file to write; it must not be there yet", from: .files)
            ],
            examples: [
                Example(
                    """
                    rota-master store backup --store sqlite:///var/lib/rota/store.db \
                    --to /backup/rota.db
                    """,
                    "A whole and consistent copy"
                )
            ]
        ),
    ]

    static func run(_ invocation: Invocation) async throws -> Int32 {
        let url = try MemberOptions.storeURL(invocation)
        switch invocation.path.last {
        case "accept": return try await accept(url, isMeant: invocation.flag("yes"))
        case "backup": return try await backUp(url, to: invocation.text("to"))
        case _: return try await show(url)
        }
    }

    private static func show(_ url: String) async throws -> Int32 {
        let store = try openStore(url)
        let identity = try await store.identify()
        let sessions = try await store.sessions()
        print("store     \(identity.id), schema \(identity.schema)")
        print("head      \(identity.head.revision) after \(identity.writes) writes")
        if let clock = identity.clock { print("clock     \(clock)") }
        for session in sessions where session.isLive {
            print("session   \(session.node.name), \(session.openRuns) runs under way")
        }
        for warning in try await store.examine() { print("warning   \(warning)") }
        return 0
    }

    private static func accept(_ url: String, isMeant: Bool) async throws -> Int32 {
        let store = try openStore(url)
        let identity = try await store.identify()
        guard isMeant else {
            let open = try await store.sessions().map(\.openRuns).reduce(0, +)
            print(
                """
                The store \(identity.id) is at \(HistoryMark(identity).progress).
                Accepting it ends every session and the \(open) runs under way, forgets what waits,
                and skips what was due until now. Do it with --yes
                """
            )
            return 1
        }
        let accepted = try await store.acceptHistory()
        print("Accepted at \(HistoryMark(accepted).progress). Members go on by themselves")
        return 0
    }

    private static func backUp(_ url: String, to target: String?) async throws -> Int32 {
        guard let target, !target.isEmpty else {
            throw MemberError("--to is missing: name a file that is not there yet")
        }
        try await backUpStore(url, to: target)
        print("Copied to \(target)")
        return 0
    }
}
