// The command line of the runner, which is `rota-node` in another mode.

internal import CommandTable
internal import JobList
internal import Platform
internal import Vocabulary

/// `rota-node runner`, as a node starts it.
enum RunnerCommand {
    /// The first word of its command line.
    static let word = "runner"

    private static let table = CommandTable(
        program: "rota-node runner",
        version: rotaVersion,
        summary: "Runs the tasks of a node; the node starts it by itself",
        commands: [
            Command(
                "",
                "Runs tasks until it is told to stop, or nobody needs it any more",
                details: """
                    It outlives its node, so that a node that is killed or updated takes no task
                    with it. TERM ends its runs.
                    """,
                options: [
                    .text("name", "NAME", "The node's name"),
                    .text("data", "FOLDER", "The node's folder"),
                    .text("host-rule", "FILE", "What this host allows tasks (/etc/rota/host.rule)"),
                    .repeated("secrets", "FOLDER", "Where secrets are (/etc/rota/secrets)"),
                    .text("task-addresses", "RULE", "What HTTP tasks may reach"),
                    .text(
                        "log-level",
                        "LEVEL",
                        "debug, info, warning or error (info)",
                        from: .choices(["debug", "info", "warning", "error"])
                    ),
                ],
                examples: [
                    Example("rota-node runner --name n1 --data /var/lib/rota", "As a node does it")
                ]
            )
        ]
    )

    /// The command line of a runner.
    static func arguments(_ settings: RunnerSettings, log: DaemonLog) -> [String] {
        var words = [
            "rota-node", word, "--name", settings.name.text, "--data", settings.dataFolder,
            "--log-level", "\(log.lowest)",
        ]
        if let path = settings.host.rulePath { words += ["--host-rule", path] }
        for folder in settings.host.secretFolders { words += ["--secrets", folder] }
        if !settings.host.addresses.isEmpty {
            words += ["--task-addresses", settings.host.addresses]
        }
        return words
    }

    static func main(_ words: [String]) async -> Int32 {
        await MemberProgram.main(words, table: table, run: run)
    }

    private static func run(_ invocation: Invocation) async throws -> Int32 {
        guard let name = invocation.text("name"), let folder = invocation.text("data") else {
            throw MemberError("--name or --data is missing. A node starts its runner by itself")
        }
        let level = invocation.text("log-level").flatMap(DaemonLog.Level.init(word:))
        var settings = RunnerSettings(name: NodeName(name), dataFolder: folder)
        settings.host.rulePath = invocation.text("host-rule")
        settings.host.secretFolders = invocation.texts("secrets")
        settings.host.addresses = invocation.text("task-addresses") ?? ""
        return try await RunnerProcess.run(
            settings,
            log: DaemonLog(name: name, lowest: level ?? .info)
        )
    }
}
