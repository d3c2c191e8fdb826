// A real cluster for tests: the programs just built, on loopback, in a folder of its own.

import Foundation
import HTTPClient
import TestSupport
import Testing

/// Starts, hurts and ends real `rota-node` and `rota-master` processes.
final class TestCluster {
    struct Member {
        let name: String
        let arguments: [String]
        var process: Process?
        var http: String?
    }

    struct Output {
        let code: Int32
        let out: String
        let err: String

        var lines: [String] { out.split(separator: "\n").map(String.init) }
    }

    let folder: URL
    let binaries: URL
    private(set) var members: [String: Member] = [:]
    private let term: String
    private let nodeOptions: [String]
    private let store: ClusterStore
    private let client = HTTPClient()

    init(
        nodes: Int = 3,
        masters: Int = 1,
        term: String = "3s",
        store: ClusterStore = .sqlite,
        nodeOptions: [String] = []
    ) async throws {
        self.store = store
        self.nodeOptions = nodeOptions
        binaries = try Self.findBinaries()
        folder = FileManager.default.temporaryDirectory
            .appending(path: "rota-test-\(UUID().uuidString.prefix(8))")
        self.term = term
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try startStore()
        let key = try run("rota-master", ["key", "generate"])
        try write(key.out, to: "cluster.key")
        let token = try run(
            "rota-master",
            [
                "token", "create", "--store-file", path("store.url"), "--name", "test",
                "--role", "admin", "--tenant", "*",
            ]
        )
        #expect(token.code == 0, "\(token.err)")
        try write(token.out, to: "token")
        for number in 1...masters { try await add("m\(number)", program: "rota-master") }
        for number in 1...nodes { try await add("n\(number)", program: "rota-node") }
    }

    /// Only of a SQLite store.
    var storeURL: String { "sqlite://\(folder.path)/store.db" }
    var nodes: [String] { members.keys.filter { $0.hasPrefix("n") }.sorted() }
    var masters: [String] { members.keys.filter { $0.hasPrefix("m") }.sorted() }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600],
            ofItemAtPath: path(name)
        )
    }

    func read(_ name: String) -> String {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }

    // MARK: Members

    private func add(_ name: String, program: String) async throws {
        let (http, gossip) = (try Self.freePort(), try Self.freePort())
        var arguments =
            program == "rota-master" ? ["serve"] : ["--session-term", term] + nodeOptions
        arguments += [
            "--name", name, "--data", path(name), "--store-file", path("store.url"),
            "--listen", "127.0.0.1:\(http)", "--gossip", "127.0.0.1:\(gossip)",
            "--cluster-key-file", path("cluster.key"),
        ]
        if let first = members["m1"], let at = first.arguments.firstIndex(of: "--gossip") {
            arguments += ["--join", first.arguments[at + 1]]
        }
        members[name] = Member(name: name, arguments: [program] + arguments, process: nil)
        members[name]?.http = "http://127.0.0.1:\(http)"
        try await start(name)
    }

    func start(_ name: String) async throws {
        try launch(name)
        let url = "\(members[name]?.http ?? "")/readyz"
        let isReady = await eventually("\(name) is ready; its log:\n\(read("\(name).log"))") {
            await Self.status(of: url, client) == 200
        }
        try #require(isReady, "\(read("\(name).log").suffix(2_000))")
    }

    /// Starts a member and does not wait for it.
    func launch(_ name: String) throws {
        let member = try #require(members[name])
        let process = Process()
        process.executableURL = binaries.appending(path: member.arguments[0])
        process.arguments = Array(member.arguments.dropFirst())
        let log = folder.appending(path: "\(name).log")
        if !FileManager.default.fileExists(atPath: log.path) {
            _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardError = handle
        process.standardOutput = handle
        process.standardInput = FileHandle.nullDevice
        try process.run()
        members[name]?.process = process
    }

    func signal(_ name: String, _ number: Int32) {
        guard let process = members[name]?.process, process.isRunning else { return }
        kill(process.processIdentifier, number)
    }

    /// SIGKILL, as a crash would.
    func crash(_ name: String) {
        signal(name, SIGKILL)
        members[name]?.process?.waitUntilExit()
    }

    /// SIGTERM, and the exit code.
    func stop(_ name: String) -> Int32? {
        signal(name, SIGTERM)
        members[name]?.process?.waitUntilExit()
        return members[name]?.process?.terminationStatus
    }

    /// The process that runs the tasks of a node, if it is there.
    func runner(of name: String) -> Int32? {
        let text = read("\(name)/runner/pid").trimmingCharacters(in: .whitespacesAndNewlines)
        guard let number = Int32(text), kill(number, 0) == 0 else { return nil }
        return number
    }

    private func endRunner(of name: String) {
        runner(of: name).map { _ = kill($0, SIGKILL) }
        guard let cgroup = cgroup(of: name) else { return }
        // What its tasks have started does not end with it.
        try? Data("1".utf8).write(to: URL(filePath: "\(cgroup)/cgroup.kill"))
        let deadline = Date(timeIntervalSinceNow: 5)
        while unsafe rmdir(cgroup) != 0, errno != ENOENT, Date() < deadline {
            for run in (try? FileManager.default.contentsOfDirectory(atPath: cgroup)) ?? [] {
                unsafe rmdir("\(cgroup)/\(run)")
            }
            sched_yield()
        }
    }

    /// The cgroup of a node's runs, where there are any.
    func cgroup(of name: String) -> String? {
        let text = read("\(name)/runner/cgroup").trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }

    func end() {
        for name in members.keys {
            signal(name, SIGCONT)
            signal(name, SIGKILL)
            members[name]?.process?.waitUntilExit()
        }
        for name in nodes { endRunner(of: name) }
        try? killStore()
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: The store

    /// Starts the store's server, or starts it again where it was.
    func startStore() throws {
        switch store {
        case .sqlite: try write(storeURL, to: "store.url")
        case .postgres, .etcd:
            let owner = "\(ProcessInfo.processInfo.processIdentifier)"
            let words = members.isEmpty ? ["--while", owner] : []
            try write(try callStore(["start", path("store")] + words), to: "store.url")
        }
    }

    /// SIGKILL to the store's server, as a power cut would; a file has none.
    func killStore() throws {
        guard store != .sqlite else { return }
        _ = try callStore(["kill", path("store")])
    }

    private func callStore(_ words: [String]) throws -> String {
        let script = SourceRoot.folder.appending(path: "testnet/\(store.rawValue)")
        let process = Process()
        process.executableURL = script
        process.arguments = words
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = out.fileHandleForReading.readDataToEndOfFile()
        let talk = err.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw StoreFailure(what: String(decoding: talk, as: UTF8.self))
        }
        return String(decoding: text, as: UTF8.self)
    }

    // MARK: Programs

    /// Runs the command line against this cluster.
    func rota(_ arguments: String..., input: String? = nil) throws -> Output {
        try run("rota", arguments, input: input)
    }

    func run(_ program: String, _ arguments: [String], input: String? = nil) throws -> Output {
        let process = Process()
        process.executableURL = binaries.appending(path: program)
        process.arguments = arguments
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": folder.path, "ROTA_TOKEN_FILE": path("token"),
            "ROTA_URL": masters.compactMap { members[$0]?.http }.joined(separator: ","),
            "ROTA_TENANT": "default",
        ]
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        let feed = Pipe()
        process.standardInput = input == nil ? FileHandle.nullDevice : feed
        try process.run()
        if let input {
            try feed.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try feed.fileHandleForWriting.close()
        }
        // Both outputs are small here, so reading one after the other cannot fill a pipe.
        let text = String(decoding: out.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let talk = String(decoding: err.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Output(code: process.terminationStatus, out: text, err: talk)
    }

    // MARK: The machine

    private static func findBinaries() throws -> URL {
        let own = URL(
            filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        )
        for folder in [own.deletingLastPathComponent(), SourceRoot.debug] {
            let node = folder.appending(path: "rota-node").path
            if FileManager.default.isExecutableFile(atPath: node) { return folder }
        }
        throw CocoaError(.fileNoSuchFile)
    }

    private enum SourceRoot {
        static let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        static let debug = folder.appending(path: ".build/debug")
    }

    /// A port that was free a moment ago, for TCP and UDP alike.
    private static func freePort() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            if canBind(port, SOCK_STREAM), canBind(port, SOCK_DGRAM) { return port }
        }
        throw CocoaError(.fileNoSuchFile)
    }

    private static func canBind(_ port: Int, _ type: __socket_type) -> Bool {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, size) == 0
            }
        }
    }

    private static func status(of url: String, _ client: HTTPClient) async -> Int? {
        try? await client.send(HTTPCall(url: url)).status
    }
}

/// Where a test's cluster keeps what all share.
enum ClusterStore: String, CaseIterable {
    case sqlite
    case postgres
    case etcd
}

/// Why a store's server did not do as told.
struct StoreFailure: Error {
    let what: String
}
