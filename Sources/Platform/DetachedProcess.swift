// A process that outlives the one that started it.

internal import CLinux
internal import Glibc

/// This very program, started once more with other arguments, in a session of its own.
///
/// It keeps the environment, the standard output and the standard error of this process, and no
/// other descriptor.
package final class DetachedProcess: Sendable {
    package let processID: Int32
    private let pidfd: Int32
    private let loop: EventLoop

    /// Starts it; call it on the loop's thread.
    ///
    /// - Parameters:
    ///   - arguments: The first is the name it goes by.
    ///   - loop: The loop that watches it.
    ///   - ended: Called on the loop, once, if it ends while this process lives.
    /// - Throws: ``SystemError`` if it could not be started.
    package init(
        arguments: [String],
        on loop: EventLoop,
        ended: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        processID = try Self.spawn(arguments)
        self.loop = loop
        pidfd = clinux_pidfd_open(processID, 0)
        guard pidfd >= 0 else {
            let error = SystemError.last(while: "watch process \(processID)")
            kill(processID, SIGKILL)
            var status: Int32 = 0
            _ = unsafe waitpid(processID, &status, 0)
            throw error
        }
        loop.watch(pidfd) { [self] in
            loop.unwatch(pidfd)
            var status: Int32 = 0
            while unsafe waitpid(processID, &status, 0) < 0, errno == EINTR {}
            ended()
        }
    }

    deinit {
        close(pidfd)
    }

    private static func spawn(_ arguments: [String]) throws(SystemError) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe clinux_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(clinux_spawn_flags()))
        let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        var processID: Int32 = 0
        // Also when the file of this program has been replaced by a newer one meanwhile.
        let program = "/proc/self/exe"
        let code = unsafe posix_spawn(&processID, program, &actions, &attributes, words, environ)
        guard code == 0 else { throw SystemError(code: code, while: "start \(program) again") }
        return processID
    }
}
