// A program whose output is taken down with the time at which it came.

internal import Platform
internal import Synchronization
internal import Vocabulary

/// A command that shows something to somebody.
struct Reader {
    let words: [String]
    var environment: [String: String] = [:]

    struct Chunk {
        let bytes: [UInt8]
        let at: MonotonicInstant
        /// By the wall clock, in milliseconds since 1970.
        let wall: Int64
    }

    struct Reading {
        fileprivate(set) var chunks: [Chunk] = []
        fileprivate(set) var complaint = ""
        fileprivate var isOver = false

        var byteCount: Int { chunks.reduce(0) { $0 + $1.bytes.count } }
    }

    /// Runs it to its end.
    func read() async throws -> Reading {
        let loop = EventLoop(name: "reader")
        defer { loop.stop() }
        let heard = HeardReading()
        var command = ChildCommand(
            program: words[0],
            arguments: Array(words.dropFirst()),
            environment: environment
        )
        command.environment["PATH"] = "/usr/bin:/bin"
        let result: Result<ChildProcess, any Error> = await withCheckedContinuation { waiting in
            loop.call { [command] in
                waiting.resume(
                    returning: Result {
                        try ChildProcess.spawn(command, on: loop, receive: heard.take)
                    }
                )
            }
        }
        let child = try result.get()
        let isOver = try await until(within: .seconds(180)) {
            heard.reading.withLock { $0.isOver } ? true : nil
        }
        child.release()
        guard isOver != nil else { throw RaceFailure("\(words[0]) did not end") }
        return heard.reading.withLock { $0 }
    }
}

private final class HeardReading: Sendable {
    let reading = Mutex(Reader.Reading())
    private let open = Mutex(2)

    func take(_ event: ChildEvent) {
        switch event {
        case .output(.out, let bytes):
            let chunk = Reader.Chunk(
                bytes: bytes,
                at: SystemClock.monotonic,
                wall: SystemClock.wall.unixMilliseconds
            )
            reading.withLock { $0.chunks.append(chunk) }
        case .output(.err, let bytes):
            reading.withLock { $0.complaint += String(decoding: bytes, as: UTF8.self) }
        case .closed:
            let left = open.withLock { count in
                count -= 1
                return count
            }
            if left == 0 { reading.withLock { $0.isOver = true } }
        case .exited: break
        }
    }
}
