// One file of lines that only grows: notes to one's next life, at a system call each.

internal import CLinux
internal import Glibc

/// Lines that survive a crash of the process, but need not survive a power cut; one writes them.
///
/// Nothing is synced to the disk. A crash or a full disk in the middle of a write may leave part of
/// a line; every line begins on one of its own, whatever became of the one before.
package final class NoteLog {
    package let path: String
    /// The file's bytes.
    package private(set) var size: Int
    private var descriptor: Int32

    /// Opens the file, or makes it, in a folder that is there.
    ///
    /// - Throws: ``SystemError`` naming the file.
    package init(path: String) throws(SystemError) {
        self.path = path
        descriptor = unsafe clinux_open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw .last(while: "open \(path)") }
        size = max(0, lseek(descriptor, 0, SEEK_END))
    }

    deinit {
        close(descriptor)
    }

    /// Adds `line`, which must have no newline in it.
    ///
    /// - Throws: ``SystemError`` naming the file; part of the line may be there then.
    package func append(_ line: String) throws(SystemError) {
        try put("\n\(line)\n", to: descriptor)
    }

    /// What is there, line by line; nothing if it cannot be read.
    package var lines: [Substring] {
        let bytes = (try? FileStore.read(path, limit: 1 << 30)) ?? []
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    }

    /// Drops every line but those that `isNeeded` is true of.
    ///
    /// - Complexity: O(``size``): it is written anew, and takes the old one's place as a whole.
    /// - Throws: ``SystemError`` naming the file; all is as before then.
    package func shrink(to isNeeded: (Substring) -> Bool) throws(SystemError) {
        let text = lines.filter(isNeeded).joined(separator: "\n")
        let draft = path + ".new"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND
        let next = unsafe clinux_open(draft, flags, 0o600)
        guard next >= 0 else { throw .last(while: "create \(draft)") }
        let sizeBefore = size
        do throws(SystemError) {
            size = 0
            if !text.isEmpty { try put(text + "\n", to: next) }
            guard unsafe rename(draft, path) == 0 else { throw .last(while: "rename \(draft)") }
        } catch {
            size = sizeBefore
            close(next)
            unsafe unlink(draft)
            throw error
        }
        close(descriptor)
        descriptor = next
    }

    /// Drops every line.
    package func clear() {
        if ftruncate(descriptor, 0) == 0 { size = 0 }
    }

    private func put(_ text: String, to descriptor: Int32) throws(SystemError) {
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
        size += max(0, count)
        guard count == bytes.count else { throw .last(while: "write \(path)") }
    }
}
