// The shell around `SessionMachine`: turns its actions into calls to the store.

package import LockLease
package import Platform
package import Vocabulary

/// Keeps this node's session, and ends those of the dead.
package actor SessionKeeper {
    /// What the rest of the node learns from here.
    package enum News: Sendable {
        case trusted(SessionID?, until: MonotonicInstant?)
        case renewal(Renewal)
        /// Runs of a dead node that this one has given their verdict.
        case tookOver([RunRecord])
        /// Another live node has our name.
        case nameInUse(StoreError)
    }

    private enum Work: Sendable {
        case open
        case resume(SessionID)
        case renew(SessionID)
        case observe
        case expire(SessionID, Beat)
        case takeOver(SessionID)
    }

    private let loop: EventLoop
    private let store: any LeaseStore
    private let identity: NodeIdentity
    private let settings: SessionSettings
    private let log: DaemonLog
    private let tell: @Sendable (News) -> Void
    private var machine: SessionMachine
    private var session: SessionID?
    private let work: AsyncStream<Work>
    private let queue: AsyncStream<Work>.Continuation

    package init(
        loop: EventLoop,
        store: any LeaseStore,
        identity: NodeIdentity,
        settings: SessionSettings,
        log: DaemonLog,
        tell: @escaping @Sendable (News) -> Void
    ) {
        self.loop = loop
        self.store = store
        self.identity = identity
        self.settings = settings
        self.log = log
        self.tell = tell
        machine = SessionMachine(settings: settings)
        (work, queue) = AsyncStream.makeStream(of: Work.self)
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Opens the session, or goes on with `former`, and keeps it until the surrounding task is
    /// cancelled.
    package func run(resuming former: SessionID? = nil) async {
        handle(former.map { .resume($0) } ?? .start)
        let stream = work
        await withDiscardingTaskGroup { group in
            for await item in stream {
                group.addTask { await self.perform(item) }
            }
        }
    }

    /// The session that lives, as far as is known here.
    package var current: SessionID? { session }

    /// Renews soon: something that a renewal answers has moved.
    package func hurry() {
        handle(.hurry)
    }

    /// Ends the session in good order; no claim may be under way.
    package func close() async {
        queue.finish()
        guard let session else { return }
        do {
            try await store.closeSession(session)
        } catch {
            log.warning("session.close-failed", ["error": "\(error)"])
        }
    }

    private func handle(_ event: SessionMachine.Event) {
        for action in machine.handle(event, at: SystemClock.monotonic) {
            switch action {
            case .open: queue.yield(.open)
            case .resume(let session): queue.yield(.resume(session))
            case .renew(let session): queue.yield(.renew(session))
            case .observe: queue.yield(.observe)
            case .expire(let session, let beat): queue.yield(.expire(session, beat))
            case .takeOver(let session): queue.yield(.takeOver(session))
            case .trust(let session, let until):
                if session != self.session { logChange(to: session) }
                self.session = session
                tell(.trusted(session, until: until))
            case .wake(let instant):
                loop.call(at: instant) { [weak self] in
                    self?.assumeIsolated { $0.handle(.deadlineReached) }
                }
            }
        }
    }

    private func logChange(to session: SessionID?) {
        if let session {
            log.info("session.opened", ["id": "\(session.rawValue)"])
        } else {
            log.warning("session.lost")
        }
    }

    private func perform(_ work: Work) async {
        let sentAt = SystemClock.monotonic
        do throws(StoreError) {
            switch work {
            case .open:
                let session = try await store.openSession(identity, term: settings.term)
                handle(.opened(session, sentAt: sentAt))
            case .resume(let session):
                try await store.resumeSession(session, of: identity.name)
                log.info("session.resumed", ["id": "\(session.rawValue)"])
                handle(.resumed(session, sentAt: sentAt))
            case .renew(let session):
                let renewal = try await store.renew(session)
                handle(.renewed(session, sentAt: sentAt))
                tell(.renewal(renewal))
            case .observe:
                handle(.observed(try await store.sessions()))
            case .expire(let dead, let beat):
                guard try await store.expire(dead, observed: beat) else { return }
                log.warning("session.expired", ["id": "\(dead.rawValue)"])
                try await takeOver(dead)
            case .takeOver(let dead):
                try await takeOver(dead)
            }
        } catch {
            failed(work, error)
        }
    }

    private func takeOver(_ dead: SessionID) async throws(StoreError) {
        guard let session else { return }
        while true {
            let lost = try await store.takeOver(dead, by: session, limit: 100)
            if !lost.isEmpty { tell(.tookOver(lost)) }
            if lost.count < 100 { return }
        }
    }

    private func failed(_ work: Work, _ error: StoreError) {
        switch work {
        case .open:
            if case .nodeNameInUse = error { tell(.nameInUse(error)) }
            log.warning("session.open-failed", ["error": "\(error)"])
            handle(.openRefused)
        case .resume(let session):
            let isLost = Self.isOver(error)
            log.warning("session.not-resumed", ["error": "\(error)"])
            handle(.resumeFailed(session, isLost: isLost))
        case .renew(let session):
            log.warning("session.renew-failed", ["error": "\(error)"])
            handle(.renewFailed(session, isLost: error == .sessionLost))
        case .observe, .expire, .takeOver:
            log.debug("session.observe-failed", ["error": "\(error)"])
        }
    }

    /// Whether `error` says that a session cannot be resumed, now or later.
    private static func isOver(_ error: StoreError) -> Bool {
        switch error {
        case .sessionLost, .nodeNameInUse: true
        case .unavailable, .unknown, .conflict, .compacted, .noSuchJob, .jobBusy,
            .historyRegressed, .anotherStore, .tooLarge, .full, .corrupt, .incompatible:
            false
        }
    }
}
