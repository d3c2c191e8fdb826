// One child with its session: started, read, watched, ended with all its offspring, reaped.

internal import CLinux
internal import Glibc
internal import Synchronization

/// Where a child's output came from.
package enum ChildStream: CaseIterable, Sendable, Hashable {
    case out
    case err
}

/// How a child's main process ended.
package enum ChildExit: Equatable, Sendable {
    case code(Int32)
    case signal(Int32)
    /// It has ended, and the kernel no longer says how.
    case unknown(SystemError)
}

/// What a child did.
package enum ChildEvent: Equatable, Sendable {
    /// At most 64 KB, as they came.
    case output(ChildStream, [UInt8])
    /// Nobody holds the writing end any more, or ``ChildProcess/closeOutput()`` was called.
    case closed(ChildStream)
    /// Once. Output may follow; the process stays unreaped until ``ChildProcess/release()``.
    case exited(ChildExit)
}

/// What ends processes.
package enum EndSignal: Sendable, Hashable {
    /// SIGTERM, and SIGCONT so that a stopped process hears of it.
    case terminate
    case kill
}

/// A running child and everything it starts.
///
/// The child leads a session and a process group of its own, with all signals at their defaults and
/// unblocked, no descriptor but 0, 1 and 2, and no terminal. Events come on the loop's thread, in
/// order. The ended child stays unreaped until ``release()``: so its number, which also names the
/// session, cannot go to somebody else while the session is being ended.
package final class ChildProcess: Sendable {
    private struct State {
        var pipes: [ChildStream: Int32]
        var pidfd: Int32?
        var isPaused = false
        var hasExited = false
        var isReleased = false
        var tree: ProcessTree
    }

    /// The process id, which also names its group and its session.
    package let processID: Int32
    private let loop: EventLoop
    private let cgroup: CgroupFolder?
    private let state: Mutex<State>
    private let receive: @Sendable (ChildEvent) -> Void

    /// Starts `command` and watches it on `loop`.
    ///
    /// Call it on the loop's thread, so that no event comes before this returns. It blocks that
    /// thread until the kernel has loaded the program, about half a millisecond.
    ///
    /// - Throws: ``SpawnError`` if nothing was started.
    package static func spawn(
        _ command: ChildCommand,
        on loop: EventLoop,
        receive: @escaping @Sendable (ChildEvent) -> Void
    ) throws(SpawnError) -> ChildProcess {
        let spawned = try SpawnedChild(command)
        return ChildProcess(spawned, of: command, loop: loop, receive: receive)
    }

    private init(
        _ spawned: SpawnedChild,
        of command: ChildCommand,
        loop: EventLoop,
        receive: @escaping @Sendable (ChildEvent) -> Void
    ) {
        processID = spawned.processID
        self.loop = loop
        self.receive = receive
        let pipes = [ChildStream.out: spawned.output, .err: spawned.errors]
        cgroup = command.cgroup
        let tree = ProcessTree(session: spawned.processID, mark: command.mark)
        state = Mutex(State(pipes: pipes, pidfd: spawned.pidfd, tree: tree))
        // The loop keeps this object alive until the pipes are closed and the child has exited.
        loop.watch(spawned.pidfd) { self.lookForExit() }
        for (stream, pipe) in pipes { loop.watch(pipe) { self.readOnce(stream) } }
    }

    /// Stops reading output, so that a child that prints too much is held up by its full pipe.
    package func pauseOutput() {
        state.withLock { state in
            guard !state.isPaused else { return }
            state.isPaused = true
            for pipe in state.pipes.values { loop.unwatch(pipe) }
        }
    }

    package func resumeOutput() {
        state.withLock { state in
            guard state.isPaused else { return }
            state.isPaused = false
            for (stream, pipe) in state.pipes { loop.watch(pipe) { self.readOnce(stream) } }
        }
    }

    /// Reads what the pipes hold now, then closes them, whoever else still holds their other ends.
    package func closeOutput() {
        for stream in ChildStream.allCases {
            // One pipe holds 64 KB by default, 1 MB at most.
            for _ in 0..<16 where readOnce(stream) {}
            if close(stream) { receive(.closed(stream)) }
        }
    }

    /// Signals everything that belongs to the child; nobody after ``release()``.
    ///
    /// A process that is started meanwhile may be missed: repeat it until ``isTreeGone(in:)``.
    ///
    /// - Parameters:
    ///   - signal: What ends them.
    ///   - look: A look of this turn; it is asked only where there is no cgroup.
    package func endTree(_ signal: EndSignal, in look: ProcessLook = ProcessLook()) {
        let members: [ProcessEntry]? = state.withLock { state in
            guard !state.isReleased else { return nil }
            cgroup?.end(signal)
            state.tree.signalGroup(signal)
            return cgroup == nil ? state.tree.members(in: look) : []
        }
        ProcessTree.signal(signal, (members ?? []).filter { $0.group != processID })
    }

    /// Whether nothing that belongs to the child is left, the unreaped child itself not counted.
    ///
    /// What has ended and became a child of this process is reaped.
    ///
    /// - Parameter look: Taken after the child exited, to be shared by many questions; it is asked
    ///   only where there is no cgroup.
    /// - Returns: `true` for good once the child has exited: only members start members. `false`
    ///   as well if it cannot be seen, since this process has no descriptors left for looking.
    package func isTreeGone(in look: ProcessLook = ProcessLook()) -> Bool {
        if let cgroup, cgroup.isPopulated { return false }
        let everyone = state.withLock { state in
            cgroup == nil ? state.tree.everyone(in: look) : []
        }
        guard cgroup != nil || look.isWhole else { return false }
        ChildReaper.reap(everyone.filter { $0.processID != processID })
        return everyone.allSatisfy(\.isZombie)
    }

    /// Closes the pipes and reaps the child, at once or as soon as it has exited; no more events.
    package func release() {
        for stream in ChildStream.allCases { close(stream) }
        state.withLock { state in
            guard !state.isReleased else { return }
            state.isReleased = true
            // Also what the loop has not heard of yet: it may never get to it.
            if !state.hasExited, let pidfd = state.pidfd, hasExited(pidfd) {
                loop.unwatch(pidfd)
                state.hasExited = true
            }
            if state.hasExited { reap(&state) }
        }
    }

    /// Reads at most 64 KB; answers whether there may be more.
    @discardableResult
    private func readOnce(_ stream: ChildStream) -> Bool {
        guard let pipe = state.withLock({ $0.pipes[stream] }) else { return false }
        var failure: Int32 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            let result = unsafe read(pipe, buffer.baseAddress, buffer.count)
            failure = result < 0 ? errno : 0
            count = max(0, result)
        }
        if failure == EAGAIN || failure == EINTR { return failure == EINTR }
        if bytes.isEmpty {
            if close(stream) { receive(.closed(stream)) }
            return false
        }
        receive(.output(stream, bytes))
        return true
    }

    /// Answers whether `stream` was open.
    @discardableResult
    private func close(_ stream: ChildStream) -> Bool {
        state.withLock { state in
            guard let pipe = state.pipes.removeValue(forKey: stream) else { return false }
            loop.unwatch(pipe)
            Glibc.close(pipe)
            return true
        }
    }

    private func lookForExit() {
        let exit: ChildExit? = state.withLock { state in
            guard let pidfd = state.pidfd, !state.hasExited else { return nil }
            var code: Int32 = 0
            var isSignal: Int32 = 0
            let found = unsafe clinux_peek_exit(pidfd, &code, &isSignal)
            guard found != 0, found > 0 || errno != EINTR else { return nil }
            let work = "ask how process \(processID) ended"
            let failure = found < 0 ? SystemError.last(while: work) : nil
            loop.unwatch(pidfd)
            state.hasExited = true
            if failure != nil { state.tree.loseSession() }
            guard !state.isReleased else {
                reap(&state)
                return nil
            }
            if let failure { return .unknown(failure) }
            return isSignal != 0 ? .signal(code) : .code(code)
        }
        if let exit { receive(.exited(exit)) }
    }

    private func hasExited(_ pidfd: Int32) -> Bool {
        var code: Int32 = 0
        var isSignal: Int32 = 0
        return unsafe clinux_peek_exit(pidfd, &code, &isSignal) != 0
    }

    private func reap(_ state: inout State) {
        guard let pidfd = state.pidfd else { return }
        state.pidfd = nil
        var status: Int32 = 0
        while unsafe waitpid(processID, &status, 0) < 0, errno == EINTR {}
        Glibc.close(pidfd)
    }
}
