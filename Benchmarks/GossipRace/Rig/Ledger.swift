// Who heard of what, and when: all of it by the collector's clock.

internal import Platform
internal import Synchronization
internal import Vocabulary

/// What the members of one cluster have reported.
final class Ledger: Sendable {
    private struct State {
        var arrivals: [[UInt64: MonotonicInstant]]
        var commits: [UInt64: MonotonicInstant] = [:]
        var alive: [Int]
        var completeSince: [MonotonicInstant?]
        var failed: [[Int: MonotonicInstant]]
        /// Every time that somebody was newly held for failed, by (observer, victim).
        var failures: [(observer: Int, victim: Int)] = []
        var isUp: [Bool]
        var complaints: [String] = []
    }

    let nodes: Int
    private let state: Mutex<State>

    init(nodes: Int) {
        self.nodes = nodes
        state = Mutex(
            State(
                arrivals: Array(repeating: [:], count: nodes),
                alive: Array(repeating: 0, count: nodes),
                completeSince: Array(repeating: nil, count: nodes),
                failed: Array(repeating: [:], count: nodes),
                isUp: Array(repeating: false, count: nodes)
            )
        )
    }

    // What is written.

    func up(_ node: Int) { state.withLock { $0.isUp[node] = true } }

    func arrived(_ numbers: ClosedRange<UInt64>, at node: Int) {
        let now = SystemClock.monotonic
        state.withLock { state in
            for number in numbers where state.arrivals[node][number] == nil {
                state.arrivals[node][number] = now
            }
        }
    }

    func committed(_ number: UInt64) {
        let now = SystemClock.monotonic
        state.withLock { $0.commits[number] = now }
    }

    /// What `node` holds: how many are alive, and who has failed.
    func view(of node: Int, alive: Int, failed: Set<Int>) {
        let now = SystemClock.monotonic
        state.withLock { state in
            state.alive[node] = alive
            if alive == nodes {
                state.completeSince[node] = state.completeSince[node] ?? now
            } else {
                state.completeSince[node] = nil
            }
            for victim in failed where state.failed[node][victim] == nil {
                state.failed[node][victim] = now
                state.failures.append((node, victim))
            }
            state.failed[node] = state.failed[node].filter { failed.contains($0.key) }
        }
    }

    /// Adds to what `node` holds for failed.
    func failed(_ victim: Int, at node: Int) {
        let now = SystemClock.monotonic
        state.withLock { state in
            guard state.failed[node][victim] == nil else { return }
            state.failed[node][victim] = now
            state.failures.append((node, victim))
        }
    }

    func complain(_ text: String) {
        state.withLock { if $0.complaints.count < 20 { $0.complaints.append(text) } }
    }

    // What is read.

    var allUp: Bool { state.withLock { $0.isUp.allSatisfy(\.self) } }
    func isUp(_ node: Int) -> Bool { state.withLock { $0.isUp[node] } }
    var complaints: [String] { state.withLock { $0.complaints } }
    var incomplete: [Int] {
        state.withLock { state in (0..<nodes).filter { state.alive[$0] != nodes } }
    }

    /// When the last of `observers` came to see everybody; `nil` if one of them does not.
    func completed(_ observers: [Int]) -> MonotonicInstant? {
        state.withLock { state in
            let times = observers.compactMap { state.completeSince[$0] }
            return times.count == observers.count ? times.max() : nil
        }
    }

    /// When `number` came to the last member; `nil` while one lacks it.
    func last(_ number: UInt64) -> MonotonicInstant? {
        state.withLock { state in
            let times = state.arrivals.compactMap { $0[number] }
            return times.count == nodes ? times.max() : nil
        }
    }

    func commit(_ number: UInt64) -> MonotonicInstant? { state.withLock { $0.commits[number] } }
    var committedNumbers: [UInt64] { state.withLock { $0.commits.keys.sorted() } }

    /// How many of `numbers` each member has, and when the last one came to anybody.
    func delivered(_ numbers: ClosedRange<UInt64>) -> (counts: [Int], last: MonotonicInstant?) {
        state.withLock { state in
            let times = state.arrivals.map { arrivals in
                numbers.compactMap { arrivals[$0] }
            }
            return (times.map(\.count), times.compactMap { $0.max() }.max())
        }
    }

    /// When the last of `observers` learned that `victim` has failed; `nil` while one has not.
    func failureKnown(_ victim: Int, to observers: [Int]) -> MonotonicInstant? {
        state.withLock { state in
            let times = observers.compactMap { state.failed[$0][victim] }
            return times.count == observers.count ? times.max() : nil
        }
    }

    /// How often one of `observers` held one of `victims` for failed.
    func failures(of victims: Set<Int>, at observers: Set<Int>) -> Int {
        state.withLock { state in
            state.failures.count { victims.contains($0.victim) && observers.contains($0.observer) }
        }
    }
}
