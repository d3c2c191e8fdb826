// Finished runs on their way to the store: batched, repeated until they are recorded.

package import LockLease
package import Platform
package import Vocabulary

/// Carries completions to the store; none is dropped before the store has answered for it.
package actor Completions {
    /// One finished run.
    package struct Item: Sendable {
        package let session: SessionID
        package let completion: Completion

        package init(session: SessionID, completion: Completion) {
            self.session = session
            self.completion = completion
        }
    }

    private static let batchLimit = 200
    private static let pause = Duration.milliseconds(5)

    private let loop: EventLoop
    private let store: any LeaseStore
    private let log: DaemonLog
    private let recorded: @Sendable (RunID) -> Void
    private var waiting: [Item] = []
    private var wakeUp: CheckedContinuation<Void, Never>?
    private var isStopping = false

    /// `recorded`: Called on the loop for each run whose end the store has, or never will.
    package init(
        loop: EventLoop,
        store: any LeaseStore,
        log: DaemonLog,
        recorded: @escaping @Sendable (RunID) -> Void
    ) {
        self.loop = loop
        self.store = store
        self.log = log
        self.recorded = recorded
    }

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    /// How many are not recorded yet.
    package var count: Int { waiting.count }

    package func add(_ item: Item) {
        waiting.append(item)
        wakeUp?.resume()
        wakeUp = nil
    }

    /// Lets ``run()`` return once everything is recorded.
    package func finish() {
        isStopping = true
        wakeUp?.resume()
        wakeUp = nil
    }

    /// Delivers until ``finish()`` was called and nothing waits.
    package func run() async {
        var failures = 0
        while true {
            if waiting.isEmpty {
                if isStopping { return }
                await withCheckedContinuation { wakeUp = $0 }
                // What ends at the same moment goes in one commit.
                try? await Task.sleep(for: Self.pause)
                continue
            }
            do throws(StoreError) {
                try await deliver()
                failures = 0
            } catch {
                failures += 1
                log.warning("finish.delayed", ["waiting": "\(waiting.count)", "error": "\(error)"])
                try? await Task.sleep(for: .milliseconds(min(5_000, 50 << min(failures, 7))))
                if Task.isCancelled { return }
            }
        }
    }

    /// Hands over one batch; all of it belongs to one session.
    private func deliver() async throws(StoreError) {
        guard let session = waiting.first?.session else { return }
        let batch = Array(waiting.prefix { $0.session == session }.prefix(Self.batchLimit))
        let outcomes = try await store.finish(session, completions: batch.map(\.completion))
        for (item, outcome) in zip(batch, outcomes) {
            note(outcome, of: item.completion)
            recorded(item.completion.run)
        }
        waiting.removeFirst(batch.count)
    }

    private func note(_ outcome: FinishOutcome, of completion: Completion) {
        let run = completion.run.text
        switch outcome {
        case .recorded(let retry):
            log.info(
                "run.ended",
                [
                    "run": run, "state": completion.state.rawValue,
                    "retry": retry.map { "\($0.rawValue)" } ?? "none",
                ]
            )
        case .stale(let state):
            // The verdict was given while we were cut off; ours comes too late to change it.
            log.warning(
                "run.ended-too-late",
                ["run": run, "ours": completion.state.rawValue, "verdict": state.rawValue]
            )
        case .noSuchRun:
            log.warning("run.unknown-to-store", ["run": run])
        }
    }
}
