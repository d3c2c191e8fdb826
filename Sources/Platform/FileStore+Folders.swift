// What is in a folder, who may read a file, and how files go away.

internal import CLinux
internal import Glibc

extension FileStore {
    /// The names in the folder at `path` in order, without `.` and `..`; `nil` if it is no folder.
    package static func names(in path: String) -> [String]? {
        guard let folder = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The permission bits of the file at `path`, as in `0o600`; `nil` if there is none.
    package static func mode(of path: String) -> UInt32? {
        var facts = stat()
        guard unsafe stat(path, &facts) == 0 else { return nil }
        return facts.st_mode & 0o7777
    }

    /// Removes the file at `path`; one that is not there is fine.
    package static func remove(_ path: String) throws(SystemError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw .last(while: "remove \(path)")
        }
    }
}
