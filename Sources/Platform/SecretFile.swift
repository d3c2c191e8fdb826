// Files that hold one secret each, read with suspicion.

internal import CLinux
internal import Glibc

/// Reads a secret's file, if everything about it is as it should be.
package enum SecretFile {
    package static let byteLimit = 65_536

    /// Why a file is not taken for a secret.
    package enum Refusal: Error, Equatable, Sendable {
        case unreadable(SystemError)
        /// Where it really is, once links are followed.
        case elsewhere(String)
        case notAFile
        /// Its mode, as in 0644.
        case openToAll(UInt32)
        case tooLong
        case notText
    }

    /// The text of `path`, without one newline at its end.
    ///
    /// What counts is the file that was opened, not its name: a link that leads out of `folders`,
    /// now or a moment later, leads nowhere. Folders that are not there allow nothing.
    package static func read(_ path: String, below folders: [String]) throws(Refusal) -> String {
        // Opening alone can do something: rewind a tape, mount a folder, feed a watchdog.
        guard folders.contains(where: { isWritten(path, below: $0) }) else {
            throw .elsewhere(path)
        }
        // Without NONBLOCK, opening a pipe would wait for a writer.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            throw .unreadable(.last(while: "open \(path)"))
        }
        defer { close(descriptor) }
        let place = try linkTarget("/proc/self/fd/\(descriptor)")
        let isBelow = folders.contains { folder in
            guard let name = realPath(folder) else { return false }
            return place.hasPrefix(name == "/" ? name : name + "/")
        }
        guard isBelow else { throw .elsewhere(place) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .unreadable(.last(while: "look at \(path)"))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
        guard status.st_mode & 0o006 == 0 else { throw .openToAll(status.st_mode & 0o7777) }
        return try text(of: descriptor, path)
    }

    private static func isWritten(_ path: String, below folder: String) -> Bool {
        let steps = path.split(separator: "/")
        let start = folder.split(separator: "/")
        return path.hasPrefix("/") && steps.count > start.count && steps.starts(with: start)
            && !steps.contains("..")
    }

    private static func text(of descriptor: Int32, _ path: String) throws(Refusal) -> String {
        var bytes = [UInt8](repeating: 0, count: byteLimit + 2)
        var count = 0
        while count < bytes.count {
            let room = bytes.count - count
            let more = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + count }, room)
            }
            if more < 0, errno == EINTR { continue }
            guard more >= 0 else { throw .unreadable(.last(while: "read \(path)")) }
            if more == 0 { break }
            count += more
        }
        var value = bytes[..<count]
        if value.last == 0x0A { value.removeLast() }
        guard value.count <= byteLimit else { throw .tooLong }
        guard let text = String(validating: value, as: UTF8.self), !value.contains(0) else {
            throw .notText
        }
        return text
    }

    private static func realPath(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    private static func linkTarget(_ path: String) throws(Refusal) -> String {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(path, &bytes, bytes.count)
        guard count > 0 else { throw .unreadable(.last(while: "read the link \(path)")) }
        return String(
            decoding: bytes.prefix(count).map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
    }
}
