// Runs a child to its end.

package import Platform
internal import Synchronization

/// Why a child gave no answer.
package enum ChildFailure: Error, CustomStringConvertible {
    case notStarted(SpawnError)
    case failed(program: String, exit: ChildExit, words: String)
    case strangeLine(program: String, line: String)

    package var description: String {
        switch self {
        case .notStarted(let error): "\(error). Run Benchmarks/cron/prepare"
        case .failed(let program, let exit, let words): "\(program) ended with \(exit): \(words)"
        case .strangeLine(let program, let line): "\(program) answered `\(line)`"
        }
    }
}

/// What a child printed.
package struct ChildOutput: Sendable {
    package var output: [UInt8] = []
    package var errors: [UInt8] = []

    package var text: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: errors, as: UTF8.self) }

    /// Runs `command` and waits until it has exited and closed its output.
    package static func of(
        _ command: ChildCommand,
        on loop: EventLoop
    ) async throws(ChildFailure) -> ChildOutput {
        let result: Result<(ChildOutput, ChildExit), SpawnError> =
            await withCheckedContinuation { continuation in
                let watch = Watch { continuation.resume(returning: .success($0)) }
                loop.call {
                    do throws(SpawnError) {
                        let child = try ChildProcess.spawn(command, on: loop) { watch.note($0) }
                        watch.hold(child)
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            }
        switch result {
        case .failure(let error): throw .notStarted(error)
        case .success((let output, let exit)):
            guard exit == .code(0) else {
                throw .failed(
                    program: command.program,
                    exit: exit,
                    words: String(decoding: output.errors.suffix(600), as: UTF8.self)
                )
            }
            return output
        }
    }
}

/// Collects a child's events until the last.
private final class Watch: Sendable {
    private struct State {
        var output = ChildOutput()
        var exit: ChildExit?
        var open = 2
        var child: ChildProcess?
    }

    private let state = Mutex(State())
    private let finish: @Sendable ((ChildOutput, ChildExit)) -> Void

    init(finish: @escaping @Sendable ((ChildOutput, ChildExit)) -> Void) {
        self.finish = finish
    }

    func hold(_ child: ChildProcess) {
        state.withLock { $0.child = child }
    }

    func note(_ event: ChildEvent) {
        let (result, child) = state.withLock { state in
            switch event {
            case .output(.out, let bytes): state.output.output += bytes
            case .output(.err, let bytes): state.output.errors += bytes
            case .closed: state.open -= 1
            case .exited(let exit): state.exit = exit
            }
            guard state.open == 0, let exit = state.exit else {
                return (Optional<(ChildOutput, ChildExit)>.none, Optional<ChildProcess>.none)
            }
            return ((state.output, exit), state.child)
        }
        guard let result else { return }
        child?.release()
        finish(result)
    }
}
