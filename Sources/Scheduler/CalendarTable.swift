// The calendars a node knows, and which plans go by them.

internal import CronEval
internal import LockLease
internal import Vocabulary

/// Calendars by name, each with the plans that name it, whether it is there or not.
struct CalendarTable: Sendable {
    private var entries: [ObjectKey: CalendarEntry] = [:]
    private var users: [ObjectKey: Set<JobPlan.Index>] = [:]
    private var uses: [JobPlan.Index: [ObjectKey]] = [:]

    subscript(name: String, in tenant: String) -> CalendarEntry? {
        entries[Self.key(name, tenant)]
    }

    var names: Set<ObjectKey> { Set(entries.keys) }

    /// Answers whether it says something new.
    mutating func put(_ entry: CalendarEntry) -> Bool {
        if let known = entries[entry.name], known.revision >= entry.revision { return false }
        entries[entry.name] = entry
        return true
    }

    /// Takes it as the whole list has it; answers whether that is something else.
    ///
    /// It may be older than what is known: the list's history may have gone back.
    mutating func load(_ entry: CalendarEntry) -> Bool {
        guard entries[entry.name] != entry else { return false }
        entries[entry.name] = entry
        return true
    }

    /// Answers whether it was there.
    mutating func remove(_ name: ObjectKey) -> Bool {
        entries.removeValue(forKey: name) != nil
    }

    /// The plans that name the calendar, in order: the same events, the same actions.
    func plans(using name: ObjectKey) -> [JobPlan.Index] {
        (users[name] ?? []).sorted()
    }

    /// Takes note of which calendars the plan names from now on.
    mutating func note(_ plan: JobPlan.Index, uses use: CalendarUse?, in tenant: String) {
        for name in uses.removeValue(forKey: plan) ?? [] {
            users[name]?.remove(plan)
            if users[name]?.isEmpty == true { users[name] = nil }
        }
        guard let use else { return }
        let names = use.names.map { Self.key($0, tenant) }
        uses[plan] = names
        for name in names { users[name, default: []].insert(plan) }
    }

    /// The states that a claim by `use` goes by; calendars that are not there are left out.
    func marks(of use: CalendarUse?, in tenant: String) -> [CalendarMark] {
        (use?.names ?? []).compactMap { name in
            self[name, in: tenant].map { CalendarMark(name: name, digest: $0.digest) }
        }
    }

    private static func key(_ name: String, _ tenant: String) -> ObjectKey {
        ObjectKey(tenant: tenant, kind: .calendar, name: name)
    }
}

/// Makes the stretches of a job's life into compiled ones, cut where its calendars changed.
struct SpanCompiler {
    let outline: JobOutline
    let calendars: CalendarTable
    private(set) var spans: [JobPlan.Span] = []
    /// Why nothing of the job may be due: a schedule that cannot be read, a calendar not there.
    private(set) var fault: String?
    /// Where the last stretch begins that edits of the job or of its calendars have closed.
    private(set) var lastEraEnd: Instant?

    init(outline: JobOutline, calendars: CalendarTable) {
        self.outline = outline
        self.calendars = calendars
        lastEraEnd = outline.job.eras.map(\.until).max()
    }

    /// Takes shares of schedules for every stretch; the spans' owner gives them back.
    mutating func compile(with library: inout ScheduleLibrary) {
        var start = Instant.startOfTime
        for stretch in outline.job.stretches {
            if let text = stretch.schedule, let use = stretch.rules.calendar {
                compile(text, stretch, use, after: start, with: &library)
            } else {
                let schedule = stretch.schedule.flatMap { take($0, stretch, nil, &library) }
                append(schedule, stretch, through: stretch.through)
            }
            start = stretch.through
        }
    }

    private mutating func compile(
        _ text: String,
        _ stretch: JobStretch,
        _ use: CalendarUse,
        after start: Instant,
        with library: inout ScheduleLibrary
    ) {
        let tenant = outline.tenant
        let missing = use.names.filter { calendars[$0, in: tenant] == nil }
        guard missing.isEmpty else {
            // What a past stretch went by may be gone; what the job says now must be there.
            if !stretch.isPast {
                fault = fault ?? "there is no calendar \(missing.joined(separator: ", "))"
            }
            return append(nil, stretch, through: stretch.through)
        }
        let named = use.names.compactMap { calendars[$0, in: tenant] }
        let pieces = use.pieces(
            after: start,
            through: stretch.through,
            of: named.map(\.calendar)
        )
        for piece in pieces {
            var schedule: ScheduleLibrary.Index?
            if let places = piece.places {
                let states = zip(named, places).map {
                    ScheduleLibrary.RuleKey.State(digest: $0.digest, place: $1)
                }
                let key = ScheduleLibrary.RuleKey(
                    states: states,
                    hasOnly: use.only != nil,
                    shift: use.shift
                )
                let rule = { use.rule(zip(named, places).map { $0.calendar[$1] }) }
                schedule = take(text, stretch, (key, rule), &library)
            }
            append(schedule, stretch, through: piece.through)
        }
        if let cut = pieces.dropLast().last?.through { lastEraEnd = max(lastEraEnd ?? cut, cut) }
    }

    private mutating func take(
        _ text: String,
        _ stretch: JobStretch,
        _ calendar: (key: ScheduleLibrary.RuleKey, rule: () -> CalendarRule)?,
        _ library: inout ScheduleLibrary
    ) -> ScheduleLibrary.Index? {
        do throws(ScheduleError) {
            return try library.take(
                text,
                zone: stretch.timeZone,
                rules: stretch.rules,
                calendar: calendar
            )
        } catch {
            fault = fault ?? error.description
            return nil
        }
    }

    private mutating func append(
        _ schedule: ScheduleLibrary.Index?,
        _ stretch: JobStretch,
        through: Instant
    ) {
        spans.append(
            JobPlan.Span(schedule: schedule, isPaused: stretch.isPaused, through: through)
        )
    }
}
