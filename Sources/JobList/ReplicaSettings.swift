// What can be set about the copy of the list and its feed.

/// Settings of one ``Replica``.
package struct ReplicaSettings: Equatable, Sendable {
    /// The SQLite file, made if it is not there, in a folder that is.
    package var path: String
    /// How many batches the log keeps for peers and watchers that are behind; at least 1.
    package var keptBatches: Int
    /// What one page of batches or records holds at most, unless a single one is larger.
    package var pageBytes: Int

    package init(path: String, keptBatches: Int = 100_000, pageBytes: Int = 1 << 20) {
        self.path = path
        self.keptBatches = max(1, keptBatches)
        self.pageBytes = max(1, pageBytes)
    }
}
