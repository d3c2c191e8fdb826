// An exclusive lock on a file that waits in the kernel's queue, but never for ever.

internal import CLinux
internal import Glibc
internal import Vocabulary

/// A `flock(2)` on one file, held by this object until ``unlock()`` or until the process is gone.
///
/// The lock belongs to the object, not to the process: two objects on one file exclude each other
/// also within a process. A waiter stands in the kernel's queue, which is what makes the lock fair;
/// polling with `LOCK_NB` would starve whoever polls at the wrong moments. Confine an object to one
/// thread or actor.
package final class FileLock {
    private let path: String
    private let descriptor: Int32

    /// Opens or creates the file at `path`; takes no lock yet.
    package init(path: String) throws(SystemError) {
        self.path = path
        descriptor = unsafe clinux_open(path, O_RDWR | O_CREAT, 0o644)
        guard descriptor >= 0 else { throw .last(while: "open \(path)") }
    }

    deinit {
        close(descriptor)
    }

    /// Takes the lock if it is free at once.
    package func tryLock() throws(SystemError) -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        guard errno == EWOULDBLOCK else { throw .last(while: "lock \(path)") }
        return false
    }

    /// Takes the lock, waiting at most `limit`; answers whether it is held now.
    ///
    /// Costs one system call while nobody else wants the lock. A wait that ran out has lost its
    /// place in the queue.
    package func lock(within limit: Duration) throws(SystemError) -> Bool {
        if try tryLock() { return true }
        let (seconds, attoseconds) = limit.components
        let milliseconds = seconds * 1_000 + attoseconds / 1_000_000_000_000_000
        let most = Int32(clamping: max(1, milliseconds))
        if clinux_lock_within(descriptor, LOCK_EX, most) == 0 { return true }
        guard errno == ETIMEDOUT else { throw .last(while: "lock \(path)") }
        return false
    }

    package func unlock() {
        _ = flock(descriptor, LOCK_UN)
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
        guard unsafe fstat(descriptor, &status) == 0,
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
