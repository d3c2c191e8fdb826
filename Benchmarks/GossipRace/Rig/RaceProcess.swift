// A member's process: started, read on the collector's thread, signalled, measured, ended.

internal import Glibc
internal import Platform
internal import Synchronization

/// One child of the race.
final class RaceProcess: Sendable {
    private let child: ChildProcess
    private let hasEnded: Ended

    private final class Ended: Sendable {
        private let flag = Mutex(false)
        var isSet: Bool { flag.withLock(\.self) }
        func set() { flag.withLock { $0 = true } }
    }

    private init(child: ChildProcess, hasEnded: Ended) {
        self.child = child
        self.hasEnded = hasEnded
    }

    /// Starts `words`; every line it prints is handed to `read` on `loop`'s thread.
    static func start(
        _ words: [String],
        on loop: EventLoop,
        read: @escaping @Sendable (Substring) -> Void
    ) async throws -> RaceProcess {
        let ended = Ended()
        let (output, errors) = (LineBuffer(), LineBuffer())
        let command = ChildCommand(
            program: words[0],
            arguments: Array(words.dropFirst()),
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        )
        let result: Result<ChildProcess, any Error> = await withCheckedContinuation { waiting in
            loop.call {
                waiting.resume(
                    returning: Result {
                        try ChildProcess.spawn(command, on: loop) { event in
                            switch event {
                            case .output(.out, let bytes): output.add(bytes, to: read)
                            case .output(.err, let bytes): errors.add(bytes, to: read)
                            case .exited: ended.set()
                            case .closed: break
                            }
                        }
                    }
                )
            }
        }
        return RaceProcess(child: try result.get(), hasEnded: ended)
    }

    var processID: Int32 { child.processID }
    var isRunning: Bool { !hasEnded.isSet }

    func signal(_ number: Int32) {
        if isRunning { kill(processID, number) }
    }

    /// Kills it and waits until it is gone.
    func end() async {
        signal(SIGKILL)
        while isRunning { try? await Task.sleep(for: .milliseconds(5)) }
        child.release()
    }

    /// Resident bytes: all of them, and the share that is not also somebody else's.
    var memory: (resident: Int, proportional: Int) {
        (number("Rss:", in: "smaps_rollup"), number("Pss:", in: "smaps_rollup"))
    }

    var threads: Int { number("Threads:", in: "status") / 1_024 }

    /// Processor time so far.
    var processorTime: Duration {
        let fields = text("stat").split(separator: ") ").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
            return .zero
        }
        return .milliseconds((user + system) * 10)
    }

    /// A line such as `Rss:   123 kB`, in bytes.
    private func number(_ field: String, in file: String) -> Int {
        for line in text(file).split(separator: "\n") where line.hasPrefix(field) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            return (words.count > 1 ? Int(words[1]) ?? 0 : 0) * 1_024
        }
        return 0
    }

    private func text(_ file: String) -> String {
        let bytes = (try? FileStore.read("/proc/\(processID)/\(file)", limit: 65_536)) ?? []
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Cuts what comes into lines.
private final class LineBuffer: Sendable {
    private let rest = Mutex<[UInt8]>([])

    func add(_ bytes: [UInt8], to read: (Substring) -> Void) {
        let whole = rest.withLock { rest -> [UInt8] in
            rest += bytes
            guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
            defer { rest.removeFirst(end + 1) }
            return Array(rest[...end])
        }
        for line in String(decoding: whole, as: UTF8.self).split(separator: "\n") { read(line) }
    }
}
