// Stream sockets between processes of one user on one host.

internal import CLinux
internal import Glibc

extension Socket {
    /// A socket that takes connections at `name` in `folder`, in place of one that is there.
    ///
    /// Only the same user, or root, can connect. The folder's path may be of any length.
    ///
    /// - SeeAlso: unix(7).
    package static func listener(
        in folder: String,
        called name: String
    ) throws(SystemError) -> Socket {
        let descriptor = unsafe clinux_local_listener(folder, name)
        guard descriptor >= 0 else { throw .last(while: "listen at \(folder)/\(name)") }
        return Socket(descriptor)
    }

    /// Connects to ``listener(in:called:)``, at once or not at all.
    package static func connected(
        to name: String,
        in folder: String
    ) throws(SystemError) -> Socket {
        let descriptor = unsafe clinux_local_connection(folder, name)
        guard descriptor >= 0 else { throw .last(while: "connect to \(folder)/\(name)") }
        return Socket(descriptor)
    }

    /// Whether the other end of a local socket is this user or root.
    package var isOwnUser: Bool {
        let user = clinux_local_user(descriptor)
        return user == 0 || user == Int(geteuid())
    }
}
