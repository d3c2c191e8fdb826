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
            group.addTask { await closeForgottenRuns(of: former) }
            await group.waitForAll()
        }
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
    func noteSession(_ session: SessionID) async {
        guard noted.isNew(session) else { return }
        do {
            let identity = try await store.identify()
            try SessionNote(dataFolder: settings.dataFolder).write(session, at: identity.id)
        } catch {
            log.warning("session.unnoted", ["error": "\(error)"])
        }
        await runner.hold(await store.holdFile(of: session))
    }

    /// Reports what the former life had claimed and never ordered: it was not started.
    ///
    /// Looked at more than once, since a claim of the former life may still be on its way to the
    /// store when this one begins.
    private func closeForgottenRuns(of session: SessionID) async {
        for pause in [Duration.milliseconds(500), .seconds(5), .seconds(30)] {
            try? await Task.sleep(for: pause)
            guard !Task.isCancelled else { return }
            await closeForgottenRunsOnce(of: session)
        }
    }

    private func closeForgottenRunsOnce(of session: SessionID) async {
        guard await sessions.current == session else { return }
        var filter = RunFilter()
        filter.session = session
        filter.states = [.open]
        filter.limit = 1_000
        guard let open = try? await store.runs(filter) else { return }
        for record in await dispatcher.unknown(among: open, within: .seconds(30)) {
            log.warning("run.forgotten", ["run": record.id.text, "job": record.name.name])
            await completions.add(
                Completions.Item(
                    session: session,
                    completion: Completion(
                        run: record.id,
                        fence: record.fence,
                        state: .lost,
                        exit: nil,
                        reason: "not started: its node was restarted just after claiming it",
                        retryDelay: .zero
                    )
                )
            )
        }
    }
}
