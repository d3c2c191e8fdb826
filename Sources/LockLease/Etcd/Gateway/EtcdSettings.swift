// Where etcd is and how long it may take.

internal import HTTPClient
internal import Platform
package import Vocabulary

/// Settings of the etcd store.
package struct EtcdSettings: Sendable {
    /// `host:port` of the cluster's members, at least one.
    package var endpoints: [String]
    /// What all keys begin with, without the slash behind it.
    package var prefix: String
    package var isEncrypted = false
    /// The authorities that the members' certificates must be signed by, a PEM file; `nil`: the
    /// system's.
    package var authorityFile: String?
    /// Our own certificate, where etcd asks for one, and its key; PEM files.
    package var certificateFile: String?
    package var keyFile: String?
    package var user: String?
    package var password: String?
    /// The store's clock; `nil`: this machine's, but no further ahead than etcd's answers allow.
    package var clock: (@Sendable () -> Instant)?
    /// How far ahead of the store's clock a claimed instant may lie.
    package var tolerance = Duration.milliseconds(500)
    /// How long the outcome of a request is remembered for a repetition.
    package var requestMemory = Duration.seconds(900)
    /// From sending a request to its whole answer; a renewal's is half of it.
    ///
    /// Less than the 0.6 of a session's term for which its node trusts it, or a member that hangs
    /// costs sessions.
    package var callLimit = Duration.seconds(4)
    package var connectLimit = Duration.seconds(2)
    /// How often a call is decided anew because others were faster, before it is `unavailable`.
    package var attemptLimit = 40
    /// The largest number of rows a single call answers.
    package var rowLimit = 10_000
    /// How many entries are read at a time.
    package var pageSize = 500
    /// What etcd's `--quota-backend-bytes` is; a warning comes at half of it.
    package var quotaBytes: Int64 = 2 << 30
    /// How long etcd keeps old states of keys; older ones are compacted.
    ///
    /// `nil`: its operators see to that, since it concerns everybody who uses the cluster.
    package var historyKept: Duration? = .seconds(300)

    package init(endpoints: [String], prefix: String) {
        self.endpoints = endpoints
        self.prefix = prefix
    }
}

extension EtcdSettings {
    var identity: HTTPIdentity {
        HTTPIdentity(authorities: authorityFile, certificate: certificateFile, key: keyFile)
    }

    func url(of endpoint: String, _ path: String) -> String {
        "\(isEncrypted ? "https" : "http")://\(endpoint)\(path)"
    }
}
