// A server that speaks only to those with a certificate.

internal import Foundation

/// `openssl s_server` on a port of its own choice; it ends with the object.
package final class SecureServer: Sendable {
    package let url: String
    private let process: Process

    package init(_ authority: PrivateAuthority) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = [
            "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", authority.file("server.pem"),
            "-key", authority.file("server.key"), "-CAfile", authority.file("ca.pem"),
            "-Verify", "1", "-verify_return_error",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // It says `ACCEPT 127.0.0.1:PORT` once it listens.
        var text = ""
        while !text.contains("\n") || !text.contains("ACCEPT") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw Failure(said: text) }
            text += String(decoding: more, as: UTF8.self)
        }
        let line = text.split(separator: "\n").first { $0.hasPrefix("ACCEPT") }
        guard let port = line?.split(separator: ":").last else { throw Failure(said: text) }
        url = "https://127.0.0.1:\(port)"
        self.process = process
    }

    deinit {
        process.terminate()
    }

    private struct Failure: Error {
        let said: String
    }
}
