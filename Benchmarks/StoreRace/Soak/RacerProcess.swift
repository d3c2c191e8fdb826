// A racer as a child process that can be killed, stopped and started again.

internal import Foundation
internal import RaceWords

/// One racer over all of its lives.
final class RacerProcess {
    let name: String
    private let arguments: [String]
    private let log: String
    private var process: Process?
    private(set) var isStopped = false

    init(name: String, url: String, folder: String, term: Duration) {
        self.name = name
        log = "\(folder)/\(name).log"
        let milliseconds = Int(term.components.seconds) * 1_000
        arguments = [
            "racer", "--name", name, "--url", url, "--folder", folder, "--term", "\(milliseconds)",
        ]
    }

    /// What it had to say.
    var complaints: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    var isAlive: Bool { process?.isRunning == true }

    func start() throws {
        guard !isAlive else { return }
        let child = Process()
        child.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        child.arguments = arguments
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: URL(filePath: log))
        try handle.seekToEnd()
        child.standardOutput = handle
        child.standardError = handle
        child.standardInput = FileHandle.nullDevice
        try child.run()
        process = child
        isStopped = false
    }

    func crash() {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        isStopped = false
    }

    func pause() {
        guard let process, process.isRunning else { return }
        kill(process.processIdentifier, SIGSTOP)
        isStopped = true
    }

    func goOn() {
        guard let process, isStopped else { return }
        kill(process.processIdentifier, SIGCONT)
        isStopped = false
    }

    func terminate() { process?.terminate() }
    func wait() { process?.waitUntilExit() }
}
