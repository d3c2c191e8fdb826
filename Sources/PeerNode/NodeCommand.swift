// The command line of `rota-node`.

package import CommandTable
internal import HTTPClient
internal import JobList
internal import LogSink
internal import Platform
internal import Scheduler
internal import Sealing
internal import Vocabulary

/// `rota-node` from its command line to its exit code.
package enum NodeCommand {
    package static let table = CommandTable(
        program: "rota-node",
        version: rotaVersion,
        summary: "A node of a Rota cluster: holds the list, races for runs, executes and logs them",
        commands: [
            Command(
                "",
                "Runs a node until it is told to stop",
                details: """
                    TERM and INT end it in good order: it claims nothing more, lets runs finish for
                    --grace, ends the rest, and records every outcome. USR1 is ignored.
                    """,
                options: MemberOptions.shared + [
                    .repeated("tag", "KEY=VALUE", "A tag that jobs may select by"),
                    .number("slots", "N", "Runs taken at once (64)", in: 1...100_000),
                    .number(
                        "catch-up-rate",
                        "N",
                        "Missed runs made up for in a second, behind on-time work (20)",
                        in: 1...100_000
                    ),
                    .text(
                        "host-rule",
                        "FILE",
                        "What this host allows tasks (/etc/rota/host.rule)",
                        from: .files
                    ),
                    .repeated(
                        "secrets",
                        "FOLDER",
                        "Where jobs may find secrets (/etc/rota/secrets)"
                    ),
                    .text(
                        "task-addresses",
                        "RULE",
                        "What HTTP tasks may reach, as in deny 10.0.0.0/8, allow 10.1.2.3"
                    ),
                    .text("log-store", "URL", "Where output is kept (a file in --data)"),
                    .text(
                        "log-store-file",
                        "FILE",
                        "A file with that URL, for one with a password",
                        from: .files
                    ),
                    .duration("session-term", "DURATION", "Life of an unrenewed session (10s)"),
                    .duration("grace", "DURATION", "How long runs may finish on a stop (20s)"),
                ],
                examples: [
                    Example(
                        """
                        rota-node --name n1 --data /var/lib/rota --store \
                        sqlite:///var/lib/rota/store.db --cluster-key-file /etc/rota/cluster.key
                        """,
                        "A cluster on one host"
                    )
                ]
            )
        ]
    )

    /// Runs the program; answers its exit code.
    package static func main(_ words: [String]) async -> Int32 {
        if words.first == RunnerCommand.word {
            return await RunnerCommand.main(Array(words.dropFirst()))
        }
        return await MemberProgram.main(words, table: table, run: run)
    }

    private static func run(_ invocation: Invocation) async throws -> Int32 {
        let shared = try MemberOptions(invocation)
        var settings = NodeSettings(
            name: shared.name,
            dataFolder: shared.dataFolder,
            storeURL: shared.storeURL,
            keyRing: shared.keyRing
        )
        settings.listen = shared.listen
        settings.gossip = shared.gossip
        settings.join = shared.join
        settings.advertise = shared.advertise
        settings.tags = try tags(invocation.texts("tag"))
        settings.slots = invocation.number("slots") ?? settings.slots
        if let rate = invocation.number("catch-up-rate") { settings.scheduling.catchUpRate = rate }
        if let term = invocation.duration("session-term") {
            guard term >= .milliseconds(500) else {
                throw MemberError("--session-term is shorter than 500ms. Write 500ms or more")
            }
            settings.session.term = term
        }
        settings.logStore = try logStore(invocation)
        settings.host = try host(invocation)
        let log = DaemonLog(name: shared.name.text, lowest: shared.logLevel)
        let stopping = StopSignals()
        let node = try await Node.make(settings, log: log)
        log.info(
            "node.started",
            ["http": "\(node.port)", "gossip": "\(node.gossipPort)", "version": rotaVersion]
        )
        await node.run(
            until: stopping.requests,
            grace: invocation.duration("grace") ?? .seconds(20)
        )
        return 0
    }

    private static func host(_ invocation: Invocation) throws -> RunnerHost {
        var host = RunnerHost()
        host.rulePath = invocation.text("host-rule")
        host.secretFolders = invocation.texts("secrets")
        host.addresses = invocation.text("task-addresses") ?? ""
        // Said at once, rather than by a runner that does not start.
        _ = try AddressRule(host.addresses)
        _ = try host.readRule()
        return host
    }

    private static func logStore(_ invocation: Invocation) throws -> LogStoreURL? {
        if let text = invocation.text("log-store") { return try LogStoreURL(text) }
        guard let path = invocation.text("log-store-file") else { return nil }
        let bytes = try FileStore.read(path, limit: 4_096)
        return try LogStoreURL(String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self))
    }

    private static func tags(_ words: [String]) throws(MemberError) -> [String: String] {
        var tags: [String: String] = [:]
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, word.utf8.count <= 256 else {
                throw MemberError("--tag is \"\(word)\". Write KEY=VALUE, as in disk=ssd")
            }
            tags[String(parts[0])] = String(parts[1])
        }
        guard tags[ZoneDataWatch.tag] == nil else {
            throw MemberError("--tag \(ZoneDataWatch.tag)= is the node's own word; use another")
        }
        guard tags.count < 32 else { throw MemberError("More than 31 tags; leave some out") }
        return tags
    }
}
