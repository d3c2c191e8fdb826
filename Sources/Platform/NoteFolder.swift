// Small notes to one's next life, cheap enough to write before and after every run.

internal import CLinux
internal import Glibc

/// A folder of small files that survive a crash of the process, but need not survive a power cut.
///
/// A note is not synced to the disk. A crash in the middle of a write may leave part of a note.
package struct NoteFolder: Sendable {
    package let path: String

    /// Makes the folder, and those above it, if they are not there.
    ///
    /// - Throws: ``SystemError`` naming the folder that could not be made.
    package init(path: String) throws(SystemError) {
        self.path = path
        try FileStore.makeFolder(path, mode: 0o700)
    }

    /// Writes `text` as the note called `name`, in place of one that is there.
    ///
    /// - Throws: ``SystemError`` naming the file.
    package func write(_ text: String, as name: String) throws(SystemError) {
        try put(text, in: file(name), O_CREAT | O_TRUNC)
    }

    /// Adds `text` to the note called `name`, which must be there.
    ///
    /// - Throws: ``SystemError`` naming the file.
    package func append(_ text: String, to name: String) throws(SystemError) {
        try put(text, in: file(name), O_APPEND)
    }

    private func put(_ text: String, in file: String, _ flags: Int32) throws(SystemError) {
        let descriptor = unsafe clinux_open(file, O_WRONLY | flags, 0o600)
        guard descriptor >= 0 else { throw .last(while: "open \(file)") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let count = unsafe Glibc.write(descriptor, bytes, bytes.count)
        guard count == bytes.count else { throw .last(while: "write \(file)") }
    }

    /// Whether there is a note called `name`.
    package func contains(_ name: String) -> Bool {
        FileStore.exists(file(name))
    }

    /// The note called `name`, or `nil` if there is none that can be read.
    package func read(_ name: String) -> String? {
        guard let bytes = try? FileStore.read(file(name), limit: 8 << 20) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    package func remove(_ name: String) {
        unsafe unlink(file(name))
    }

    /// The names of all notes, sorted.
    package var names: [String] {
        ProcessTable.names(in: path).sorted()
    }

    private func file(_ name: String) -> String {
        precondition(!name.contains("/") && name != "..", "a note called \(name)")
        return "\(path)/\(name)"
    }
}
