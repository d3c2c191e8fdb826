// The session's core at work: what `SessionKeeper` does.

internal import LockLease
internal import PeerNode
internal import Scheduler
internal import Vocabulary

extension SimulatedNode {
    func handle(_ event: SessionMachine.Event) {
        for action in sessions.handle(event, at: monotonic) {
            switch action {
            case .open, .resume: openSession()
            case .renew(let session): renew(session)
            case .observe:
                ask(.sessions) { [unowned self] reply in
                    if case .views(let views) = reply { handle(.observed(views)) }
                }
            case .expire(let session, let beat): expire(session, beat)
            case .takeOver(let dead): takeOver(dead)
            case .trust(let session, let until): trust(session, until)
            case .wake(let instant):
                world.after(delay(until: instant), on: self, "session") { [unowned self] in
                    handle(SessionMachine.Event.deadlineReached)
                }
            }
        }
    }

    private func openSession() {
        let (sentAt, sent) = (monotonic, clock.boot(at: world.now))
        let identity = NodeIdentity(
            name: name,
            bootID: "boot \(index) \(boot)",
            processID: Int32(truncatingIfNeeded: life),
            address: "10.0.0.\(index):7900"
        )
        let term = Duration.milliseconds(world.setup.term)
        ask(.open(identity, term: term)) { [unowned self] reply in
            guard case .session(let session) = reply else {
                return handle(SessionMachine.Event.openRefused)
            }
            provenUntil = sent + world.setup.term * 6 / 10
            handle(.opened(session, sentAt: trustBase(sentAt)))
        }
    }

    private func trustBase(_ sentAt: MonotonicInstant) -> MonotonicInstant {
        world.mutant == .trustFromAnswer ? monotonic : sentAt
    }

    private func renew(_ session: SessionID) {
        let (sentAt, sent) = (monotonic, clock.boot(at: world.now))
        ask(.renew(session)) { [unowned self] reply in
            switch reply {
            case .renewal(let renewal):
                if self.session == session {
                    provenUntil = max(provenUntil, sent + world.setup.term * 6 / 10)
                }
                handle(.renewed(session, sentAt: trustBase(sentAt)))
                for order in renewal.kills { kill(order) }
            case .failed(let error):
                handle(.renewFailed(session, isLost: error == .sessionLost))
            case _: break
            }
        }
        reach(.afterSendBeforeAnswer)
    }

    private func expire(_ dead: SessionID, _ beat: Beat) {
        reach(.betweenObserveAndExpire)
        world.after(0, on: self, "expire") { [unowned self] in
            ask(.expire(dead, beat)) { [unowned self] reply in
                if case .expired(true) = reply { takeOver(dead) }
            }
        }
    }

    private func takeOver(_ dead: SessionID) {
        guard let session else { return }
        ask(.takeOver(dead, by: session)) { [unowned self] reply in
            if case .lost(let lost) = reply, lost.count >= 100 { takeOver(dead) }
        }
    }

    private func trust(_ session: SessionID?, _ until: MonotonicInstant?) {
        if session == nil {
            world.say("\(name) has lost its session")
            provenUntil = 0
            for run in runs.keys.sorted() { handle(.sessionLost(grace: nil), for: run) }
        }
        self.session = session
        trustedUntil = until
        handle(.trusted(until: until))
    }
}
