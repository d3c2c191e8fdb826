// A failed system call, as a sentence.

internal import Glibc

/// What the kernel refused, and for which file.
package struct SystemError: Error, Equatable, Sendable {
    package let code: Int32
    /// What was being done, with the path or address in it: `open /var/lib/rota/node.db`.
    package let work: String

    package init(code: Int32, while work: String) {
        self.code = code
        self.work = work
    }

    /// The error of the call that just failed on this thread.
    package static func last(while work: String) -> Self {
        Self(code: errno, while: work)
    }
}

extension SystemError: CustomStringConvertible {
    package var description: String {
        unsafe "cannot \(work): \(String(cString: strerror(code))) (errno \(code))"
    }
}
