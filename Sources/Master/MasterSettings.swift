// What a master is told when it starts.

package import JobList
package import Vocabulary

/// The settings of one `rota-master`.
package struct MasterSettings: Sendable {
    package var name: NodeName
    package var dataFolder: String
    package var storeURL: String
    /// Where the API is served, `host:port`; port 0 takes any free one.
    package var listen: String
    /// Where gossip is spoken, `host:port`.
    package var gossip: String
    package var join: [String]
    /// Where others find its gossip, if not where it is spoken.
    package var advertise: String?
    package var keyRing: KeyRing

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
    }
}
