// What ours and theirs have in common, as seen by a race.

internal import Platform
internal import RaceWords
internal import Vocabulary

/// A cluster of processes on this machine.
protocol Contestant: Sendable {
    var ledger: Ledger { get }
    var processes: [RaceProcess] { get async }

    /// Starts every member; returns once all processes are there, not once they know each other.
    func start() async throws
    /// Makes `count` changes at `node`, one after the other.
    ///
    /// - Returns: The numbers they will be reported under.
    func change(_ count: Int, bytes: Int, at node: Int) async throws -> ClosedRange<UInt64>
    /// Brings the ledger's views up to date, if members do not report by themselves.
    func look() async
    /// Helps those who do not see everybody; what no measurement depends on.
    func nudge() async throws
    func stop() async
}

extension Contestant {
    var nodes: Int { ledger.nodes }

    /// Waits until everybody sees everybody; answers when that was.
    func completed(within limit: Duration) async -> MonotonicInstant? {
        await until(within: limit) {
            await look()
            return ledger.completed(Array(0..<nodes))
        }
    }

    /// As ``completed(within:)``, with help once `patience` is over.
    func settle(patience: Duration) async throws {
        if await completed(within: patience) != nil { return }
        for _ in 0..<20 {
            try await nudge()
            if await completed(within: .seconds(3)) != nil { return }
        }
        throw RaceFailure("members did not find each other: \(ledger.incomplete)")
    }

    func processorTime() async -> Duration {
        await processes.reduce(.zero) { $0 + $1.processorTime }
    }
}

/// Asks every few milliseconds; `nil` once `limit` is over.
func until<Value>(
    within limit: Duration,
    every interval: Duration = .milliseconds(5),
    _ question: () async -> Value?
) async -> Value? {
    let deadline = SystemClock.monotonic.advanced(by: limit)
    while true {
        if let value = await question() { return value }
        guard SystemClock.monotonic < deadline else { return nil }
        try? await Task.sleep(for: interval)
    }
}

/// Where members listen: all on one address, or half of them on either side of a cable.
struct Places: Sendable {
    let nodes: Int
    var yard: SplitYard?

    func address(of node: Int) -> String {
        let host = yard.map { $0.host(side(of: node)) } ?? "127.0.0.1"
        return "\(host):\(21_000 + node)"
    }

    /// Where the collector reaches the member, whatever is cut.
    func control(of node: Int) -> String {
        let host = yard.map { $0.controlHost(side(of: node)) } ?? "127.0.0.1"
        return "\(host):\(26_000 + node)"
    }

    func side(of node: Int) -> Int { node * 2 / nodes }

    /// `words`, on the member's side.
    func words(_ words: [String], for node: Int) -> [String] {
        yard.map { $0.enter(side(of: node)) + words } ?? words
    }
}
