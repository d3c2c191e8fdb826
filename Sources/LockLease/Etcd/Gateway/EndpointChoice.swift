// Which member to ask: the one that answered last, until it fails.

internal import Vocabulary

/// The members of one cluster, with what is known of each; a value without clock or chance.
///
/// Sticky: a member is left only when it fails. One that failed rests for a random time, longer
/// with each failure in a row, and is asked again before that only if all rest.
struct EndpointChoice: Equatable, Sendable {
    private struct Endpoint: Equatable, Sendable {
        let name: String
        var failures = 0
        var restsUntil: MonotonicInstant?
        /// Whether it has answered as a member of our cluster since it last failed.
        var isKnown = false
    }

    static let firstRest = Duration.milliseconds(50)
    static let restLimit = Duration.seconds(5)

    private var endpoints: [Endpoint]
    private var current: Int
    /// The cluster's id, from the first answer on.
    private(set) var cluster: UInt64?

    /// `first` tells which to begin with, so that nodes spread over the members.
    init(_ names: [String], first: Int) {
        precondition(!names.isEmpty, "a store has an endpoint")
        endpoints = names.map { Endpoint(name: $0) }
        current = first % names.count
    }

    var count: Int { endpoints.count }

    /// Whom to ask now, and whether it has shown to be of our cluster.
    mutating func next(at now: MonotonicInstant) -> (name: String, isKnown: Bool) {
        if isResting(current, at: now) {
            let order = (0..<count).map { (current + $0) % count }
            current =
                order.first { !isResting($0, at: now) }
                ?? order.min { restEnd($0) < restEnd($1) } ?? current
        }
        return (endpoints[current].name, endpoints[current].isKnown)
    }

    /// The member failed; `share`, from 0 to 1, is drawn by the caller (full jitter).
    mutating func fail(_ name: String, at now: MonotonicInstant, share: Double) {
        guard let index = endpoints.firstIndex(where: { $0.name == name }) else { return }
        let bound = min(
            Self.restLimit,
            Self.firstRest * (1 << min(endpoints[index].failures, 10))
        )
        let rest = Double(bound.milliseconds) * min(max(share, 0), 1)
        endpoints[index].failures += 1
        endpoints[index].isKnown = false
        endpoints[index].restsUntil = now.advanced(by: .milliseconds(Int64(rest) + 1))
        if current == index { current = (index + 1) % count }
    }

    /// The member answered; `false` if it is of another cluster than the ones before.
    mutating func succeed(_ name: String, cluster answered: UInt64) -> Bool {
        if let cluster, cluster != answered { return false }
        cluster = answered
        guard let index = endpoints.firstIndex(where: { $0.name == name }) else { return true }
        endpoints[index].failures = 0
        endpoints[index].restsUntil = nil
        endpoints[index].isKnown = true
        return true
    }

    private func isResting(_ index: Int, at now: MonotonicInstant) -> Bool {
        endpoints[index].restsUntil.map { now < $0 } ?? false
    }

    private func restEnd(_ index: Int) -> MonotonicInstant {
        endpoints[index].restsUntil ?? MonotonicInstant(sinceBoot: .zero)
    }
}
