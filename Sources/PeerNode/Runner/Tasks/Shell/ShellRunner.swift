// Shell tasks: a command with everything it starts.

internal import LogSink
internal import Platform
internal import Synchronization
internal import Vocabulary

/// A command under way in a session of its own, and in a cgroup of its own where there are any.
final class ShellRunner: RunningTask {
    private let child: ChildProcess
    private let cgroup: CgroupFolder?

    /// Starts `task`; its events come after this has returned.
    ///
    /// - Throws: ``SpawnError`` if nothing was started, also because the host does not allow it.
    init(
        _ task: ShellTask,
        for order: RunOrder,
        at host: TaskHost,
        secrets: [String: String],
        on loop: EventLoop,
        receive: @escaping TaskReceiver
    ) throws(SpawnError) {
        let (command, permit) = try host.command(for: task, of: order, secrets: secrets)
        let cgroup = command.cgroup
        let memoryLimit = permit.limits.memory
        let open = Mutex(ChildStream.allCases.count)
        do throws(SpawnError) {
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
                case .exited(let exit):
                    receive(.ended(Self.ending(exit, in: cgroup, memoryLimit: memoryLimit)))
                }
            }
        } catch {
            cgroup?.remove()
            throw error
        }
        self.cgroup = cgroup
    }

    private static func ending(
        _ exit: ChildExit,
        in cgroup: CgroupFolder?,
        memoryLimit: Int?
    ) -> RunMachine.Ending {
        let status: ExitStatus
        switch exit {
        case .code(let code): status = .code(code)
        case .signal(let number): status = .signal(number)
        case .unknown(let error): return .failed("it has ended, and nobody knows how: \(error)")
        }
        guard status != .code(0), let memoryLimit, let cgroup, cgroup.memoryKills > 0 else {
            return .exit(status)
        }
        return .limited(status, "killed at its limit of \(SizeText.format(memoryLimit)) of memory")
    }

    var processID: Int32? { child.processID }

    func end(_ signal: EndSignal, in look: ProcessLook) { child.endTree(signal, in: look) }
    func isGone(in look: ProcessLook) -> Bool { child.isTreeGone(in: look) }
    func pauseOutput() { child.pauseOutput() }
    func resumeOutput() { child.resumeOutput() }
    func closeOutput() { child.closeOutput() }

    func release() {
        child.release()
        cgroup?.remove()
    }
}
