// A PostgreSQL server of this test process's own.

internal import Foundation
internal import Synchronization

/// The one server that all tests of a process share, each in a schema of its own.
///
/// It starts with the first test that asks for it, and goes when the process has gone, however it
/// ends: `testnet/postgres` sees to that.
package enum PostgresServer {
    /// Whether there is one or one can be installed; otherwise tests of it are left out.
    package static let isPossible =
        getuid() == 0
        || !((try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? [])
            .isEmpty

    private static let count = Atomic(0)
    private static let started = Result { try start(in: folder(), whileWeLive: true) }

    /// The server's URL, without a schema.
    package static func url() throws -> String { try started.get() }

    /// The server's URL with a schema that nobody has used.
    package static func freshURL() throws -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return try url() + "?schema=test_\(getpid())_\(number)"
    }

    /// A folder for a further server, which ``start(in:whileWeLive:)`` makes there.
    package static func folder() -> String {
        let number = count.wrappingAdd(1, ordering: .relaxed).newValue
        return FileManager.default.temporaryDirectory.path + "/rota-postgres-\(getpid())-\(number)"
    }

    /// Starts the server in `folder`; answers its URL.
    @discardableResult
    package static func start(in folder: String, whileWeLive: Bool = false) throws -> String {
        let words = whileWeLive ? ["--while", "\(getpid())"] : []
        return try run(["start", folder] + words)
    }

    /// Has `testnet/postgres` do one thing with a server.
    @discardableResult
    package static func run(_ words: [String]) throws -> String {
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "testnet/postgres")
        let process = Process()
        process.executableURL = script
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(words: words) }
        return String(decoding: bytes, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A command that did not do what it was to do; its own words are on standard error.
    package struct Failure: Error {
        package let words: [String]
    }
}
