// A command's three standard streams, and the terminal behind them.

internal import CLinux
internal import Glibc

/// The standard streams of this process.
package enum Terminal {
    package enum Stream: Int32, Sendable {
        case input = 0
        case output = 1
        case errors = 2
    }

    package static func isTerminal(_ stream: Stream) -> Bool {
        isatty(stream.rawValue) == 1
    }

    /// Columns of the terminal behind standard output, or `nil` if it is none.
    package static var width: Int? {
        var size = winsize()
        let code = unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size)
        return code == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }

    /// Writes all of `bytes`; a reader that went away ends the process quietly, as in `… | head`.
    package static func write(_ bytes: [UInt8], to stream: Stream) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe Glibc.write(stream.rawValue, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                if errno == EPIPE { Glibc.exit(128 + SIGPIPE) }
                return
            }
            written += count
        }
    }

    /// At most `limit` bytes of standard input, as soon as there are any; empty at its end.
    package static func read(limit: Int) throws(SystemError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: limit)
        while true {
            let count = unsafe Glibc.read(STDIN_FILENO, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last(while: "read standard input") }
            return Array(buffer[..<count])
        }
    }

    /// Makes an interrupt from the keyboard end the process with 130, as shells report it.
    package static func exitOnInterrupt() {
        _ = signal(SIGINT) { _ in _exit(130) }
    }

    /// Ends the process.
    package static func exit(_ code: Int32) -> Never {
        Glibc.exit(code)
    }

    /// The environment variables of this process; of a doubled name the first counts.
    package static var environment: [String: String] {
        var found: [String: String] = [:]
        var next = unsafe environ
        while let entry = unsafe next.pointee {
            let text = unsafe String(cString: entry)
            if let equals = text.firstIndex(of: "="), found[String(text[..<equals])] == nil {
                found[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe next += 1
        }
        return found
    }

    /// Runs `line` by `/bin/sh` on this terminal and waits for its end.
    ///
    /// `arguments` are its `$1` and so on. Answers the exit code, or 128 and the signal's number.
    package static func run(
        _ line: String,
        arguments: [String]
    ) throws(SystemError) -> Int32 {
        var words: [UnsafeMutablePointer<CChar>?] = unsafe (["sh", "-c", line, "sh"] + arguments)
            .map { unsafe strdup($0) }
        unsafe words.append(nil)
        defer { unsafe words.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, "/bin/sh", nil, nil, words, environ)
        guard code == 0 else { throw SystemError(code: code, while: "start \(line)") }
        var status: Int32 = 0
        while unsafe waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw .last(while: "wait for \(line)") }
        }
        return clinux_has_exited(status) != 0
            ? clinux_exit_code(status) : 128 + clinux_signal(status)
    }
}
