// What is measured, and over which instants.

internal import Vocabulary

/// One of the races.
package enum BenchMode: String, CaseIterable, Sendable {
    /// The next of the previous fire, as a scheduler asks.
    case nextUTC = "next-utc"
    case nextNewYork = "next-newyork"
    /// The next of random instants.
    case randomUTC = "random-utc"
    case randomNewYork = "random-newyork"
    /// The next 29 February.
    case rare
    case rareNewYork = "rare-newyork"
    case parse

    /// What a rival calls it.
    var rivalName: String {
        switch self {
        case .nextUTC, .nextNewYork, .rare, .rareNewYork: "chain"
        case .randomUTC, .randomNewYork: "random"
        case .parse: "parse"
        }
    }

    var zone: String {
        switch self {
        case .nextUTC, .randomUTC, .rare, .parse: "UTC"
        case .nextNewYork, .randomNewYork, .rareNewYork: "America/New_York"
        }
    }

    /// The words that make a rival measure itself.
    var words: [String] { ["bench", rivalName, zone] }

    /// The first line of what a rival reads: as many instants as there are steps in a pass.
    ///
    /// A chain begins at the first of them.
    var instants: [Int64] {
        switch self {
        case .nextUTC, .nextNewYork, .parse: Array(repeating: Self.start, count: 64)
        case .randomUTC, .randomNewYork: Self.random
        // Up to 2088: in 2096 begins a pause of eight years, at which robfig gives up.
        case .rare, .rareNewYork: Array(repeating: Self.start, count: 16)
        }
    }

    /// 2025-04-01T00:00:00Z: far from clock changes, about which the judges differ.
    private static let start: Int64 = 1_743_465_600

    /// 64 instants of 2021 to 2030.
    private static let random: [Int64] = {
        var dice = SeededGenerator(seed: 2030)
        let span: UInt64 = 10 * 365 * 86_400
        return (0..<64).map { _ in 1_609_459_200 + Int64(dice.next() % span) }
    }()

    /// What is evaluated, given the committed list.
    func texts(of list: [String]) -> [String] {
        switch self {
        case .rare, .rareNewYork: ["0 0 29 2 *"]
        case .nextUTC, .nextNewYork, .randomUTC, .randomNewYork, .parse: list
        }
    }

    /// All that a rival reads.
    package func input(list: [String]) -> [UInt8] {
        let first = instants.map { "\($0)" }.joined(separator: " ")
        return Array(([first] + texts(of: list)).map { $0 + "\n" }.joined().utf8)
    }
}
