import Foundation
import Glibc
import HTTPClient
import LockLease
import PeerNode
import TestSupport
import Testing
import Vocabulary

@Suite final class SecretTests {
    private let folder: String
    private let other: String

    init() throws {
        let base = NSTemporaryDirectory() + "secrets-" + UUID().uuidString
        (folder, other) = (base + "/allowed", base + "/other")
        for path in [folder, other, folder + "/deep"] {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true
            )
        }
    }

    deinit {
        let base = (folder as NSString).deletingLastPathComponent
        try? FileManager.default.removeItem(atPath: base)
    }

    @discardableResult
    private func write(_ text: String, to path: String, mode: Int = 0o600) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    private func value(_ path: String) throws -> String? {
        try SecretResolver(folders: [folder]).values(of: ["DB": .file(path)])["DB"]
    }

    private func refusal(_ path: String) -> String {
        do {
            return "taken: \(try value(path) ?? "")"
        } catch {
            return "\(error)"
        }
    }

    @Test func `a secret is its file without one newline at the end`() throws {
        for (text, expected) in [
            ("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s\n\n", "s\n"), ("", ""),
            ("ü ☂", "ü ☂"),
        ] {
            #expect(try value(write(text, to: folder + "/a")) == expected)
        }
        #expect(try value(write("x", to: folder + "/deep/b", mode: 0o640)) == "x")
        // A link within the folder, as orchestrators make them, is as good as a file.
        let link = folder + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "deep/b")
        #expect(try value(link) == "x")
    }

    @Test func `what is not below the folder is refused, however it is reached`() throws {
        let outside = try write("no", to: other + "/o")
        #expect(refusal(outside).contains("is not below \(folder)"))
        let link = folder + "/out"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: outside)
        #expect(refusal(link).contains("which leads to"))
        #expect(refusal(folder + "/../other/o").contains("is not below"))
        let twin = try write("no", to: folder + "-twin")
        #expect(refusal(twin).contains("is not below"))
        #expect(throws: SecretResolver.Failure.self) {
            try SecretResolver(folders: []).values(of: ["DB": .file(outside)])
        }
    }

    @Test func `what is written elsewhere is not even opened`() throws {
        // Opened for reading, this would have had its first byte taken.
        let pipe = other + "/pipe"
        try #require(unsafe mkfifo(pipe, 0o600) == 0)
        let writer = unsafe open(pipe, O_RDWR | O_NONBLOCK)
        defer { close(writer) }
        for path in [pipe, folder + "/../other/pipe", "/dev/watchdog", folder] {
            #expect(
                refusal(path) == "secret DB: \(path) is not below \(folder), where this "
                    + "node's owner keeps secrets for jobs"
            )
        }
    }

    @Test func `what is wrong with a file is said, and never what is in it`() throws {
        let open = try write("s3cret", to: folder + "/open", mode: 0o644)
        #expect(refusal(open).contains("has the mode 0644"))
        #expect(refusal(folder + "/deep").contains("is no file"))
        #expect(refusal(folder + "/none").contains("No such file"))
        let long = String(repeating: "x", count: 65_537)
        #expect(refusal(try write(long, to: folder + "/l")).contains("more than 65536 bytes"))
        let fitting = String(long.dropLast()) + "\n"
        #expect(try value(write(fitting, to: folder + "/l"))?.count == 65_536)
        #expect(refusal(try write("a\0b", to: folder + "/n")).contains("NUL"))
        _ = unsafe mkfifo(folder + "/pipe", 0o600)
        #expect(refusal(folder + "/pipe").contains("is no file"))
    }

    @Test func `a reference names a file by an absolute path without ways up`() {
        #expect(SecretReference(text: "file:/etc/rota/secrets/db") == .file("/etc/rota/secrets/db"))
        for text in ["", "/etc/x", "file:x", "file:/a/../b", "file:/a//b", "file:/a/.", "env:X"] {
            #expect(SecretReference(text: text) == nil, "\(text)")
        }
    }

    private func fixture(
        _ secrets: [String: String],
        _ task: TaskSpec
    ) throws -> (
        RunFixture, RunOrder
    ) {
        var references: [String: SecretReference] = [:]
        for (name, text) in secrets {
            references[name] = .file(try write(text, to: folder + "/" + name))
        }
        let host = TaskHost(
            secrets: SecretResolver(folders: [folder]),
            addresses: try AddressRule("")
        )
        return (
            try RunFixture(host: host), .order(task) { [references] in $0.secrets = references }
        )
    }

    @Test(.tags(.integration)) func `a secret is not told by the reason of a run or its notes`()
        async throws
    {
        // What is not there is named by what is said of it.
        var shell = ShellTask(command: "true")
        shell.directory = "/no/zebra-crossing"
        let sql = SQLTask(connection: "Driver=zebra-crossing", statement: "SELECT 1")
        for task in [TaskSpec.shell(shell), .sql(sql)] {
            let (world, order) = try fixture(["KEY": "zebra-crossing"], task)
            let report = try await world.run(order)
            #expect(report.state == .failed)
            #expect(report.reason.contains("***"), "\(report.reason)")
            #expect(!report.reason.contains("zebra"))
            let log = try await world.log(of: order)
            #expect(!log.contains { $0.contains("zebra") })
        }
    }

    @Test(.tags(.integration)) func `a run with more secrets than can be masked is refused`()
        async throws
    {
        var secrets: [String: String] = [:]
        for number in 0..<17 { secrets["S\(number)"] = String(repeating: "x", count: 65_000) }
        let (world, order) = try fixture(secrets, .shell(ShellTask(command: "echo started")))
        let report = try await world.run(order)
        #expect(report.state == .failed)
        #expect(report.reason.contains("its secrets have 1105000 bytes together"))
        #expect(try await world.log(of: order) == ["note \(report.reason)"])
    }
}
