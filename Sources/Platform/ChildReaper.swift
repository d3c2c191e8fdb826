// Orphans become children of this process, and are not left as zombies.

internal import CLinux
internal import Glibc

/// What a process does that answers for all that its children start.
package enum ChildReaper {
    /// From now on whoever loses its parent below this process becomes its child.
    ///
    /// - Throws: ``SystemError`` if the kernel refuses, which it has no reason to.
    /// - SeeAlso: PR_SET_CHILD_SUBREAPER in prctl(2).
    package static func adoptOrphans() throws(SystemError) {
        guard clinux_become_subreaper() == 0 else {
            throw .last(while: "become the parent of orphans")
        }
    }

    /// Takes from the kernel's table every child that has ended and is none of `leaders`.
    ///
    /// Only for a process that knows all children that it has started: the exit of others is lost.
    ///
    /// - Parameters:
    ///   - look: Taken after the last leader was started.
    ///   - leaders: Process ids whose exits somebody waits for.
    package static func reapStrays(in look: ProcessLook, sparing leaders: Set<Int32>) {
        reap(look.endedStrays(sparing: leaders))
    }

    /// Reaps those of `entries` that are children of this process and have ended.
    static func reap(_ entries: [ProcessEntry]) {
        for entry in entries where entry.isZombie && entry.parent == getpid() {
            var status: Int32 = 0
            _ = unsafe waitpid(entry.processID, &status, WNOHANG)
        }
    }
}
