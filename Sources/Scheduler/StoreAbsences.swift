// Remembers when the store could not be reached, for jobs that skip what was due meanwhile.

internal import Vocabulary

/// The last few absences of the store, and those that last.
struct StoreAbsences: Equatable, Sendable {
    /// Why the store counts as away; each reason ends by its own sign of life.
    enum Reason: Int, CaseIterable {
        /// The session is not to be trusted; a renewal ends it.
        case untrusted
        /// A claim was refused; a claim or a read that succeeds ends it.
        case refused
    }

    /// Older absences are forgotten: their instants count as missed like any others.
    private static let limit = 8

    private var past: [Absence] = []
    private var open: [Instant?] = Reason.allCases.map { _ in nil }

    mutating func begin(_ reason: Reason, at instant: Instant) {
        if open[reason.rawValue] == nil { open[reason.rawValue] = instant }
    }

    mutating func end(_ reason: Reason, at now: Instant) {
        guard let since = open[reason.rawValue] else { return }
        open[reason.rawValue] = nil
        guard since < now else { return }
        if let last = past.last, since <= last.through {
            past[past.count - 1] = Absence(
                from: min(since, last.from),
                through: max(now, last.through)
            )
        } else {
            past.append(Absence(from: since, through: now))
            if past.count > Self.limit { past.removeFirst() }
        }
    }

    /// All absences, those that last counted up to `now`.
    func all(at now: Instant) -> [Absence] {
        past + open.compactMap { $0 }.filter { $0 < now }.map { Absence(from: $0, through: now) }
    }
}
