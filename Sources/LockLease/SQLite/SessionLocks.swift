// One locked file per session: the kernel lets go of it when the process is gone.

internal import Platform
internal import Vocabulary

/// The locks by which processes on one host prove that they are still there.
///
/// Each session's process holds `<store>.sessions/<id>.lock` for as long as the session lives.
/// Whoever can lock that file knows, within milliseconds and without any clock, that the process
/// is gone. A stopped process (SIGSTOP) still holds it: for that there is the session's term.
///
/// `<id>.hold` is locked by whoever looks after the session's runs when that process is gone: while
/// it is, the session is no more certainly dead than on any other store.
struct SessionLocks: ~Copyable {
    private let folder: String
    private var held: [SessionID: FileLock] = [:]

    /// The locks of the store at `path`.
    init(path: String) {
        folder = path + ".sessions"
    }

    /// Takes the lock of a session that nobody else knows of yet.
    mutating func take(_ session: SessionID) throws(StoreError) {
        do throws(SystemError) {
            try FileStore.makeFolder(folder)
            let lock = try FileLock(path: file(of: session))
            guard try lock.tryLock() else {
                throw SystemError(code: 11, while: "lock \(file(of: session))")
            }
            held[session] = lock
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// Takes the lock of a session that a process before this one had; answers whether it is ours.
    mutating func retake(_ session: SessionID) -> Bool {
        if held[session] != nil { return true }
        guard let lock = try? FileLock(path: file(of: session)), (try? lock.tryLock()) == true
        else { return false }
        held[session] = lock
        return true
    }

    /// Gives up a session's lock, if it is ours, and its files.
    mutating func drop(_ session: SessionID) {
        guard held.removeValue(forKey: session) != nil else { return }
        remove(session)
    }

    /// Lets go of everything as the end of the process would.
    mutating func dropAll() {
        held = [:]
    }

    /// Whether the process behind a live session is certainly gone.
    ///
    /// One's own lock is not asked for, and a missing file proves nothing.
    func isGone(_ session: SessionID) -> Bool {
        guard held[session] == nil,
            (try? FileLock.isHeld(path: file(of: session))) == false
        else { return false }
        return (try? FileLock.isHeld(path: holdFile(of: session))) != true
    }

    /// Removes the file of a session that has ended, whoever made it.
    func clear(_ session: SessionID) {
        guard held[session] == nil else { return }
        remove(session)
    }

    func holdFile(of session: SessionID) -> String {
        "\(folder)/\(session.rawValue).hold"
    }

    private func remove(_ session: SessionID) {
        FileSystemKind.remove(file(of: session))
        FileSystemKind.remove(holdFile(of: session))
    }

    private func file(of session: SessionID) -> String {
        "\(folder)/\(session.rawValue).lock"
    }
}
