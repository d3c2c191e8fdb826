// What a master is told when it starts.

package import Sealing
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
    package var clusterKey: SecretKey

    package init(
        name: NodeName,
        dataFolder: String,
        storeURL: String,
        clusterKey: SecretKey
    ) {
        self.name = name
        self.dataFolder = dataFolder
        self.storeURL = storeURL
        self.clusterKey = clusterKey
        listen = "127.0.0.1:0"
        gossip = "127.0.0.1:0"
        join = []
    }
}
