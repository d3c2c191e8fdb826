// What a runner is told when it starts.

package import Vocabulary

/// The settings of one runner.
package struct RunnerSettings: Sendable {
    package var name: NodeName
    /// The folder of its node.
    package var dataFolder: String
    /// How long a runner without a node and without runs stays.
    package var patience = Duration.seconds(30)

    package init(name: NodeName, dataFolder: String) {
        self.name = name
        self.dataFolder = dataFolder
    }

    /// Where it is found, and what says that it is there.
    var doorFolder: String { RunnerPlace.folder(in: dataFolder) }
}

/// Where a node and its runner meet.
enum RunnerPlace {
    static let socket = "door"

    static func folder(in dataFolder: String) -> String { dataFolder + "/runner" }
    /// Names the process, for people and for what has to end it.
    static func processFile(in dataFolder: String) -> String {
        folder(in: dataFolder) + "/pid"
    }

    static func lock(in dataFolder: String) -> String { folder(in: dataFolder) + "/lock" }
}
