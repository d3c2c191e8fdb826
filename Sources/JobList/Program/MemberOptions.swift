// The options that nodes and masters share.

package import CommandTable
package import Platform
package import Vocabulary

/// What every member of a cluster is told when it starts.
package struct MemberOptions: Sendable {
    package static let shared: [Option] =
        storeOptions + [
            .text("name", "NAME", "This member's name, unique in the cluster (the host's name)"),
            .text(
                "data",
                "FOLDER",
                "Where everything it keeps lies; made if missing",
                from: .files
            ),
            .text("listen", "HOST:PORT", "Where HTTP is served (127.0.0.1:0, any free port)"),
            .text("gossip", "HOST:PORT", "Where gossip is spoken, UDP and TCP (127.0.0.1:0)"),
            .text(
                "advertise",
                "HOST:PORT",
                "Where others find this member's gossip, in numbers, if not at --gossip"
            ),
            .repeated(
                "join",
                "HOST:PORT",
                "Gossip address of another member, or a name that stands for several"
            ),
            .text(
                "cluster-key-file",
                "FILE",
                "The key all members share (rota-master key generate), or another's file keys",
                from: .files
            ),
            .text(
                "log-level",
                "LEVEL",
                "debug, info, warning or error (info)",
                from: .choices(["debug", "info", "warning", "error"])
            ),
        ]

    /// Where the store is: in plain sight, or in a file if there is a password in it.
    package static let storeOptions: [Option] = [
        .text("store", "URL", "The shared store, as in sqlite:///var/lib/rota/store.db"),
        .text("store-file", "FILE", "A file with that URL, for one with a password", from: .files),
    ]

    package let name: NodeName
    package let dataFolder: String
    package let storeURL: String
    package let listen: String
    package let gossip: String
    package let join: [String]
    package let advertise: String?
    /// From the operator's file; a member's own file may have a later one.
    package let keyRing: KeyRing
    package let logLevel: DaemonLog.Level

    /// Reads and checks the shared options.
    package init(_ invocation: Invocation) throws(MemberError) {
        let name = invocation.text("name") ?? Machine.hostName
        guard ObjectKey.isValid(name: name), name.utf8.count <= 63 else {
            throw MemberError(
                "--name is \"\(name)\". Write a-z, 0-9 and . _ / - , at most 63 characters"
            )
        }
        self.name = NodeName(name)
        dataFolder = try Self.needed("data", "as in --data /var/lib/rota", invocation)
        storeURL = try Self.storeURL(invocation)
        listen = try Self.address("listen", invocation)
        gossip = try Self.address("gossip", invocation)
        advertise = invocation.text("advertise")
        join = invocation.texts("join")
        keyRing = try Self.key(
            at: try Self.needed(
                "cluster-key-file",
                "made by: rota-master key generate > cluster.key",
                invocation
            )
        )
        logLevel = invocation.text("log-level").flatMap(DaemonLog.Level.init(word:)) ?? .info
    }

    /// The setting of ``storeOptions``.
    package static func storeURL(_ invocation: Invocation) throws(MemberError) -> String {
        guard let path = invocation.text("store-file") else {
            return try needed("store", "as in sqlite:///var/lib/rota/store.db", invocation)
        }
        guard invocation.text("store") == nil else {
            throw MemberError("--store and --store-file are both there. Leave one out")
        }
        do {
            let text = String(decoding: try FileStore.read(path, limit: 4_096), as: UTF8.self)
            return text.filter { !$0.isWhitespace }
        } catch {
            throw MemberError("--store-file: \(error)")
        }
    }

    private static func needed(
        _ option: String,
        _ remedy: String,
        _ invocation: Invocation
    ) throws(MemberError) -> String {
        guard let text = invocation.text(option), !text.isEmpty else {
            throw MemberError("--\(option) is missing: \(remedy)")
        }
        return text
    }

    private static func address(
        _ option: String,
        _ invocation: Invocation
    ) throws(MemberError) -> String {
        let text = invocation.text(option) ?? "127.0.0.1:0"
        guard SocketAddress.split(text) != nil else {
            throw MemberError(
                "--\(option) is \"\(text)\". Write HOST:PORT, as in 127.0.0.1:8471 or [::1]:8471"
            )
        }
        return text
    }

    private static func key(at path: String) throws(MemberError) -> KeyRing {
        do {
            let bytes = try FileStore.read(path, limit: KeyRing.fileLimit)
            return try KeyRing(text: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw MemberError("--cluster-key-file: \(error)")
        }
    }
}

/// Why a member cannot start, in one sentence.
package struct MemberError: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
