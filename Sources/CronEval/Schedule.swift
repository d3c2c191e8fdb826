// A schedule: when a job is due.

package import Vocabulary

/// A set of instants, described by a text such as `0 3 * * *`, `@every 5m` or `@at 1893456000`.
///
/// It is a pure function of its text, zone, seed and anchor and of the time zone database: no
/// clock, no state. All instants lie from 1970 in UTC to the end of 2199 on the schedule's wall.
package struct Schedule: Equatable, Sendable {
    enum Timing: Equatable, Sendable {
        case fields(FieldPattern)
        case every(Grid)
        case at(Instant)
    }

    /// As given, blanks included.
    package let text: String
    /// The zone it is read in: the `CRON_TZ=` prefix's if there is one.
    package let zoneName: String
    let zone: TimeZoneRules
    let timing: Timing
    private let warningSet: WarningSet

    /// Reads `text`; the whole dialect is in `docs/schedules.md`.
    ///
    /// - Parameters:
    ///   - text: At most 1,024 bytes, of any content.
    ///   - zone: A name of the time zone database; a `CRON_TZ=` prefix goes before it.
    ///   - zones: Where zones are found.
    ///   - seed: What `H` spreads by: the job's uid. Without one, `H` is refused.
    ///   - anchor: An instant at which `@every` fires.
    /// - Throws: The first fault, reading from the left.
    /// - Complexity: O(bytes), plus a file the first time that a zone is used.
    package init(
        parsing text: String,
        zone: String = "UTC",
        in zones: ZoneCatalog,
        seed: String? = nil,
        anchor: Instant = .epoch
    ) throws(ScheduleError) {
        var reader = try ScheduleReader(text: text, seed: seed, anchor: anchor)
        let prefix = try reader.readZonePrefix()
        zoneName = prefix?.name ?? zone
        guard let rules = zones.rules(named: zoneName) else {
            throw .unknownTimeZone(zoneName, at: prefix?.range)
        }
        self.text = text
        self.zone = rules
        timing = try reader.readBody(in: rules)
        warningSet = reader.warnings
    }

    /// What is accepted but may surprise.
    package var warnings: [ScheduleWarning] { warningSet.all }

    /// Whether no date satisfies it, as with `0 0 30 2 *`; then there is no next and no previous.
    package var neverFires: Bool { warningSet.isNever }

    /// The first fire strictly after `instant`, or `nil` if there is none until the end of 2199.
    ///
    /// Schedules whose second, minute or hour field begins with `*` follow the clock: nothing in
    /// what a clock change skips, twice in what it repeats. All others fire once for every wall
    /// time: the first time round, and a skipped one at the first minute after the gap.
    ///
    /// - Complexity: About 100 ns; no allocation.
    /// - SeeAlso: `cron(8)`, "Daylight Saving Time and other time changes".
    package func next(after instant: Instant) -> Instant? {
        guard !neverFires else { return nil }
        switch timing {
        case .fields(let pattern):
            // Before the epoch there is nothing; the clamp also keeps the arithmetic in bounds.
            let second = min(max(instant.unixSeconds, -1), Self.lastSecond)
            return FireSearch(pattern: pattern, zone: zone).first(atOrAfter: second + 1)
                .map { Instant(unixSeconds: $0) }
        case .every(let grid):
            return grid.first(after: instant)
        case .at(let only):
            return only > instant ? only : nil
        }
    }

    /// The last fire strictly before `instant`, or `nil` if there is none since 1970.
    ///
    /// The same fires as ``next(after:)``, seen from the other side.
    ///
    /// - Complexity: About 100 ns; no allocation.
    package func previous(before instant: Instant) -> Instant? {
        guard !neverFires else { return nil }
        switch timing {
        case .fields(let pattern):
            let clamped = min(max(instant, .epoch), Instant(unixSeconds: Self.lastSecond))
            // The last whole second before the instant, be it whole itself or not.
            let second = (clamped.unixMilliseconds - 1).floorDivided(by: 1_000)
            return FireSearch(pattern: pattern, zone: zone).last(atOrBefore: second)
                .map { Instant(unixSeconds: $0) }
        case .every(let grid):
            return grid.last(before: instant)
        case .at(let only):
            return only < instant ? only : nil
        }
    }

    /// 2200-01-03T00:00:00Z: later than the end of 2199 on any wall.
    private static let lastSecond: Int64 =
        (CivilMonth(year: 2200, month: 1).firstDay + 2) * 86_400
}

/// The fires of `@every`: one every so many milliseconds, for ever, in elapsed time.
struct Grid: Equatable, Sendable {
    let period: Int64
    /// The first fire of 1970.
    private let phase: Int64

    /// 2199-12-31T23:59:59.999Z.
    private static let last = CivilMonth(year: 2200, month: 1).firstDay * 86_400_000 - 1

    /// - Precondition: `periodInMilliseconds` is positive.
    init(periodInMilliseconds: Int64, anchor: Instant) {
        period = periodInMilliseconds
        phase = anchor.unixMilliseconds.floorRemainder(dividingBy: period)
    }

    func first(after instant: Instant) -> Instant? {
        guard instant.unixMilliseconds < Self.last else { return nil }
        let time = max(instant.unixMilliseconds, -1)
        let next = time + period - (time - phase).floorRemainder(dividingBy: period)
        return next <= Self.last ? Instant(unixMilliseconds: next) : nil
    }

    func last(before instant: Instant) -> Instant? {
        guard instant.unixMilliseconds > 0 else { return nil }
        let time = min(instant.unixMilliseconds - 1, Self.last)
        let last = time - (time - phase).floorRemainder(dividingBy: period)
        return last >= 0 ? Instant(unixMilliseconds: last) : nil
    }
}
