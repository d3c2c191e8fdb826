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
            Command(
                "token create",
                "Makes a token and prints it; it is kept nowhere and shown only once",
                details: "Works on the store itself, so it needs no running master.",
                options: MemberOptions.storeOptions + [
                    .text("name", "NAME", "Whom or what it is for"),
                    .text("tenant", "TENANT", "What it may see; * for everything (default)"),
                    .text(
                        "role",
                        "ROLE",
                        "reader, operator, editor or admin (reader)",
                        from: .choices(Role.allCases.map(\.word))
                    ),
                ],
                examples: [
                    Example(
                        "rota-master token create --store sqlite:///srv/rota/store.db --name li",
                        "A token that may look at everything in tenant default"
                    )
                ]
            ),
        ] + StoreCommands.all
    )

    /// Runs the program; answers its exit code.
    package static func main(_ words: [String]) async -> Int32 {
        await MemberProgram.main(words, table: table) { invocation in
            switch invocation.path {
            case ["key", "generate"]:
                print(SecretKey.random().base64)
                return 0
            case ["token", "create"]: return try await createToken(invocation)
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

    private static func createToken(_ invocation: Invocation) async throws -> Int32 {
        let url = try MemberOptions.storeURL(invocation)
        guard let name = invocation.text("name"), !name.isEmpty else {
            throw MemberError("--name is missing: say whom the token is for")
        }
        let tenant = invocation.text("tenant") ?? "default"
        guard tenant == "*" || ObjectKey.isValid(name: tenant) else {
            throw MemberError("--tenant is \"\(tenant)\". Write a-z, 0-9 and . _ / -, or *")
        }
        let role = invocation.text("role").flatMap(Role.init(word:)) ?? .reader
        let store = try openStore(url)
        let token = AccessToken.generate()
        let edit = ObjectEdit(
            key: Authorizer.key(of: token.digest),
            expecting: .absent,
            uid: Editor.newUID(),
            change: .put(
                body: Authorizer.body(name: name, tenant: tenant, role: role),
                gate: nil
            )
        )
        _ = try await store.commit(
            [edit],
            id: RequestID(Hashing.digest(SecureRandom.bytes(16)).description),
            author: "token create"
        )
        print(token.text)
        return 0
    }
}
