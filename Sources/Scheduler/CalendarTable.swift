// The calendars a node knows, and which jobs go by them.

internal import CronEval
internal import LockLease
internal import Vocabulary

/// Calendars by name, each with the jobs that name it, whether it is there or not.
struct CalendarTable: Sendable {
    private var entries: [ObjectKey: CalendarEntry] = [:]
    private var users: [ObjectKey: Set<JobSlot>] = [:]
    private var uses: [JobSlot: [ObjectKey]] = [:]

    subscript(name: String, in tenant: String) -> CalendarEntry? {
        entries[Self.key(name, tenant)]
    }

    /// Answers whether it says something new.
    mutating func put(_ entry: CalendarEntry) -> Bool {
        if let known = entries[entry.name], known.revision >= entry.revision { return false }
        entries[entry.name] = entry
        return true
    }

    /// Answers whether it was there.
    mutating func remove(_ name: ObjectKey) -> Bool {
        entries.removeValue(forKey: name) != nil
    }

    /// The jobs that name the calendar, in order: the same events, the same actions.
    func jobs(using name: ObjectKey) -> [JobSlot] {
        (users[name] ?? []).sorted()
    }

    /// Takes note of which calendars the job in `slot` names from now on.
    mutating func note(_ slot: JobSlot, uses use: CalendarUse?, in tenant: String) {
        for name in uses.removeValue(forKey: slot) ?? [] {
            users[name]?.remove(slot)
            if users[name]?.isEmpty == true { users[name] = nil }
        }
        guard let use else { return }
        let names = use.names.map { Self.key($0, tenant) }
        uses[slot] = names
        for name in names { users[name, default: []].insert(slot) }
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
    let entry: JobEntry
    let calendars: CalendarTable
    private(set) var spans: [JobDefinition.Span] = []
    /// Why nothing of the job may be due: a schedule that cannot be read, a calendar not there.
    private(set) var fault: String?
    /// Where the last stretch begins that edits of the job or of its calendars have closed.
    private(set) var lastEraEnd: Instant?

    init(entry: JobEntry, calendars: CalendarTable) {
        self.entry = entry
        self.calendars = calendars
        lastEraEnd = entry.job.eras.map(\.until).max()
    }

    /// Takes shares of schedules for every stretch; the spans' owner gives them back.
    mutating func compile(with library: inout ScheduleLibrary) {
        var start = Instant.startOfTime
        for stretch in entry.job.stretches {
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
        let tenant = entry.name.tenant
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
                calendar: calendar,
                seed: entry.uid.text
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
            JobDefinition.Span(schedule: schedule, isPaused: stretch.isPaused, through: through)
        )
    }
}
