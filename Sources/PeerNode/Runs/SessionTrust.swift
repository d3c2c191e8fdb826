// What a runner must know of a session: whose runs may go on, and for how long.

internal import LockLease
package import Vocabulary

/// How far runs may rely on the session that claimed them.
package struct SessionTrust: Equatable, Sendable {
    package let session: SessionID
    /// Runs start and go on until then.
    package let until: MonotonicInstant
    /// How long they have between TERM and KILL afterwards: others may start them again soon.
    package let grace: Duration

    package init(session: SessionID, until: MonotonicInstant, grace: Duration) {
        self.session = session
        self.until = until
        self.grace = grace
    }

    /// The trust in a session of `term`, as a renewal has granted it.
    ///
    /// It ends after 0.6 of the term, and nobody takes over before 1.2: half a term is certain,
    /// with some to spare for KILL.
    init(session: SessionID, until: MonotonicInstant, term: Duration) {
        self.init(session: session, until: until, grace: term / 2)
    }
}
