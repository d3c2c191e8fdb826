// A log store that is away when a test says so.

import LogSink
import Synchronization
import Vocabulary

/// Keeps logs in memory, and refuses what it is told to refuse.
final class FlakySink: LogSink {
    enum Mood: Sendable {
        case well
        /// Nothing is done.
        case away
        /// What is appended is stored, and the answer lost.
        case mute
        /// Everything goes but closing.
        case unclosing
    }

    let logs = InMemoryLogSink()
    private let state: Mutex<Mood>
    private let appends = Mutex(0)
    private let notes = Mutex(0)

    init(_ mood: Mood = .well) {
        state = Mutex(mood)
    }

    var mood: Mood {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    /// How often something was to be appended.
    var tries: Int { appends.withLock { $0 } }

    /// How often facts were to be noted.
    var noteTries: Int { notes.withLock { $0 } }

    private func refuse(_ moods: Mood...) throws(LogError) {
        if moods.contains(mood) { throw .unavailable("test") }
    }

    func open(_ run: RunID, job: UID, keep: Retention) async throws(LogError) {
        try refuse(.away)
        try await logs.open(run, job: job, keep: keep)
    }

    func append(
        _ batch: LogBatch,
        to run: RunID,
        at offset: Int64?
    ) async throws(LogError) -> Int64 {
        appends.withLock { $0 += 1 }
        try refuse(.away)
        let end = try await logs.append(batch, to: run, at: offset)
        try refuse(.mute)
        return end
    }

    func note(_ facts: RunFacts, of run: RunID) async throws(LogError) {
        notes.withLock { $0 += 1 }
        try refuse(.away, .mute)
        try await logs.note(facts, of: run)
    }

    func close(_ run: RunID) async throws(LogError) {
        try refuse(.away, .unclosing, .mute)
        try await logs.close(run)
    }

    func read(
        _ run: RunID,
        from offset: Int64,
        limit: Int
    ) async throws(LogError) -> LogPage { try await logs.read(run, from: offset, limit: limit) }

    func facts(of run: RunID) async throws(LogError) -> RunFacts {
        try await logs.facts(of: run)
    }

    func wait(for run: RunID, beyond offset: Int64, timeout: Duration) async {
        await logs.wait(for: run, beyond: offset, timeout: timeout)
    }

    func prune(_ policy: LogRetention) async throws(LogError) -> Int {
        try await logs.prune(policy)
    }
}
