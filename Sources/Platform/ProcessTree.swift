// The processes of one run, wherever they have gone.

internal import CLinux
internal import Glibc

/// A leader with its session and all that came out of it.
///
/// A member is in the leader's session, or a child of a member, or carries the run's mark and has
/// lost its parent, or was a member before. The first two are what programs do that mean no harm;
/// the others find a daemon that forked twice. Only a cgroup finds one that has also set its limits
/// anew and its environment, and lost its parent, before anybody looked.
package struct ProcessTree: Equatable, Sendable {
    /// The process id of the session's leader, whether or not that still lives.
    package let session: Int32
    package let mark: ProcessMark?
    /// Members of earlier looks that had not ended.
    private var known: [Int32: UInt64] = [:]
    /// Whether the leader, living or unreaped, keeps its number from becoming somebody else's.
    private var isSessionOurs = true

    package init(session: Int32, mark: ProcessMark? = nil) {
        precondition(session > 1, "session \(session) is not one that we started")
        self.session = session
        self.mark = mark
    }

    /// Everything in `look` that belongs to this run, what has ended but is not reaped included,
    /// and remembers it for the looks to come.
    ///
    /// - Complexity: O(members), once `look` has been taken.
    package mutating func everyone(in look: ProcessLook) -> [ProcessEntry] {
        let all = look.withOffspring(
            of: (isSessionOurs ? look.session(session) : [])
                + (mark.map(look.strays(marked:)) ?? [])
                + known.compactMap { look.entry($0.key, startTime: $0.value) }
        )
        // Who is not seen by a look that sees little is not forgotten.
        guard look.isWhole || known.isEmpty else { return all }
        known = [:]
        for entry in all where !entry.isZombie { known[entry.processID] = entry.startTime }
        return all
    }

    /// Those of ``everyone(in:)`` that have not ended.
    package mutating func members(in look: ProcessLook) -> [ProcessEntry] {
        everyone(in: look).filter { !$0.isZombie }
    }

    /// The leader has been reaped; by now its number may be anybody's.
    mutating func loseSession() {
        isSessionOurs = false
    }

    /// Signals the leader's process group.
    ///
    /// Only while the leader is known to be unreaped: otherwise the number may be somebody else's.
    func signalGroup(_ signal: EndSignal) {
        guard isSessionOurs else { return }
        for number in signal.numbers { kill(-session, number) }
    }

    /// Signals `members`, each only if it is still the same process.
    package static func signal(_ signal: EndSignal, _ members: [ProcessEntry]) {
        for member in members {
            // The descriptor pins the process; only then is it compared with what was seen.
            let pidfd = clinux_pidfd_open(member.processID, 0)
            guard pidfd >= 0 else { continue }
            defer { close(pidfd) }
            guard let now = ProcessTable.entry(of: member.processID),
                now.startTime == member.startTime
            else { continue }
            for number in signal.numbers { _ = clinux_pidfd_signal(pidfd, number) }
        }
    }
}

extension EndSignal {
    fileprivate var numbers: [Int32] {
        switch self {
        case .terminate: [SIGTERM, SIGCONT]
        case .kill: [SIGKILL]
        }
    }
}
