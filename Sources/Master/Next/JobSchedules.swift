// Schedules of jobs as this master's copy of the list has them.

internal import CronEval
internal import JobList
internal import Vocabulary

/// Compiles schedules with the calendars they go by.
struct JobSchedules: Sendable {
    let calendars: CalendarShelf
    let zones: ZoneCatalog

    /// The compiled schedule of a job, or `nil` if it has none or one of its calendars is missing.
    func schedule(of record: ObjectRecord, _ job: Job) async -> Schedule? {
        var rule: CalendarRule?
        if let use = job.spec.rules.calendar {
            let found = await calendars.all(of: use, in: record.key.tenant)
            guard found.count == use.names.count else { return nil }
            rule = use.rule(use.names.compactMap { found[$0]?.present })
        }
        return job.spec.schedule.flatMap {
            try? Schedule(
                parsing: $0,
                zone: job.spec.timeZone,
                in: zones,
                seed: record.uid.text,
                rules: job.spec.rules,
                calendar: rule
            )
        }
    }
}

extension Job {
    /// The first instant of `schedule` after `instant` that no pause covers.
    func next(after instant: Instant, by schedule: Schedule?) -> Instant? {
        guard let pause = pause(at: instant) else {
            return schedule?.next(after: instant)
        }
        return pause.until.flatMap { schedule?.next(after: $0) }
    }
}
