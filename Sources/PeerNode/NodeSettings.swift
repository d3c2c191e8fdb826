// What a node is told when it starts.

package import JobList
package import LogSink
package import Scheduler
package import Vocabulary

/// The settings of one `rota-node`.
package struct NodeSettings: Sendable {
    package var name: NodeName
    /// Where everything this node keeps lies; made if it is not there.
    package var dataFolder: String
    /// Such as `sqlite:///var/lib/rota/store.db`.
    package var storeURL: String
    /// Where HTTP is served, `host:port`; port 0 takes any free one.
    package var listen: String
    /// Where gossip is spoken, `host:port`, UDP and TCP; port 0 takes any free one.
    package var gossip: String
    /// Other members to join, `host:port` of their gossip.
    package var join: [String]
    /// Where others find its gossip, if not where it is spoken.
    package var advertise: String?
    package var keyRing: KeyRing
    package var tags: [String: String]
    /// How many runs this node takes at once.
    package var slots: Int
    package var session: SessionSettings
    package var retention: NodeRetention
    package var host: RunnerHost
    /// Where the output of runs is kept, such as `postgres://rota@db/rota`; `nil`: in a file here.
    package var logStore: LogStoreURL?
    package var scheduling: SchedulerSettings

    package init(
        name: NodeName,
        dataFolder: String,
        storeURL: String,
        keyRing: KeyRing
    ) {
        self.name = name
        self.dataFolder = dataFolder
        self.storeURL = storeURL
        self.keyRing = keyRing
        listen = "127.0.0.1:0"
        gossip = "127.0.0.1:0"
        join = []
        tags = [:]
        slots = 64
        session = SessionSettings()
        retention = NodeRetention()
        host = RunnerHost()
        scheduling = SchedulerSettings()
    }
}

/// How much output a node keeps.
package struct NodeRetention: Sendable {
    /// Logs closed longer ago go; default 30 days.
    package var age = Duration.seconds(30 * 86_400)
    /// Per job; default 100.
    package var runsPerJob = 100
    /// All logs together, in bytes; default 4 GiB.
    package var totalBytes: Int64 = 4 << 30
    /// How often retention is applied, here and in the store; default 60 s.
    package var interval = Duration.seconds(60)

    package init() {}
}
