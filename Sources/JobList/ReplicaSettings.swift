// What can be set about the copy of the list and its feed.

/// Settings of one ``Replica``.
package struct ReplicaSettings: Equatable, Sendable {
    /// The SQLite file, made if it is not there, in a folder that is.
    package var path: String
    /// How many batches the log keeps for peers and watchers that are behind; at least 1.
    ///
    /// Of this and the next two the least decides. Twice as much is kept for members that still
    /// need it.
    package var keptBatches: Int
    /// How much younger than the newest batch a kept one is at most, by the store's clock.
    package var keptAge = Duration.seconds(24 * 3_600)
    /// How many bytes of batches are kept.
    package var keptBytes = 512 << 20
    /// How much older than the newest batch a tombstone must be before it may go.
    package var tombstonesKept = Duration.seconds(7 * 24 * 3_600)
    /// What one page of batches or records holds at most, unless a single one is larger.
    package var pageBytes: Int

    package init(path: String, keptBatches: Int = 1_000_000, pageBytes: Int = 1 << 20) {
        self.path = path
        self.keptBatches = max(1, keptBatches)
        self.pageBytes = max(1, pageBytes)
    }
}
