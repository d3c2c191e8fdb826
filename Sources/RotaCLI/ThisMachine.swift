// The world as it is: this process's streams, files and clocks.

internal import Platform
internal import Vocabulary

extension World {
    /// The world of this process; masters are reached through `transport`.
    package static func thisMachine(transport: any APITransport) -> Self {
        Self(
            environment: Terminal.environment,
            terminal: ProcessTerminal(),
            files: DiskFiles(),
            clock: MachineClock(),
            transport: transport
        )
    }
}

private struct ProcessTerminal: CommandTerminal {
    func isTerminal(_ stream: Terminal.Stream) -> Bool { Terminal.isTerminal(stream) }
    var width: Int? { Terminal.width }

    func write(_ bytes: [UInt8], to stream: Terminal.Stream) {
        Terminal.write(bytes, to: stream)
    }

    func read(limit: Int) throws(SystemError) -> [UInt8] {
        try Terminal.read(limit: limit)
    }

    func run(_ line: String, arguments: [String]) throws(SystemError) -> Int32 {
        try Terminal.run(line, arguments: arguments)
    }
}

private struct DiskFiles: CommandFiles {
    func read(_ path: String) throws(SystemError) -> [UInt8] { try FileStore.read(path) }

    func write(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(SystemError) {
        if let slash = path.lastIndex(of: "/") {
            try FileStore.makeFolder(String(path[..<slash]), mode: 0o700)
        }
        try FileStore.replace(path, with: bytes, mode: mode)
    }

    func remove(_ path: String) throws(SystemError) { try FileStore.remove(path) }
    func names(in path: String) -> [String]? { FileStore.names(in: path) }
    func mode(of path: String) -> UInt32? { FileStore.mode(of: path) }
    func zone(named name: String) -> [UInt8]? { ZoneInfoFiles.bytes(named: name) }
}

private struct MachineClock: CommandClock {
    var now: Instant { SystemClock.wall }
    var monotonic: MonotonicInstant { SystemClock.monotonic }

    func wait(_ duration: Duration) async {
        try? await Task.sleep(for: duration)
    }

    func uniqueKey() -> String {
        var random = SystemRandomNumberGenerator()
        return RunID.make(at: now, using: &random).text
    }
}
