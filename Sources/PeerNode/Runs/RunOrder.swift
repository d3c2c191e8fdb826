// What a keeper is asked to run, and what it answers.

package import LockLease
package import Vocabulary

/// A granted run with the body that may be run.
package struct RunOrder: Equatable, Sendable {
    package let grant: Grant
    package let name: ObjectKey
    package let spec: JobSpec
    package let node: NodeName
    /// The session that claimed it; its end is reported under it.
    package let session: SessionID

    package init(
        grant: Grant,
        name: ObjectKey,
        spec: JobSpec,
        node: NodeName,
        session: SessionID
    ) {
        self.grant = grant
        self.name = name
        self.spec = spec
        self.node = node
        self.session = session
    }
}

/// What became of a run; exactly one per order.
package struct RunReport: Equatable, Sendable {
    package let run: RunID
    package let key: RunKey
    package let fence: Fence
    /// Never ``RunState/open``.
    package let state: RunState
    package let exit: ExitStatus?
    /// Why it ended as it did, in words; empty for a success.
    package let reason: String

    package init(
        run: RunID,
        key: RunKey,
        fence: Fence,
        state: RunState,
        exit: ExitStatus?,
        reason: String
    ) {
        self.run = run
        self.key = key
        self.fence = fence
        self.state = state
        self.exit = exit
        self.reason = reason
    }

    /// The report of `grant`.
    init(_ grant: Grant, _ state: RunState, _ exit: ExitStatus?, _ reason: String) {
        self.init(
            run: grant.run,
            key: grant.key,
            fence: grant.fence,
            state: state,
            exit: exit,
            reason: reason
        )
    }
}
