// A calendar across its edits: which instants existed is decided by what it said at the time.

package import Vocabulary

/// A calendar with what it said before its last edits.
package struct DatedCalendar: Hashable, Sendable {
    /// One past state, in force up to and including `until`.
    package struct Era: Hashable, Sendable {
        package var calendar: DayCalendar
        package var until: Instant

        package init(calendar: DayCalendar, until: Instant) {
            self.calendar = calendar
            self.until = until
        }
    }

    /// What it says now.
    package let present: DayCalendar
    /// What it said before, oldest first, each era later than the one before.
    package let eras: [Era]
    /// Up to and including this instant there was no such calendar.
    package let since: Instant

    /// Eras out of order are passed over.
    package init(present: DayCalendar, eras: [Era] = [], since: Instant) {
        self.present = present
        self.since = since
        var kept: [Era] = []
        for era in eras where era.until > kept.last?.until ?? .startOfTime { kept.append(era) }
        self.eras = kept
    }

    /// A number for the state in force at `instant`, or `nil` if there was no such calendar.
    ///
    /// Equal bodies have equal numbers, whenever their calendars were made.
    package func place(at instant: Instant) -> Int? {
        guard instant > since else { return nil }
        return eras.firstIndex { instant <= $0.until } ?? eras.count
    }

    /// The state of a number that ``place(at:)`` gave.
    package subscript(place: Int) -> DayCalendar {
        place < eras.count ? eras[place].calendar : present
    }

    /// The instants after which it says something else, oldest first.
    fileprivate var changes: [Instant] { [since] + eras.map(\.until) }
}

/// A stretch of time in which the calendars of a use did not change.
package struct CalendarPiece: Equatable, Sendable {
    /// The state of each calendar, in the order of ``CalendarUse/names``; `nil`: one was not there.
    package let places: [Int]?
    /// The last instant of the stretch.
    package let through: Instant

    package init(places: [Int]?, through: Instant) {
        self.places = places
        self.through = through
    }
}

extension CalendarUse {
    /// Cuts `(after, through]` wherever one of `calendars` was changed, oldest first.
    ///
    /// `calendars` are those of ``names``, in their order.
    package func pieces(
        after: Instant,
        through: Instant,
        of calendars: [DatedCalendar]
    ) -> [CalendarPiece] {
        let changes = Set(calendars.flatMap(\.changes)).filter { after < $0 && $0 < through }
        return (changes.sorted() + [through]).map { end in
            let places = calendars.compactMap { $0.place(at: end) }
            return CalendarPiece(
                places: places.count == calendars.count ? places : nil,
                through: end
            )
        }
    }

    /// The rule that this use comes to with one state of each calendar, in the order of ``names``.
    package func rule(_ calendars: [DayCalendar]) -> CalendarRule {
        let hasOnly = only != nil && !calendars.isEmpty
        return CalendarRule(
            only: hasOnly ? calendars.first : nil,
            except: Array(calendars.dropFirst(hasOnly ? 1 : 0)),
            shift: shift
        )
    }
}

extension Schedule {
    /// A job's schedule: under all its rules, spread by its uid.
    ///
    /// `calendar` is what ``ScheduleRules/calendar`` comes to.
    package init(
        parsing text: String,
        zone: String,
        in zones: ZoneCatalog,
        seed: String?,
        rules: ScheduleRules,
        calendar: CalendarRule? = nil
    ) throws(ScheduleError) {
        try self.init(
            parsing: text,
            zone: zone,
            in: zones,
            seed: seed,
            clockChanges: rules.clockChanges,
            calendar: calendar,
            jitter: rules.jitter
        )
    }
}
