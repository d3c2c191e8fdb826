// The command line of `rota-master`.

package import CommandTable
internal import JobList
internal import LockLease
internal import Platform
internal import Sealing
internal import Vocabulary

/// `rota-master` from its command line to its exit code.
package enum MasterCommand {
    package static let table = CommandTable(
        program: "rota-master",
        version: rotaVersion,
        summary: "A master of a Rota cluster: edits the list, issues kills, serves the API",
        groups: [
            CommandGroup("key", "The key that all members share"),
            CommandGroup("token", "Tokens for people and programs"),
            CommandGroup("store", "The store itself, whether or not members run"),
        ],
        commands: [
            Command(
                "serve",
                "Runs a master until it is told to stop",
                options: MemberOptions.shared,
                examples: [
                    Example(
                        """
                        rota-master serve --name m1 --data /var/lib/rota-master --store \
                        sqlite:///var/lib/rota/store.db --cluster-key-file /etc/rota/cluster.key
                        """,
                        "A master beside the nodes of one host"
                    )
                ]
            ),
            Command(
                "key generate",
                "Prints a new cluster key",
                examples: [
                    Example("rota-master key generate", "Keep it in a file of mode 0600")
                ]
            ),
        ] + TokenCommands.all + StoreCommands.all
    )

    /// Runs the program; answers its exit code.
    package static func main(_ words: [String]) async -> Int32 {
        await MemberProgram.main(words, table: table) { invocation in
            switch invocation.path {
            case ["key", "generate"]:
                print(SecretKey.random().base64)
                return 0
            case let path where path.first == "token":
                return try await TokenCommands.run(invocation)
            case let path where path.first == "store":
                return try await StoreCommands.run(invocation)
            case _: return try await serve(invocation)
            }
        }
    }

    private static func serve(_ invocation: Invocation) async throws -> Int32 {
        let shared = try MemberOptions(invocation)
        var settings = MasterSettings(
            name: shared.name,
            dataFolder: shared.dataFolder,
            storeURL: shared.storeURL,
            keyRing: shared.keyRing
        )
        settings.listen = shared.listen
        settings.gossip = shared.gossip
        settings.join = shared.join
        settings.advertise = shared.advertise
        let log = DaemonLog(name: shared.name.text, lowest: shared.logLevel)
        let stopping = StopSignals()
        let master = try await Master.make(settings, log: log)
        log.info(
            "master.started",
            [
                "http": "\(master.port)", "gossip": "\(master.gossipPort)",
                "version": rotaVersion,
            ]
        )
        await master.run(until: stopping.requests)
        return 0
    }
}
