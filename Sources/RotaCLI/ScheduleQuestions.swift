// When something is due: of a job, of an expression, or of many expressions at once.

internal import CommandTable
internal import CronEval
internal import Platform
internal import Vocabulary

/// The command `job next`.
enum ScheduleQuestions {
    private static let chunk = 1 << 18

    static func next(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        let ways = [given.argument("JOB"), given.text("expr"), given.text("batch")]
        guard ways.compactMap({ $0 }).count == 1 else {
            throw .usage(
                "give a JOB, --expr or --batch, and only one of them",
                next: "rota job next --expr '30 2 * * *' --tz Europe/Berlin"
            )
        }
        if given.text("expr") == nil,
            let odd = ruleOptions.first(where: given.flag)
        {
            throw .usage(
                "--\(odd) goes with --expr. A job has its own",
                next: "rota job next --expr '30 2 * * *' --tz Europe/Berlin --dst-gap skip"
            )
        }
        if let path = given.text("batch") {
            try batch(path, session)
        } else if let text = given.text("expr") {
            try expression(text, session)
        } else if let name = given.argument("JOB") {
            try await job(name, session)
        }
        return .done
    }

    private static func batch(_ path: String, _ session: Session) throws(Failure) {
        var batch = ScheduleBatch(zones: session.zones, now: session.world.clock.now)
        if path == "-" {
            while true {
                let bytes = try Failure.reading { () throws(SystemError) in
                    try session.world.terminal.read(limit: chunk)
                }
                if bytes.isEmpty { break }
                session.world.terminal.write(batch.answer(bytes), to: .output)
            }
        } else {
            let bytes = try session.world.input(path)
            session.world.terminal.write(batch.answer(bytes), to: .output)
        }
        session.world.terminal.write(batch.finish(), to: .output)
    }

    /// Options that say how an expression is read; a job has its own.
    static let ruleOptions = ["jitter", "dst-gap", "dst-overlap"]

    /// The schedule that an expression and its options describe.
    static func schedule(_ text: String, _ session: Session) throws(Failure) -> Schedule {
        let given = session.invocation
        let jitter = try jitter(given)
        do throws(ScheduleError) {
            // With a fixed seed H can be tried out; a real job's depends on the job.
            return try Schedule(
                parsing: text,
                zone: given.text("tz") ?? "UTC",
                in: session.zones,
                seed: "example",
                clockChanges: policy(given),
                jitter: jitter
            )
        } catch {
            throw Failure(
                .failed,
                "\"\(text.plain)\" is no schedule",
                why: error.description.plain,
                next: "rota help schedules"
            )
        }
    }

    private static func expression(_ text: String, _ session: Session) throws(Failure) {
        let given = session.invocation
        let zone = given.text("tz") ?? "UTC"
        let schedule = try schedule(text, session)
        let times = session.times(in: zone)
        let from = try bound("from", times, session) ?? session.world.clock.now
        let to = try bound("to", times, session)
        var found: [Instant] = []
        // A bound that is a date includes its first instant.
        var last = given.text("from") == nil ? from : from.advanced(by: .milliseconds(-1))
        while found.count < given.number("count") ?? 10, let next = schedule.next(after: last) {
            if let to, next > to { break }
            found.append(next)
            last = next
        }
        for warning in schedule.warnings { session.note("note: \(warning)") }
        if found.isEmpty {
            session.note(
                schedule.neverFires
                    ? "\"\(text.plain)\" is never due: no such date exists" : "Nothing is due."
            )
        } else if session.settings.format.isForPeople, session.times.isRelative {
            session.note("\(schedule.words), \(zone)")
        }
        print(found, times, session)
    }

    private static func policy(_ given: Invocation) -> ClockChangePolicy {
        ClockChangePolicy(
            gap: given.text("dst-gap").flatMap(ClockChangePolicy.Gap.init(rawValue:)),
            overlap: given.text("dst-overlap").flatMap(ClockChangePolicy.Overlap.init(rawValue:))
        )
    }

    private static func jitter(_ given: Invocation) throws(Failure) -> Duration {
        let jitter = given.duration("jitter") ?? .zero
        guard jitter <= ScheduleRules.jitterLimit else {
            throw .usage("--jitter is \(DurationText.format(jitter)). Write at most 1d")
        }
        return jitter
    }

    private static func job(_ name: String, _ session: Session) async throws(Failure) {
        let given = session.invocation
        var query = [("n", "\(given.number("count") ?? 10)")]
        for name in ["from", "to"] {
            if let bound = try bound(name, session.times, session) {
                query.append((name, bound.description))
            }
        }
        let answer: Value
        do throws(Failure) {
            answer = try await session.api.get(JobEditing.path(name) + "/next", query)
        } catch {
            throw await session.suggesting(nearestTo: name, on: error)
        }
        let found = (answer["items"]?.array ?? []).compactMap(\.instant)
        if found.isEmpty { session.note("Nothing is due.") }
        let job = try await session.job(name)
        let zone = session.invocation.text("tz") ?? job["spec"]?["time_zone"]?.string ?? "UTC"
        print(found, session.times(in: zone), session)
    }

    private static func print(_ found: [Instant], _ times: TimeText, _ session: Session) {
        switch session.settings.format {
        case .json, .jsonl, .yaml:
            let items = Value.array(found.map { .string($0.description) })
            session.print(session.settings.format.text(of: ["items": items], as: []) ?? "")
        case .name:
            session.print(found.map { "\($0)\n" }.joined())
        case .table, .wide:
            let lines = found.map {
                session.invocation.flag("iso") ? times.iso($0) : times.absolute($0)
            }
            session.print(lines.map { $0 + "\n" }.joined())
        }
    }

    /// A time, or the first instant of a date in the zone of `times`.
    static func bound(
        _ option: String,
        _ times: TimeText,
        _ session: Session
    ) throws(Failure) -> Instant? {
        guard let text = session.invocation.text(option) else { return nil }
        if let instant = Instant(rfc3339: text) { return instant }
        if let midnight = Instant(rfc3339: text + "T00:00:00Z") {
            return session.zones.firstInstant(showing: midnight, in: times.zone)
        }
        throw .usage(
            "--\(option) is \"\(text.plain)\". Write 2026-11-21 or 2026-11-21T03:00:00+08:00"
        )
    }
}

extension Session {
    /// Times in another zone than the session's.
    func times(in zone: String) -> TimeText {
        TimeText(now: times.now, zone: zone, catalog: zones, isRelative: times.isRelative)
    }
}
