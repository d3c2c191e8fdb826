// A proxy before a server that cuts connections at the worst moments.

internal import Foundation
internal import RaceWords

/// Passes connections on to a server, and now and then cuts one.
///
/// Half of the cuts lose an answer after the server has sent it, so that what was asked has been
/// done and nobody knows; the others lose the question.
final class CuttingProxy {
    private let process = Process()
    private let report = Pipe()
    /// `host:port` to connect to.
    let address: String

    /// Stands before the server at `target`, written `host:port`, and cuts `perMille` of a thousand
    /// messages.
    init(to target: String, perMille: Int) throws {
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = ["Benchmarks/store/cutting-proxy", target, "\(perMille)"]
        process.standardOutput = report
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // The first line is the port it listens on.
        var line = Data()
        let newline = Data("\n".utf8)
        while let byte = try report.fileHandleForReading.read(upToCount: 1), byte != newline {
            line += byte
        }
        guard let port = Int(String(decoding: line, as: UTF8.self)) else {
            throw RaceFailure("the proxy printed no port; is python3 installed?")
        }
        address = "127.0.0.1:\(port)"
    }

    /// Ends it; answers how many connections it cut.
    func stop() throws -> Int {
        process.terminate()
        let text = report.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Int(String(decoding: text, as: UTF8.self).filter(\.isNumber)) ?? 0
    }
}
