// A schedule: when a job is due.

package import Vocabulary

/// A set of instants, described by a text such as `0 3 * * *`, `@every 5m` or `@at 1893456000`.
///
/// It is a pure function of its text, zone, seed, anchor and rules, and of the time zone database:
/// no clock, no state. All instants lie from 1970 in UTC to the end of 2199 on the schedule's
/// wall; jitter moves the last ones a little beyond.
package struct Schedule: Equatable, Sendable {
    /// As given, blanks included.
    package let text: String
    /// The zone it is read in: the `CRON_TZ=` prefix's if there is one.
    package let zoneName: String
    let timing: Timing
    let clock: WallClock
    private let warningSet: WarningSet
    let restriction: Restriction?

    /// Reads `text`; the whole dialect is in `docs/schedules.md`.
    ///
    /// - Parameters:
    ///   - text: At most 1,024 bytes, of any content.
    ///   - zone: A name of the time zone database; a `CRON_TZ=` prefix goes before it.
    ///   - zones: Where zones are found; not even counted, for that takes as long as two fields.
    ///   - seed: What `H` and jitter spread by: the job's uid. Without one, both are refused.
    ///   - anchor: An instant at which `@every` fires.
    ///   - clockChanges: What becomes of wall times that are skipped or repeated.
    ///   - calendar: The days on which it may fire.
    ///   - jitter: It fires later by a part of this that the seed decides; at most a day counts.
    /// - Throws: The first fault, reading from the left.
    /// - Complexity: O(bytes), plus a file the first time that a zone is used.
    package init(
        parsing text: String,
        zone: String = "UTC",
        in zones: borrowing ZoneCatalog,
        seed: String? = nil,
        anchor: Instant = .epoch,
        clockChanges: ClockChangePolicy = .standard,
        calendar: CalendarRule? = nil,
        jitter: Duration? = nil
    ) throws(ScheduleError) {
        guard calendar == nil, jitter == nil || jitter == .zero,
            let rules = zones.rules(named: zone), let plain = PlainReader.read(text)
        else {
            self = try Self.elaborate(
                text: text,
                zone: zone,
                zones: zones,
                seed: seed,
                anchor: anchor,
                clockChanges: clockChanges,
                calendar: calendar,
                jitter: jitter ?? .zero
            )
            return
        }
        self.init(
            text: text,
            zoneName: zone,
            timing: .fields(plain.pattern),
            clock: WallClock(consume rules, clockChanges, isInterval: plain.isInterval),
            restriction: nil,
            warningSet: plain.warnings
        )
    }

    /// What takes more than a plain text in a known zone; a function of its own, so that the others
    /// are put together where the caller wants them.
    @inline(never)
    private static func elaborate(
        text: String,
        zone: String,
        zones: borrowing ZoneCatalog,
        seed: String?,
        anchor: Instant,
        clockChanges: ClockChangePolicy,
        calendar: CalendarRule?,
        jitter: Duration
    ) throws(ScheduleError) -> Self {
        var warnings: WarningSet
        let (zoneName, timing, clock): (String, Timing, WallClock)
        if let plain = PlainReader.read(text) {
            zoneName = zone
            timing = .fields(plain.pattern)
            clock = WallClock(try zones.required(zone, at: nil), clockChanges, for: timing)
            warnings = plain.warnings
        } else {
            var reader = try ScheduleReader(text: text, seed: seed, anchor: anchor)
            let prefix = try reader.readZonePrefix()
            zoneName = prefix?.name ?? zone
            let rules = try zones.required(zoneName, at: prefix?.range)
            timing = try reader.readBody(in: rules)
            clock = WallClock(rules, clockChanges, for: timing)
            warnings = reader.warnings
        }
        var restriction: Restriction?
        if calendar != nil || jitter > .zero {
            restriction = try Restriction(
                of: timing,
                in: clock.zone,
                calendar: calendar,
                delay: Spread.delay(upTo: jitter, seed: seed)
            )
        }
        if let calendar, timing.isClosed(by: clock, under: calendar) {
            warnings.insert(.neverFires)
        }
        return Self(
            text: text,
            zoneName: zoneName,
            timing: timing,
            clock: clock,
            restriction: restriction,
            warningSet: warnings
        )
    }

    private init(
        text: String,
        zoneName: String,
        timing: Timing,
        clock: WallClock,
        restriction: Restriction?,
        warningSet: WarningSet
    ) {
        self.text = text
        self.zoneName = zoneName
        self.timing = timing
        self.clock = clock
        self.restriction = restriction
        self.warningSet = warningSet
    }

    /// What is accepted but may surprise.
    package var warnings: [ScheduleWarning] { warningSet.all }

    /// Whether no date satisfies it, as with `0 0 30 2 *`; then there is no next and no previous.
    package var neverFires: Bool { warningSet.contains(.neverFires) }

    /// The first fire strictly after `instant`, or `nil` if there is none until the end of 2199.
    ///
    /// Schedules whose second, minute or hour field begins with `*` follow the clock: nothing in
    /// what a clock change skips, twice in what it repeats. All others fire once for every wall
    /// time: the first time round, and a skipped one at the first minute after the gap. A
    /// ``ClockChangePolicy`` may say otherwise.
    ///
    /// - Complexity: About 50 ns; no allocation. One more search for every blackout on the way.
    /// - SeeAlso: `cron(8)`, "Daylight Saving Time and other time changes".
    package func next(after instant: Instant) -> Instant? {
        guard !neverFires else { return nil }
        guard let restriction else { return timing.next(after: instant, by: clock) }
        return restriction.next(after: instant, of: timing, by: clock)
    }

    /// The last fire strictly before `instant`, or `nil` if there is none since 1970.
    ///
    /// The same fires as ``next(after:)``, seen from the other side, for as much.
    package func previous(before instant: Instant) -> Instant? {
        guard !neverFires else { return nil }
        guard let restriction else { return timing.previous(before: instant, by: clock) }
        return restriction.previous(before: instant, of: timing, by: clock)
    }

    /// How many fires lie in `range`, without finding them.
    ///
    /// - Complexity: O(months and offset changes in `range`): some 50 µs for a century.
    package func count(in range: Range<Instant>) -> Int {
        guard !neverFires else { return 0 }
        guard let restriction else { return timing.count(in: range, by: clock) }
        return restriction.count(in: range, of: timing, by: clock)
    }

    /// The same schedule under a jitter of its own; see
    /// ``init(parsing:zone:in:seed:anchor:clockChanges:calendar:jitter:)``.
    ///
    /// - Precondition: It has none yet.
    package func delayed(upTo jitter: Duration, seed: String) -> Self {
        precondition(delay == .zero, "a schedule that is delayed by \(delay)")
        guard let delay = try? Spread.delay(upTo: jitter, seed: seed), delay > .zero else {
            return self
        }
        return Self(
            text: text,
            zoneName: zoneName,
            timing: timing,
            clock: clock,
            restriction: Restriction(like: restriction, delay: delay),
            warningSet: warningSet
        )
    }

    /// How much later than its text says it fires, always.
    package var delay: Duration { restriction?.delay ?? .zero }
}

extension ZoneCatalog {
    /// The zone that the text names at `range`, or something else if that is `nil`.
    fileprivate func required(
        _ name: String,
        at range: Range<Int>?
    ) throws(ScheduleError) -> TimeZoneRules {
        guard let rules = rules(named: name) else { throw .unknownTimeZone(name, at: range) }
        return rules
    }
}
