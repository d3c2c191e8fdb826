// What a runner is told when it starts.

internal import LogSink
internal import Platform
package import Vocabulary

/// The settings of one runner.
package struct RunnerSettings: Sendable {
    package var name: NodeName
    /// The folder of its node.
    package var dataFolder: String
    /// How long a runner without a node and without runs stays.
    package var patience = Duration.seconds(30)
    package var host = RunnerHost()

    package init(name: NodeName, dataFolder: String) {
        self.name = name
        self.dataFolder = dataFolder
    }

    /// The log store that the node has named, else its own file.
    var logStore: LogStoreURL {
        get throws(LogError) {
            let path = RunnerPlace.logStoreFile(in: dataFolder)
            guard let bytes = try? FileStore.read(path, limit: 4_096), !bytes.isEmpty else {
                return .local(in: dataFolder)
            }
            return try LogStoreURL(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Where it is found, and what says that it is there.
    var doorFolder: String { RunnerPlace.folder(in: dataFolder) }
}

/// What the host's owner has said about tasks, as words of a command line.
package struct RunnerHost: Equatable, Sendable {
    /// Where the rule is that nobody need have written.
    package static let standardRulePath = "/etc/rota/host.rule"

    /// A file with what tasks may do here, which must be there; `nil`: the standard one, if it is.
    package var rulePath: String?
    /// The folders that secrets may be in; empty: ``SecretResolver/standardFolder``.
    package var secretFolders: [String] = []
    /// Networks that HTTP tasks may not reach, or may after all; empty: the standard ones.
    package var addresses = ""

    package init() {}

    /// The rule as its file has it now.
    ///
    /// - Throws: ``HostRuleError`` if it is not to be trusted or understood, or a file that was
    ///   named is not there: somebody meant something by it.
    package func readRule() throws(HostRuleError) -> HostRule {
        guard let rulePath else {
            return try HostRuleFile.read(Self.standardRulePath) ?? HostRule()
        }
        guard let rule = try HostRuleFile.read(rulePath) else {
            throw HostRuleError(
                path: rulePath,
                line: nil,
                problem: "there is no such file. Write one, or leave --host-rule out"
            )
        }
        return rule
    }
}

/// Where a node and its runner meet.
enum RunnerPlace {
    static let socket = "door"

    static func folder(in dataFolder: String) -> String { dataFolder + "/runner" }
    /// Names the process, for people and for what has to end it.
    static func processFile(in dataFolder: String) -> String {
        folder(in: dataFolder) + "/pid"
    }

    /// Names the cgroup below which its runs have theirs, for people and for what cleans up.
    static func cgroupFile(in dataFolder: String) -> String {
        folder(in: dataFolder) + "/cgroup"
    }

    /// The log store's address, as the node was told it: it may hold a password.
    static func logStoreFile(in dataFolder: String) -> String {
        folder(in: dataFolder) + "/log-store"
    }

    static func lock(in dataFolder: String) -> String { folder(in: dataFolder) + "/lock" }
}
