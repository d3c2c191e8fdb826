// An exclusive lock on a file that waits in the kernel's queue, but never for ever.

internal import CLinux
internal import Glibc
internal import Synchronization
internal import Vocabulary

/// A `flock(2)` on one file, held by this object until ``unlock()`` or until the process is gone.
///
/// The lock belongs to the object, not to the process: two objects on one file exclude each other
/// also within a process. A waiter stands in the kernel's queue, which is what makes the lock fair;
/// polling with `LOCK_NB` would starve whoever polls at the wrong moments. Confine an object to one
/// thread or actor.
package final class FileLock {
    private let queue: LockQueue

    /// Opens or creates the file at `path`; takes no lock yet.
    package init(path: String) throws(SystemError) {
        queue = try LockQueue(path: path)
    }

    deinit {
        queue.stop()
    }

    /// Takes the lock if it is free at once.
    package func tryLock() throws(SystemError) -> Bool {
        try queue.lock(milliseconds: 0)
    }

    /// Takes the lock, waiting at most `limit`; answers whether it is held now.
    ///
    /// Costs one system call while nobody else wants the lock.
    package func lock(within limit: Duration) throws(SystemError) -> Bool {
        let (seconds, attoseconds) = limit.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        return try queue.lock(milliseconds: Int32(clamping: max(1, milliseconds)))
    }

    package func unlock() {
        _ = flock(queue.descriptor, LOCK_UN)
    }

    /// The process that holds a lock on this file and its state letter (`T`: stopped), if the
    /// kernel tells.
    ///
    /// - SeeAlso: `proc_locks(5)`, `proc_pid_stat(5)`.
    package func holder() -> (processID: Int32, state: String)? {
        // A busy list moves on while it is read, and a line can slip through.
        for _ in 0..<10 {
            if let found = listedHolder() { return found }
        }
        return nil
    }

    private func listedHolder() -> (processID: Int32, state: String)? {
        var status = stat()
        guard unsafe fstat(queue.descriptor, &status) == 0,
            let bytes = try? FileStore.read("/proc/locks")
        else { return nil }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            // `1: FLOCK ADVISORY WRITE 4711 fe:00:1234 0 EOF`; a waiter has `->` after the number.
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK", let processID = Int32(fields[4]),
                fields[5].hasSuffix(":\(status.st_ino)")
            else { continue }
            return (processID, Self.state(of: processID))
        }
        return nil
    }

    private static func state(of processID: Int32) -> String {
        guard let bytes = try? FileStore.read("/proc/\(processID)/stat") else { return "?" }
        // The name in parentheses may hold anything, so the state is looked for behind it.
        let text = String(decoding: bytes, as: UTF8.self)
        return text.split(separator: ")").last?.split(separator: " ").first.map(String.init) ?? "?"
    }

    /// Whether some process holds a lock on the file at `path`; `nil` if there is no such file.
    ///
    /// Asks for a shared lock and drops it, so that two who ask do not see each other.
    package static func isHeld(path: String) throws(SystemError) -> Bool? {
        let descriptor = unsafe clinux_open(path, O_RDWR, 0)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .last(while: "open \(path)")
        }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return false }
        guard errno == EWOULDBLOCK else { throw .last(while: "lock \(path)") }
        return true
    }
}

/// The part of a lock that a waiting thread shares with the lock's owner.
///
/// `flock` knows no deadline and interrupting it takes a signal, which a library must not claim.
/// So a thread of the lock's own waits in its place, and the owner waits for the thread. The thread
/// starts at the first contention. It may outlive the lock while somebody else holds the file.
private final class LockQueue: Sendable {
    private enum Phase { case idle, asked, granted }

    private struct State {
        var phase = Phase.idle
        var isAbandoned = false
        var isStopping = false
        var hasThread = false
    }

    let descriptor: Int32
    private let path: String
    private let ask: Int32
    private let answer: Int32
    private let state = Mutex(State())

    init(path: String) throws(SystemError) {
        self.path = path
        descriptor = unsafe clinux_open(path, O_RDWR | O_CREAT, 0o644)
        guard descriptor >= 0 else { throw .last(while: "open \(path)") }
        ask = eventfd(0, Int32(EFD_CLOEXEC))
        answer = eventfd(0, Int32(EFD_CLOEXEC))
        guard ask >= 0, answer >= 0 else {
            let error = SystemError.last(while: "make an event descriptor")
            for open in [descriptor, ask, answer] where open >= 0 { close(open) }
            throw error
        }
    }

    deinit {
        close(descriptor)
        close(ask)
        close(answer)
    }

    func stop() {
        // A thread that still waits lets go of the file as soon as it gets it.
        flock(descriptor, LOCK_UN)
        state.withLock { $0.isStopping = true }
        eventfd_write(ask, 1)
    }

    func lock(milliseconds: Int32) throws(SystemError) -> Bool {
        let isWaiting = state.withLock { $0.phase != .idle }
        if !isWaiting {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK else { throw .last(while: "lock \(path)") }
            guard milliseconds > 0 else { return false }
        }
        try join()
        var event = pollfd(fd: answer, events: Int16(POLLIN), revents: 0)
        let deadline = SystemClock.monotonic.advanced(by: .milliseconds(milliseconds))
        var left = milliseconds
        while unsafe poll(&event, 1, left) < 0, errno == EINTR {
            let rest = SystemClock.monotonic.duration(to: deadline) / .milliseconds(1)
            left = Int32(max(0, rest))
        }
        return takeOrLeave()
    }

    /// Stands in the queue, or goes on standing there after an earlier wait that ran out.
    private func join() throws(SystemError) {
        let needsThread = state.withLock { state in
            state.isAbandoned = false
            guard state.phase == .idle else { return false }
            state.phase = .asked
            defer { state.hasThread = true }
            eventfd_write(ask, 1)
            return !state.hasThread
        }
        if needsThread { try startThread() }
    }

    private func takeOrLeave() -> Bool {
        state.withLock { state in
            guard state.phase == .granted else {
                state.isAbandoned = true
                return false
            }
            var count: eventfd_t = 0
            unsafe eventfd_read(answer, &count)
            state.phase = .idle
            return true
        }
    }

    private func startThread() throws(SystemError) {
        let context = unsafe Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                let queue = unsafe Unmanaged<LockQueue>.fromOpaque(context).takeRetainedValue()
                queue.wait()
                return nil
            },
            context.toOpaque()
        )
        guard code == 0 else {
            unsafe context.release()
            state.withLock { $0 = State() }
            throw SystemError(code: code, while: "start a thread to wait for \(path)")
        }
        pthread_detach(thread)
    }

    private func wait() {
        unsafe clinux_name_thread("file-lock")
        var count: eventfd_t = 0
        while true {
            while unsafe eventfd_read(ask, &count) != 0, errno == EINTR {}
            let isAsked = state.withLock { $0.phase == .asked && !$0.isStopping }
            if isAsked { while flock(descriptor, LOCK_EX) != 0, errno == EINTR {} }
            let isStopping = state.withLock { state in
                if isAsked { settle(&state) }
                return state.isStopping
            }
            if isStopping { return }
        }
    }

    /// Hands the lock over, or lets go of it if nobody waits for it any more.
    private func settle(_ state: inout State) {
        guard !state.isAbandoned, !state.isStopping else {
            flock(descriptor, LOCK_UN)
            state.phase = .idle
            return
        }
        state.phase = .granted
        eventfd_write(answer, 1)
    }
}
