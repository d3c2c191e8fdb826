// The users of this host, as its name service knows them.

internal import Glibc

/// A user with everything that becoming one takes.
package struct HostUser: Equatable, Sendable {
    package let name: String
    package let userID: UInt32
    package let groupID: UInt32
    /// All groups, ``groupID`` among them.
    package let groups: [UInt32]
    package let home: String
    package let shell: String

    package init(
        name: String,
        userID: UInt32,
        groupID: UInt32,
        groups: [UInt32],
        home: String,
        shell: String
    ) {
        self.name = name
        self.userID = userID
        self.groupID = groupID
        self.groups = groups
        self.home = home
        self.shell = shell
    }
}

extension HostUser {
    /// The user id of this process.
    package static var ownID: UInt32 { geteuid() }

    /// The user of this process; one that has no name is called by its number.
    package static var own: Self {
        let id = ownID
        let found = try? unsafe lookUp("user \(id)") { unsafe getpwuid_r(id, $0, $1, $2, $3) }
        if let user = found.flatMap({ $0 }) { return user }
        let group = getegid()
        return Self(
            name: "\(id)",
            userID: id,
            groupID: group,
            groups: [group],
            home: "/",
            shell: "/bin/sh"
        )
    }

    /// The user called `name`, or `nil` if there is none.
    ///
    /// May take as long as the host's name service does, which may ask others.
    ///
    /// - Throws: ``SystemError`` if the name service did not answer.
    package static func named(_ name: String) throws(SystemError) -> Self? {
        guard !name.utf8.contains(0) else { return nil }
        return try unsafe lookUp("user \(name)") { unsafe getpwnam_r(name, $0, $1, $2, $3) }
    }

    private typealias Answer = UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>

    private static func lookUp(
        _ what: String,
        _ ask: (UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int, Answer) -> Int32
    ) throws(SystemError) -> Self? {
        var size = 1_024
        while size <= 1 << 20 {
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>? = nil
            // What is found points into it.
            let texts = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { unsafe texts.deallocate() }
            let code = unsafe ask(&entry, texts, size, &found)
            if code == ERANGE {
                size *= 4
                continue
            }
            if code == EINTR { continue }
            // Some answer one of these for a name that nobody has; getpwnam_r(3).
            let absent: Set = [0, ENOENT, ESRCH, EBADF, EPERM]
            guard absent.contains(code) else {
                throw SystemError(code: code, while: "look up \(what)")
            }
            return unsafe found == nil ? nil : unsafe Self(entry)
        }
        throw SystemError(code: ERANGE, while: "look up \(what)")
    }

    private init(_ entry: passwd) {
        func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
            unsafe pointer.map { unsafe String(cString: $0) } ?? ""
        }
        let name = unsafe text(entry.pw_name)
        var count: Int32 = 32
        var groups = [gid_t](repeating: 0, count: Int(count))
        while unsafe getgrouplist(name, entry.pw_gid, &groups, &count) < 0, count <= 65_536 {
            groups = [gid_t](repeating: 0, count: max(groups.count * 2, Int(count)))
            count = Int32(groups.count)
        }
        unsafe self.init(
            name: name,
            userID: entry.pw_uid,
            groupID: entry.pw_gid,
            groups: Array(groups.prefix(max(1, Int(count)))),
            home: text(entry.pw_dir),
            shell: text(entry.pw_shell)
        )
    }
}
