// One `rota-node` of a race: started, signalled, ended; the last it said is kept for failures.

internal import Glibc
internal import Platform
internal import Synchronization

/// A child of the race.
final class NodeProcess: Sendable {
    private struct State {
        var hasEnded = false
        var lastWords: [UInt8] = []
        var output: [UInt8] = []
    }

    private final class Heard: Sendable {
        let state = Mutex(State())
    }

    private let child: ChildProcess
    private let heard: Heard

    private init(child: ChildProcess, heard: Heard) {
        self.child = child
        self.heard = heard
    }

    static func start(_ words: [String], on loop: EventLoop) async throws -> NodeProcess {
        let heard = Heard()
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
                            heard.state.withLock { state in
                                switch event {
                                case .output(.out, let bytes): state.output += bytes
                                case .output(.err, let bytes):
                                    state.lastWords = (state.lastWords + bytes).suffix(4_000)
                                case .exited: state.hasEnded = true
                                case .closed: break
                                }
                            }
                        }
                    }
                )
            }
        }
        return NodeProcess(child: try result.get(), heard: heard)
    }

    var processID: Int32 { child.processID }
    var isRunning: Bool { heard.state.withLock { !$0.hasEnded } }
    /// The end of what it wrote to its log.
    var lastWords: String {
        String(decoding: heard.state.withLock { $0.lastWords }, as: UTF8.self)
    }
    /// What it has printed.
    var output: String {
        String(decoding: heard.state.withLock { $0.output }, as: UTF8.self)
    }

    func signal(_ number: Int32) {
        if isRunning { kill(processID, number) }
    }

    /// Waits for its own end, at most so long.
    func wait(within limit: Duration) async throws {
        let ended = try await until(within: limit) { isRunning ? nil : true }
        guard ended != nil else { throw RaceFailure("a child did not end within \(limit)") }
        child.release()
    }

    /// Kills it and waits until it is gone.
    func end() async {
        signal(SIGKILL)
        while isRunning { try? await Task.sleep(for: .milliseconds(5)) }
        child.release()
    }
}
