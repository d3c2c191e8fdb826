// Which schedule was in force when.

internal import CronEval
internal import Vocabulary

/// A job's past and present schedules, as one timeline.
struct JobTimeline: Sendable {
    /// A stretch of time in which neither the job nor its calendars changed.
    struct Span: Sendable {
        let stretch: JobStretch
        /// Its instants come after this.
        let after: Instant
        let through: Instant
        /// What was due; `nil`: nothing, by hand only, or for want of a calendar.
        let schedule: Schedule?
        /// What would have been due without calendars.
        let bare: Schedule?
        /// The calendars as they were, by name; `nil`: one of them was not there.
        let calendars: [(name: String, calendar: DayCalendar)]?
    }

    /// Oldest first; the last one has no end.
    let spans: [Span]

    /// `calendars` are those there are, by name.
    init(
        record: ObjectRecord,
        job: Job,
        calendars: [String: DatedCalendar] = [:],
        zones: ZoneCatalog
    ) {
        var spans: [Span] = []
        var start = record.createdAt
        for stretch in job.stretches where stretch.through > start {
            let use = stretch.rules.calendar
            let named = use?.names.map { calendars[$0] } ?? []
            let known = named.compactMap { $0 }
            let pieces =
                use.flatMap { use in
                    known.count < named.count
                        ? nil : use.pieces(after: start, through: stretch.through, of: known)
                } ?? [CalendarPiece(places: use == nil ? [] : nil, through: stretch.through)]
            for piece in pieces {
                let states = piece.places.map { zip(known, $0).map { $0[$1] } }
                func compile(_ rule: CalendarRule?) -> Schedule? {
                    stretch.schedule.flatMap {
                        try? Schedule(
                            parsing: $0,
                            zone: stretch.timeZone,
                            in: zones,
                            seed: record.uid.text,
                            rules: stretch.rules,
                            calendar: rule
                        )
                    }
                }
                let bare = compile(nil)
                spans.append(
                    Span(
                        stretch: stretch,
                        after: start,
                        through: piece.through,
                        schedule: use.map { use in states.flatMap { compile(use.rule($0)) } }
                            ?? bare,
                        bare: bare,
                        calendars: states.map { Array(zip(use?.names ?? [], $0)) }
                    )
                )
                start = piece.through
            }
        }
        self.spans = spans
    }

    /// The newest instant that is due at or before `instant`, under whatever was in force then.
    func instant(atOrBefore instant: Instant) -> Instant? {
        newest(atOrBefore: instant, \.schedule)
    }

    /// The same as if there were no calendars.
    func bareInstant(atOrBefore instant: Instant) -> Instant? {
        newest(atOrBefore: instant, \.bare)
    }

    private func newest(
        atOrBefore instant: Instant,
        _ schedule: KeyPath<Span, Schedule?>
    ) -> Instant? {
        for span in spans.reversed() where span.after < instant {
            let bound = min(instant, span.through)
            let end = Instant(unixMilliseconds: min(bound.unixMilliseconds, .max - 1) + 1)
            if let found = span[keyPath: schedule]?.previous(before: end), found > span.after {
                return found
            }
        }
        return nil
    }

    /// The first instant after `instant`, paused or not, whatever is in force by then.
    func instant(after instant: Instant) -> Instant? {
        for span in spans where span.through > instant {
            let start = max(instant, span.after)
            if let due = span.schedule?.next(after: start), due <= span.through { return due }
        }
        return nil
    }

    /// The instants in `[start, end]`, oldest first, those of pauses included, at most `limit`.
    ///
    /// Before the job was made, those that its present schedule would have named.
    func instants(from start: Instant, through end: Instant, limit: Int) -> [Instant] {
        var found: [Instant] = []
        var position = start.advanced(by: .milliseconds(-1))
        func take(_ schedule: Schedule?, through bound: Instant) {
            while found.count < limit, let due = schedule?.next(after: position),
                due <= min(bound, end)
            {
                found.append(due)
                position = due
            }
        }
        if let born = spans.first?.after, position < born {
            take(spans.last?.schedule, through: born)
        }
        for span in spans where span.through > start && span.after < end {
            position = max(position, span.after)
            take(span.schedule, through: span.through)
        }
        return found
    }

    /// An instant in `reach` that the present schedule names, from before the job was made.
    func unborn(in reach: ClosedRange<Instant>) -> Instant? {
        guard let born = spans.first?.after, reach.lowerBound <= born else { return nil }
        let before = reach.lowerBound.advanced(by: .milliseconds(-1))
        guard let due = spans.last?.schedule?.next(after: before) else { return nil }
        return due <= min(reach.upperBound, born) ? due : nil
    }

    /// The first instant after `instant`, pauses left out.
    func next(after instant: Instant) -> Instant? {
        for span in spans where span.through > instant && !span.stretch.isPaused {
            let start = max(instant, span.after)
            if let due = span.schedule?.next(after: start), due <= span.through { return due }
        }
        return nil
    }

    /// The span that `instant` falls into; the first one for what was before the job.
    func span(at instant: Instant) -> Span? {
        spans.first { instant <= $0.through }
    }
}
