// What kind of file system a file lies on: locks of some of them do not hold.

internal import CLinux
internal import Glibc

/// Tells file systems that several machines can mount from those of one machine.
package enum FileSystemKind {
    /// Magic numbers of `statfs(2)` whose locks or shared memory do not reach every user.
    private static let shared: [UInt32: String] = [
        0x6969: "NFS", 0x517B: "SMB", 0xFF53_4D42: "SMB", 0xFE53_4D42: "SMB",
        0x0102_1997: "9p", 0x6573_5546: "FUSE or virtiofs", 0x00C3_6400: "Ceph",
        0x5346_414F: "AFS", 0x0116_1970: "GFS2", 0x7461_636F: "OCFS2", 0x0BD0_0BD0: "Lustre",
        0x786F_4256: "a VirtualBox share", 0x4750_4653: "GPFS",
    ]

    /// The name of the shared file system that `path` lies on; `nil` if it is a local one.
    package static func sharedName(of path: String) throws(SystemError) -> String? {
        var status = statfs()
        guard unsafe statfs(path, &status) == 0 else {
            throw .last(while: "ask for the file system of \(path)")
        }
        return shared[UInt32(truncatingIfNeeded: status.f_type)]
    }

    /// The size of the file at `path` in bytes, or `nil` if there is none.
    package static func size(of path: String) -> Int64? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? Int64(status.st_size) : nil
    }

    /// Removes the file at `path`, if there is one.
    package static func remove(_ path: String) {
        unsafe unlink(path)
    }
}
