// Shell tasks: a command line in a session of its own.

internal import LogSink
internal import Platform
internal import Synchronization
internal import Vocabulary

/// A shell with everything it started.
final class ShellRunner: RunningTask {
    private let child: ChildProcess

    /// Starts `task`; its events come after this has returned.
    init(
        _ task: ShellTask,
        for order: RunOrder,
        on loop: EventLoop,
        receive: @escaping TaskReceiver
    ) throws(SpawnError) {
        let command = ChildCommand(
            program: task.shell,
            arguments: ["-c", task.command],
            environment: TaskVariables.environment(for: order, task: task),
            directory: task.directory,
            input: task.input.map { Array($0.utf8) }
        )
        let open = Mutex(ChildStream.allCases.count)
        child = try ChildProcess.spawn(command, on: loop) { event in
            switch event {
            case .output(.out, let bytes): receive(.output(.out, bytes))
            case .output(.err, let bytes): receive(.output(.err, bytes))
            case .closed:
                let left = open.withLock { count in
                    count -= 1
                    return count
                }
                if left == 0 { receive(.outputClosed) }
            case .exited(.code(let code)): receive(.ended(.exit(.code(code))))
            case .exited(.signal(let number)): receive(.ended(.exit(.signal(number))))
            }
        }
    }

    var processID: Int32? { child.processID }

    func end(_ signal: EndSignal) { child.endTree(signal) }
    func isGone(in table: [ProcessEntry]) -> Bool { child.isTreeGone(in: table) }
    func pauseOutput() { child.pauseOutput() }
    func resumeOutput() { child.resumeOutput() }
    func closeOutput() { child.closeOutput() }
    func release() { child.release() }
}
