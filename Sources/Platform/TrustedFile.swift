// A file with who could have written it.

internal import CLinux
internal import Glibc

/// What a file said, and whose it was at that moment.
package struct TrustedFile: Equatable, Sendable {
    package let bytes: [UInt8]
    /// A user id.
    package let owner: UInt32
    /// Permission bits, as in `0o644`.
    package let mode: UInt32

    /// Reads the regular file at `path`; `nil` if there is none.
    ///
    /// Owner, mode and bytes are those of one file, whatever is put in its place meanwhile.
    ///
    /// - Throws: ``SystemError`` if it cannot be read or is longer than `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(SystemError) -> Self? {
        // A pipe in its place must not hold us up.
        let descriptor = unsafe clinux_open(path, O_RDONLY | O_NONBLOCK, 0)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .last(while: "open \(path)")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard unsafe fstat(descriptor, &facts) == 0 else { throw .last(while: "look at \(path)") }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw SystemError(code: EINVAL, while: "read \(path), which is no regular file")
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count <= limit {
            let more = unsafe bytes[count...].withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            if more < 0, errno == EINTR { continue }
            guard more >= 0 else { throw .last(while: "read \(path)") }
            if more == 0 { break }
            count += more
        }
        guard count <= limit else { throw SystemError(code: EFBIG, while: "read \(path)") }
        return Self(
            bytes: Array(bytes[..<count]),
            owner: facts.st_uid,
            mode: UInt32(facts.st_mode & 0o7777)
        )
    }
}
