// A node's session across its lives: noted, resumed, and cleared of runs that nobody has.

internal import LockLease
internal import Platform
internal import Vocabulary

extension NodeParts {
    /// Keeps the session, going on with that of this node's former life if it still lives.
    func keepSession() async {
        guard let former = await formerSession() else { return await sessions.run() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await sessions.run(resuming: former) }
            group.addTask { await forgottenRuns.close(of: former) }
            await group.waitForAll()
        }
    }

    private var forgottenRuns: ForgottenRuns {
        let (sessions, dispatcher, switchboard) = (sessions, dispatcher, switchboard)
        return ForgottenRuns(
            store: store,
            current: { await sessions.current },
            unknown: { await dispatcher.unknown(among: $0, within: .seconds(30)) },
            // Behind what the runner has told: the true end of a run goes first.
            finish: { switchboard.tell(.finish($0)) },
            log: log
        )
    }

    /// The session of this node's former life, once the store has said who it is.
    private func formerSession() async -> SessionID? {
        let note = SessionNote(dataFolder: settings.dataFolder)
        guard note.exists else { return nil }
        while !Task.isCancelled {
            if let identity = try? await store.identify() { return note.session(at: identity.id) }
            // Another session would end the runs of the former one.
            try? await Task.sleep(for: settings.session.reopenInterval)
        }
        return nil
    }

    /// Remembers a session for the next life, and has the runner keep it from passing for dead.
    ///
    /// What fails is tried again with the next renewal.
    func noteSession(_ session: SessionID) async {
        guard noted.last != session else { return }
        do {
            let identity = try await store.identify()
            try SessionNote(dataFolder: settings.dataFolder).write(session, at: identity.id)
            noted.note(session)
        } catch {
            log.warning("session.unnoted", ["error": "\(error)"])
        }
        await runner.hold(await store.holdFile(of: session))
    }
}
