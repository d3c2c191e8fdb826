import Foundation
import LockLease
import Synchronization
import Testing
import Vocabulary

/// A private etcd for tests, by `testnet/etcd`; it ends with the test process, however that ends.
final class EtcdServer: Sendable {
    /// The one that tests share which do it no harm; each has a prefix of its own in it.
    static let shared = Mutex<EtcdServer?>(nil)

    let folder: String
    let endpoint: String
    private static let prefixes = Atomic(0)

    /// Starts one; `flags` go to etcd.
    init(flags: [String] = []) throws {
        folder = FileManager.default.temporaryDirectory.path + "/etcd-" + UUID().uuidString
        var words = ["start", folder, "--while", "\(ProcessInfo.processInfo.processIdentifier)"]
        if !flags.isEmpty { words += ["--"] + flags }
        let url = try Self.run(words)
        let place = url.split(separator: "/").dropFirst().first
        endpoint = String(try #require(place, "testnet/etcd said: \(url)"))
    }

    static func share() throws -> EtcdServer {
        try shared.withLock { server in
            if let server { return server }
            let started = try EtcdServer()
            server = started
            return started
        }
    }

    /// SIGKILL: what a power cut leaves.
    func kill() throws { _ = try Self.run(["kill", folder]) }
    /// The same data on the same ports.
    func start() throws { _ = try Self.run(["start", folder]) }
    func stop() throws { _ = try Self.run(["stop", folder]) }

    /// Settings for an empty store of its own.
    func settings() -> EtcdSettings {
        let number = Self.prefixes.wrappingAdd(1, ordering: .relaxed).newValue
        return EtcdSettings(endpoints: [endpoint], prefix: "test/\(number)")
    }

    @discardableResult
    static func run(_ words: [String]) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = root.appending(path: "testnet/etcd")
        process.arguments = words
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard process.terminationStatus == 0 else {
            throw Missing(what: "testnet/etcd \(words.joined(separator: " ")): \(text)")
        }
        return text.split(separator: "\n").last.map(String.init) ?? ""
    }
}
