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

    /// The command line of the runner of the node called `name`.
    static func arguments(name: NodeName, dataFolder: String, log: DaemonLog) -> [String] {
        [
            "rota-node", word, "--name", name.text, "--data", dataFolder, "--log-level",
            "\(log.lowest)",
        ]
    }

    static func main(_ words: [String]) async -> Int32 {
        await MemberProgram.main(words, table: table, run: run)
    }

    private static func run(_ invocation: Invocation) async throws -> Int32 {
        guard let name = invocation.text("name"), let folder = invocation.text("data") else {
            throw MemberError("--name or --data is missing. A node starts its runner by itself")
        }
        let level = invocation.text("log-level").flatMap(DaemonLog.Level.init(word:))
        return try await RunnerProcess.run(
            RunnerSettings(name: NodeName(name), dataFolder: folder),
            log: DaemonLog(name: name, lowest: level ?? .info)
        )
    }
}
