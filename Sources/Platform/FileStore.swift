// Small whole files: read, replaced without a half-written state, and locked.

internal import CLinux
internal import Glibc

/// Reads and replaces small files.
package enum FileStore {
    /// The bytes of the file at `path`, refused beyond `limit`.
    package static func read(
        _ path: String,
        limit: Int = 16 << 20
    ) throws(SystemError) -> [UInt8] {
        let descriptor = unsafe clinux_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { throw .last(while: "open \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last(while: "read \(path)") }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw SystemError(code: EFBIG, while: "read \(path)")
            }
            bytes += buffer[..<count]
        }
    }

    /// Replaces `path` with `bytes`: written beside it, synced, then renamed over it.
    package static func replace(
        _ path: String,
        with bytes: [UInt8],
        mode: UInt32 = 0o644
    ) throws(SystemError) {
        try exchange(path, with: bytes, mode: mode) { descriptor, draft throws(SystemError) in
            guard fsync(descriptor) == 0 else { throw .last(while: "sync \(draft)") }
        }
    }

    /// Like ``replace(_:with:mode:)`` without waiting for the disk.
    ///
    /// The old or the new state survives a crash of the process; a power cut may leave neither.
    package static func rewrite(
        _ path: String,
        with bytes: [UInt8],
        mode: UInt32 = 0o644
    ) throws(SystemError) {
        try exchange(path, with: bytes, mode: mode) { _, _ throws(SystemError) in }
    }

    private static func exchange(
        _ path: String,
        with bytes: [UInt8],
        mode: UInt32,
        _ finish: (Int32, String) throws(SystemError) -> Void
    ) throws(SystemError) {
        let draft = "\(path).\(getpid()).new"
        let descriptor = unsafe clinux_open(draft, O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard descriptor >= 0 else { throw .last(while: "create \(draft)") }
        do throws(SystemError) {
            defer { close(descriptor) }
            try writeAll(bytes, to: descriptor, path: draft)
            try finish(descriptor, draft)
        } catch {
            unsafe unlink(draft)
            throw error
        }
        guard unsafe rename(draft, path) == 0 else { throw .last(while: "rename \(draft)") }
    }

    private static func writeAll(
        _ bytes: [UInt8],
        to descriptor: Int32,
        path: String
    ) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes[written...].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last(while: "write \(path)") }
            written += count
        }
    }

    /// Makes the folder at `path`, and those above it.
    package static func makeFolder(
        _ path: String,
        mode: UInt32 = 0o755
    ) throws(SystemError) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            prefix += "/\(part)"
            guard unsafe mkdir(prefix, mode) == 0 || errno == EEXIST else {
                throw .last(while: "make folder \(prefix)")
            }
        }
    }

    /// Waits until the file, or what a folder says of its files, is on the disk.
    package static func sync(_ path: String) throws(SystemError) {
        let descriptor = unsafe clinux_open(path, O_RDONLY, 0)
        guard descriptor >= 0 else { throw .last(while: "open \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last(while: "sync \(path)") }
    }

    /// Puts the synced file at `path` where `target` is, and waits until the disk knows.
    package static func move(_ path: String, over target: String) throws(SystemError) {
        guard unsafe rename(path, target) == 0 else { throw .last(while: "rename \(path)") }
        let folder = target.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        try sync(folder.isEmpty ? "." : folder.joined(separator: "/") + "/")
    }

    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }
}
