// A node's proof of life: when to renew, how long to trust it, and who else is dead.

package import LockLease
package import Vocabulary

/// Decides about this node's session, and about the sessions of the others.
///
/// ```text
///           opened              refused
///   none ───────────▶ live ───────────────▶ none
///    ▲                 │ renewed: trust until sent + 0.6 term
///    └──── lost ───────┘
/// ```
///
/// A node that starts again with runs under way first tries to go on with its session: as long as
/// the store does not answer, it opens no other, which would end those runs.
///
/// While it cannot open one, it looks at the sessions all the same: after all nodes have died at
/// once, each finds its own name taken, and nobody else is there to see that the owner is dead.
///
/// Another session is dead once its beat has stood still for 1.2 of its term on this machine's own
/// monotonic clock, or at once if the store knows that its process is gone. No wall clock decides.
/// Only time in which this node could look counts: a store that was away was so for all.
package struct SessionMachine: Equatable, Sendable {
    package enum Event: Equatable, Sendable {
        case start
        /// Begins with the session of this node's former life, if that still lives.
        case resume(SessionID)
        /// Answers to ``Action/resume(_:)``.
        case resumed(SessionID, sentAt: MonotonicInstant)
        case resumeFailed(SessionID, isLost: Bool)
        /// Answers to ``Action/open``; the request was sent at `sentAt`.
        case opened(SessionID, sentAt: MonotonicInstant)
        case openRefused
        /// Answers to ``Action/renew(_:)``.
        case renewed(SessionID, sentAt: MonotonicInstant)
        case renewFailed(SessionID, isLost: Bool)
        case observed([SessionView])
        /// Kills moved, or something else that a renewal answers.
        case hurry
        case deadlineReached
    }

    package enum Action: Equatable, Sendable {
        case open
        case resume(SessionID)
        case renew(SessionID)
        case observe
        /// How long the session may be relied on; `nil`: not at all.
        case trust(SessionID?, until: MonotonicInstant?)
        case expire(SessionID, observed: Beat)
        case takeOver(SessionID)
        case wake(at: MonotonicInstant)
    }

    private enum Phase: Equatable {
        case idle
        /// `until`: not asked again before then; `nil`: the answer is awaited.
        case resuming(SessionID, until: MonotonicInstant?)
        case opening
        case waiting(until: MonotonicInstant)
        case live(SessionID)
    }

    /// One session of another node, as last seen to move.
    private struct Observation: Equatable {
        var beat: Beat
        var since: MonotonicInstant
    }

    private let settings: SessionSettings
    private var phase = Phase.idle
    private var nextRenewal: MonotonicInstant?
    private var nextObservation: MonotonicInstant?
    private var observations: [SessionID: Observation] = [:]
    private var observedAt: MonotonicInstant?
    private var renewalsUnderWay = 0
    private var wakeAt: MonotonicInstant?

    package init(settings: SessionSettings) {
        self.settings = settings
    }

    package mutating func handle(_ event: Event, at now: MonotonicInstant) -> [Action] {
        switch (phase, event) {
        case (.idle, .start):
            phase = .opening
            return [.open]

        case (.idle, .resume(let session)):
            phase = .resuming(session, until: nil)
            return [.resume(session)]

        case (.resuming(let ours, nil), .resumed(let session, let sentAt)):
            return ours == session ? live(session, sentAt: sentAt, at: now) : []

        case (.resuming(let ours, nil), .resumeFailed(let session, let isLost)):
            return ours == session ? resumeFailed(session, isLost: isLost, at: now) : []

        case (.opening, .opened(let session, let sentAt)):
            return live(session, sentAt: sentAt, at: now)

        case (.opening, .openRefused):
            return openRefused(at: now)

        case (.live(let ours), .renewed(let session, let sentAt)):
            renewalsUnderWay = max(0, renewalsUnderWay - 1)
            guard ours == session else { return [] }
            return [trust(session, sentAt: sentAt)]

        case (.live(let ours), .renewFailed(let session, let isLost)):
            renewalsUnderWay = max(0, renewalsUnderWay - 1)
            guard ours == session else { return [] }
            return isLost ? lose() : []

        case (.live(let ours), .observed(let views)):
            return judge(views, ours: ours, at: now)

        case (.opening, .observed(let views)), (.waiting, .observed(let views)):
            return judge(views, ours: nil, at: now)

        case (.live, .hurry):
            nextRenewal = now
            return proceed(at: now)

        case (_, .deadlineReached):
            return proceed(at: now)

        case (.idle, .resumed), (.idle, .resumeFailed),
            (.resuming, _),
            (.opening, .resume), (.opening, .resumed), (.opening, .resumeFailed),
            (.waiting, .resume), (.waiting, .resumed), (.waiting, .resumeFailed),
            (.live, .resume), (.live, .resumed), (.live, .resumeFailed),
            (.idle, .opened), (.idle, .openRefused), (.idle, .renewed), (.idle, .renewFailed),
            (.idle, .observed), (.idle, .hurry),
            (.opening, .start), (.opening, .renewed), (.opening, .renewFailed), (.opening, .hurry),
            (.waiting, .start), (.waiting, .opened), (.waiting, .openRefused),
            (.waiting, .renewed), (.waiting, .renewFailed), (.waiting, .hurry),
            (.live, .start), (.live, .opened), (.live, .openRefused):
            return []
        }
    }

    private mutating func resumeFailed(
        _ session: SessionID,
        isLost: Bool,
        at now: MonotonicInstant
    ) -> [Action] {
        if isLost { return lose() }
        let retry = now.advanced(by: settings.reopenInterval)
        phase = .resuming(session, until: retry)
        return wake(at: retry, now)
    }

    private mutating func openRefused(at now: MonotonicInstant) -> [Action] {
        let retry = now.advanced(by: settings.reopenInterval)
        phase = .waiting(until: retry)
        // The namesake in the way may be this node's own former life, with nobody else left to see
        // that it is dead.
        return [.observe] + wake(at: retry, now)
    }

    private mutating func live(
        _ session: SessionID,
        sentAt: MonotonicInstant,
        at now: MonotonicInstant
    ) -> [Action] {
        phase = .live(session)
        nextRenewal = now.advanced(by: settings.renewalInterval)
        nextObservation = now
        return [trust(session, sentAt: sentAt)] + proceed(at: now)
    }

    /// Trust runs from before the request left, not from when its answer came.
    private func trust(_ session: SessionID, sentAt: MonotonicInstant) -> Action {
        .trust(session, until: sentAt.advanced(by: settings.term * 0.6))
    }

    /// A session found dead is never renewed again; a new one follows at once.
    private mutating func lose() -> [Action] {
        phase = .opening
        renewalsUnderWay = 0
        observations = [:]
        observedAt = nil
        return [.trust(nil, until: nil), .open]
    }

    /// Does what has become due, and says when to look again.
    private mutating func proceed(at now: MonotonicInstant) -> [Action] {
        switch phase {
        case .idle, .opening, .resuming(_, nil):
            return []
        case .resuming(let session, let until?):
            guard now >= until else { return wake(at: until, now) }
            phase = .resuming(session, until: nil)
            return [.resume(session)]
        case .waiting(let until):
            guard now >= until else { return wake(at: until, now) }
            phase = .opening
            return [.open]
        case .live(let session):
            var actions: [Action] = []
            if let due = nextRenewal, due <= now {
                nextRenewal = now.advanced(by: settings.renewalInterval)
                // A store that does not answer is not asked a third time before it does.
                if renewalsUnderWay < 2 {
                    renewalsUnderWay += 1
                    actions.append(.renew(session))
                }
            }
            if let due = nextObservation, due <= now {
                nextObservation = now.advanced(by: settings.observationInterval)
                actions.append(.observe)
            }
            if let next = [nextRenewal, nextObservation].compactMap(\.self).min() {
                actions += wake(at: next, now)
            }
            return actions
        }
    }

    /// Asks to be woken, unless a wake-up that was asked for before comes early enough: each asks
    /// for the next one, so every one too many would go on for ever.
    private mutating func wake(at instant: MonotonicInstant, _ now: MonotonicInstant) -> [Action] {
        if let wakeAt, wakeAt > now, wakeAt <= instant { return [] }
        wakeAt = instant
        return [.wake(at: instant)]
    }

    /// Notes which sessions moved, and ends those that have stood still for too long.
    ///
    /// Without a session of our own nothing can be taken over.
    private mutating func judge(
        _ views: [SessionView],
        ours: SessionID?,
        at now: MonotonicInstant
    ) -> [Action] {
        var actions: [Action] = []
        let gap = observedAt.map { $0.duration(to: now) } ?? .zero
        observedAt = now
        for view in views where view.id != ours {
            guard view.isLive else {
                if view.openRuns > 0, ours != nil { actions.append(.takeOver(view.id)) }
                continue
            }
            // While nobody can look at the store, its owner cannot renew it either.
            let isWatched = gap <= settings.observationInterval * 2 + view.term / 2
            guard isWatched, let seen = observations[view.id], seen.beat == view.beat else {
                observations[view.id] = Observation(beat: view.beat, since: now)
                if view.isGone { actions.append(.expire(view.id, observed: view.beat)) }
                continue
            }
            if view.isGone || seen.since.duration(to: now) > view.term * 1.2 {
                actions.append(.expire(view.id, observed: view.beat))
            }
        }
        let present = Set(views.filter(\.isLive).map(\.id))
        observations = observations.filter { present.contains($0.key) }
        return actions
    }
}

/// How often a node proves that it lives.
package struct SessionSettings: Equatable, Sendable {
    /// How long a session may go without a renewal; others act after 1.2 of it; default 10 s.
    package var term = Duration.seconds(10)
    /// How often the others are looked at; a read, not a write; default 1 s.
    package var observationInterval = Duration.seconds(1)
    /// How long to wait after a refusal to open; default 1 s.
    package var reopenInterval = Duration.seconds(1)

    /// A quarter of the term: three renewals may be lost before trust ends.
    package var renewalInterval: Duration { term / 4 }

    package init() {}
}
