// Getting a damaged file out of the way without losing it.

internal import Glibc

extension FileStore {
    /// Renames `path` to `path` + `suffix`, replacing what has that name.
    ///
    /// - Returns: Whether there was such a file.
    @discardableResult
    package static func setAside(
        _ path: String,
        suffix: String
    ) throws(SystemError) -> Bool {
        guard unsafe rename(path, path + suffix) != 0 else { return true }
        guard errno == ENOENT else { throw .last(while: "rename \(path) to \(path)\(suffix)") }
        return false
    }
}
