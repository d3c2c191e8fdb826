// Readers that wait for a log to grow, without a thread each.

internal import Platform
internal import Vocabulary

/// Who waits for which log; confined to the actor of a back end.
struct LogWaiters {
    private struct Waiter {
        let number: UInt64
        let offset: Int64
        let continuation: CheckedContinuation<Void, Never>
    }

    private var waiters: [RunID: [Waiter]] = [:]
    private var count: UInt64 = 0

    var isEmpty: Bool { waiters.isEmpty }
    /// The logs that somebody waits for.
    var runs: [RunID] { Array(waiters.keys) }

    /// Adds a reader that waits for more than `offset`; answers its number.
    mutating func add(
        _ continuation: CheckedContinuation<Void, Never>,
        for run: RunID,
        beyond offset: Int64
    ) -> UInt64 {
        count += 1
        waiters[run, default: []].append(
            Waiter(number: count, offset: offset, continuation: continuation)
        )
        return count
    }

    /// Lets those go on whose offset `end` lies beyond.
    mutating func grew(_ run: RunID, to end: Int64) {
        release(run) { $0.offset < end }
    }

    /// Lets everybody go on who waits for `run`.
    mutating func ended(_ run: RunID) {
        release(run) { _ in true }
    }

    /// Lets one reader go on whose time is up.
    mutating func expire(_ number: UInt64, of run: RunID) {
        release(run) { $0.number == number }
    }

    private mutating func release(_ run: RunID, where isReady: (Waiter) -> Bool) {
        guard let waiting = waiters[run] else { return }
        let rest = waiting.filter { !isReady($0) }
        waiters[run] = rest.isEmpty ? nil : rest
        for waiter in waiting where isReady(waiter) { waiter.continuation.resume() }
    }
}
