// What the network does to what is sent.

internal import Vocabulary

/// What every link does, and how links differ.
package struct Weather: Equatable, Sendable {
    /// The share of packets that are lost.
    package var loss: Double
    /// The share of packets that arrive twice.
    package var duplication: Double
    /// In microseconds; a wide range reorders.
    package var latency: ClosedRange<Int>
    /// Every stream fails.
    package var isStreamLost: Bool
    /// Longer packets vanish.
    package var longest: Int
    /// Each direction of each pair takes a time of its own more, up to this, in microseconds.
    package var spread: Int
    /// The share of directions that lose half of what they carry.
    package var badLinks: Double

    package init(
        loss: Double = 0,
        duplication: Double = 0,
        latency: ClosedRange<Int> = 100...900,
        isStreamLost: Bool = false,
        longest: Int = .max,
        spread: Int = 0,
        badLinks: Double = 0
    ) {
        self.loss = loss
        self.duplication = duplication
        self.latency = latency
        self.isStreamLost = isStreamLost
        self.longest = longest
        self.spread = spread
        self.badLinks = badLinks
    }
}

/// One direction between two nodes.
package struct Link: Hashable, Sendable {
    package let from: Int
    package let to: Int

    package init(from: Int, to: Int) {
        self.from = from
        self.to = to
    }

    /// The same number for the same direction under the same seed, evenly spread below 1.
    func lot(_ seed: UInt64) -> Double {
        let mixed = SeededGenerator.mixed(seed ^ UInt64(from) << 32 ^ UInt64(to))
        return Double(mixed >> 11) / Double(UInt64(1) << 53)
    }
}
