// What an operator or a test may turn on the embedded store.

internal import Platform
package import Vocabulary

/// Settings of the embedded store.
package struct SQLiteStoreSettings: Sendable {
    /// The store's clock; all users of one file read the same machine's.
    package var clock: @Sendable () -> Instant = { SystemClock.wall }
    /// How far ahead of the store's clock a claimed instant may lie.
    package var tolerance = Duration.milliseconds(500)
    /// How long a call waits for its turn to write before it answers `unavailable`.
    ///
    /// Less than the 0.6 of a session's term for which its node trusts it, or a held lock costs
    /// sessions.
    package var turnLimit = Duration.seconds(3)
    /// How long the outcome of a request is remembered for a repetition.
    package var requestMemory = Duration.seconds(900)
    /// Size of the write-ahead log, in bytes, beyond which it is copied into the file.
    package var checkpointBytes: Int64 = 16 << 20
    /// The most pages of 4 KiB the file may have; `nil`: what the disk holds.
    package var pageLimit: Int?
    /// This boot's name; sessions of another boot are gone, unless either name is empty.
    package var bootID = BootIdentity.current
    /// The largest number of rows a single call answers.
    package var rowLimit = 10_000

    package init() {}
}
