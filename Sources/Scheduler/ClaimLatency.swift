// How long claims take, for how long the next in the ranking should wait.

internal import Vocabulary

/// The last few claims' times from sending to answer.
struct ClaimLatency: Sendable {
    private static let limit = 200
    /// Fewer say nothing about a hundredth.
    private static let least = 20

    private var times: [Duration] = []
    private var next = 0

    mutating func add(_ time: Duration) {
        if times.count < Self.limit {
            times.append(time)
        } else {
            times[next] = time
        }
        next = (next + 1) % Self.limit
    }

    /// What 99 of 100 claims take at most; `nil` before there are enough.
    ///
    /// - Complexity: O(n log n) of at most 200.
    var p99: Duration? {
        guard times.count >= Self.least else { return nil }
        let rank = (times.count * 99 + 99) / 100
        return times.sorted()[min(rank, times.count) - 1]
    }
}
