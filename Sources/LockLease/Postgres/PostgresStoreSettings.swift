// What an operator or a test may turn on the PostgreSQL store.

package import Vocabulary

/// Settings of the PostgreSQL store.
package struct PostgresStoreSettings: Sendable {
    /// The store's clock; `nil`: the server's, which is the same for all nodes.
    package var clock: (@Sendable () -> Instant)?
    /// How far ahead of the store's clock a claimed instant may lie.
    package var tolerance = Duration.milliseconds(500)
    /// How long the outcome of a request is remembered for a repetition.
    package var requestMemory = Duration.seconds(900)
    /// How long a call waits for the server before it gives up and closes the connection.
    ///
    /// Less than the 0.6 of a session's term for which its node trusts it.
    package var callLimit = Duration.seconds(4)
    /// How long pruning and accepting a history may take.
    package var sweepLimit = Duration.seconds(60)
    /// How long to try one host, unless the URL says `connect_timeout`.
    package var connectLimit = Duration.seconds(3)
    /// How long a statement waits for a lock that another process holds.
    package var lockLimit = Duration.seconds(2)
    /// How long the server lets a process sit on an open transaction, and with it on its locks.
    package var idleLimit = Duration.seconds(5)
    /// The first and the longest wait between two attempts to connect; each is drawn from zero up.
    package var retryLimits = (first: Duration.milliseconds(50), longest: Duration.seconds(5))
    /// How often to look for news that no notification has told of.
    package var pulseInterval = Duration.seconds(1)
    /// The largest number of rows a single call answers.
    package var rowLimit = 10_000

    package init() {}
}
