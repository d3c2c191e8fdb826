// Which runs a node's former life has claimed and forgotten.

internal import LockLease
internal import Platform
internal import Vocabulary

/// Reports what the former life had claimed and never ordered: it was not started.
struct ForgottenRuns: Sendable {
    let store: any LeaseStore
    /// The session that lives, as far as is known here; `nil`: none yet.
    let current: @Sendable () async -> SessionID?
    /// Those of open runs that nobody here has; `nil`: that cannot be told now.
    let unknown: @Sendable ([RunRecord]) async -> [RunRecord]?
    let finish: @Sendable (Completions.Item) -> Void
    let log: DaemonLog
    /// The pauses before each look: a claim of the former life may still be on its way to the
    /// store when this one begins.
    var pauses: [Duration] = [.milliseconds(500), .seconds(5), .seconds(30)]
    /// The pause before a look that has failed is repeated.
    var interval = Duration.seconds(1)

    /// Looks as often as there are ``pauses``, each time until it is known what is forgotten, or
    /// another session lives.
    func close(of session: SessionID) async {
        var reported: Set<RunID> = []
        for pause in pauses {
            try? await Task.sleep(for: pause)
            while true {
                let living = await current()
                guard !Task.isCancelled, living == nil || living == session else { return }
                if living != nil, let forgotten = await look(for: session) {
                    for record in forgotten where reported.insert(record.id).inserted {
                        report(record, of: session)
                    }
                    break
                }
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// `nil`: it cannot be told now.
    private func look(for session: SessionID) async -> [RunRecord]? {
        var filter = RunFilter()
        filter.session = session
        filter.states = [.open]
        filter.limit = 1_000
        do throws(StoreError) {
            return await unknown(try await store.runs(filter))
        } catch {
            log.debug("runs.unavailable", ["error": "\(error)"])
            return nil
        }
    }

    private func report(_ record: RunRecord, of session: SessionID) {
        log.warning("run.forgotten", ["run": record.id.text, "job": record.name.name])
        finish(
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
