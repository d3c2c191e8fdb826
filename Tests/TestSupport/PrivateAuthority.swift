// Certificates for one test, by openssl(1).

internal import Foundation

/// A certificate authority that nobody else trusts, with a server's and a client's certificate.
package final class PrivateAuthority: Sendable {
    /// Holds `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`.
    package let folder: String

    /// Makes the authority and both certificates, the server's for 127.0.0.1.
    package init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/authority-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try openssl(
            ["req", "-x509"] + key + [
                "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test authority",
            ]
        )
        for (name, use) in [("server", "serverAuth,clientAuth"), ("client", "clientAuth")] {
            let request = ["-keyout", "\(name).key", "-out", "\(name).csr", "-subj", "/CN=\(name)"]
            try openssl(["req"] + key + request)
            let text = "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=\(use)\n"
            try Data(text.utf8).write(to: URL(filePath: folder + "/\(name).ext"))
            try openssl([
                "x509", "-req", "-in", "\(name).csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-out", "\(name).pem", "-days", "2", "-extfile", "\(name).ext",
            ])
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The path of one of its files.
    package func file(_ name: String) -> String { folder + "/" + name }

    private func openssl(_ words: [String]) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = words
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(words: words) }
    }

    private struct Failure: Error {
        let words: [String]
    }
}
