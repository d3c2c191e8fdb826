// Takes over a crontab: each line becomes a job, or is named with the reason why not.

internal import CommandTable
package import CronEval
package import Vocabulary

/// What becomes of each line of a crontab.
package struct CrontabPlan: Sendable {
    package struct Line: Sendable {
        package let number: Int
        package let text: String
        package let outcome: Outcome
    }

    package enum Outcome: Sendable {
        /// A variable, and what it does.
        case noted(String)
        /// The job's name, its schedule in words, and what its reader should know.
        case job(name: String, words: String, notes: [String])
        case refused(String)
    }

    package private(set) var lines: [Line] = []
    /// As `apply` takes them.
    package private(set) var manifests: [Value] = []

    package var refusedCount: Int {
        lines.filter { if case .refused = $0.outcome { true } else { false } }.count
    }

    /// Plans the import of `file`; `zone` is that of lines that no `CRON_TZ` precedes.
    package init(
        _ file: CrontabFile,
        zone: String?,
        prefix: String,
        zones: ZoneCatalog
    ) {
        var naming = CommandNaming(prefix: prefix)
        for line in file.lines {
            let outcome: Outcome
            switch line.content {
            case .variable(_, _, let note): outcome = .noted(note)
            case .refused(let reason): outcome = .refused(reason)
            case .entry(let entry):
                outcome = plan(entry, zone: entry.zone ?? zone, &naming, zones)
            }
            lines.append(Line(number: line.number, text: line.text, outcome: outcome))
        }
    }

    private mutating func plan(
        _ entry: CrontabEntry,
        zone: String?,
        _ naming: inout CommandNaming,
        _ zones: ZoneCatalog
    ) -> Outcome {
        let schedule: Schedule
        do throws(ScheduleError) {
            schedule = try Schedule(
                parsing: entry.schedule,
                zone: zone ?? "UTC",
                in: zones,
                seed: entry.command
            )
        } catch {
            return .refused(error.description)
        }
        if schedule.neverFires { return .refused("it is never due: no such date exists") }
        let name = naming.name(for: entry.command)
        var notes: [String] = []
        var command = entry.command
        if let user = entry.user, user != "root" {
            let shell = entry.shell ?? "/bin/sh"
            command =
                "runuser -u \(user.shellQuoted) -- \(shell.shellQuoted) -c \(command.shellQuoted)"
            notes.append("runs as \(user), so its node must run as root")
        }
        if entry.input != nil { notes.append("text after % becomes standard input") }
        if command.contains("$(crontab") { notes.append("it reads the crontab itself") }
        var spec: [String: Value] = [
            "schedule": .string(entry.schedule),
            "shell": SpecDocument.shellTask(
                command,
                shell: entry.shell,
                directory: entry.directory,
                environment: entry.environment,
                input: entry.input
            ),
        ]
        spec["time_zone"] = zone.map { .string($0) }
        spec["owner"] = entry.mailTo.map { .string($0) }
        manifests.append(["kind": "job", "name": .string(name), "spec": .object(spec)])
        return .job(name: name, words: schedule.words, notes: notes)
    }

    /// A line of the crontab, an arrow or a cross, and what becomes of it, for each line.
    func text(paint: Paint) -> String {
        let numberWidth = lines.map { "\($0.number)".count }.max() ?? 1
        let textWidth = min(44, lines.map { $0.text.plain.displayWidth }.max() ?? 0)
        let nameWidth =
            lines.map { line in
                if case .job(let name, _, _) = line.outcome { name.count } else { 0 }
            }.max() ?? 0
        return lines.map { line in
            let source = line.text.plain.shortened(to: textWidth).filled(to: textWidth)
            let number = "\(line.number)"
            let lead = String(repeating: " ", count: numberWidth - number.count)
            let start = "line \(lead)\(number)  \(source)  "
            switch line.outcome {
            case .noted(let note):
                return start + paint.apply(.dim, "→ \(note)") + "\n"
            case .refused(let reason):
                return start + paint.apply(.bad, "✕") + " \(reason.plain)\n"
            case .job(let name, let words, let notes):
                let tail = notes.isEmpty ? "" : "   note: \(notes.joined(separator: "; "))"
                return start + paint.apply(.good, "→") + " job \(name.filled(to: nameWidth))  "
                    + words + tail + "\n"
            }
        }.joined()
    }
}

extension String {
    /// The text with blanks after it up to `width` columns.
    func filled(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - displayWidth))
    }

    /// The text as one word of a POSIX shell.
    var shellQuoted: String {
        let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")
        if !isEmpty, allSatisfy({ plain.contains($0) }) { return self }
        return "'" + replacing("'", with: "'\\''") + "'"
    }
}

/// The command `job import crontab`.
enum CrontabImport {
    static func run(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        let path = given.argument("FILE") ?? "-"
        let text = String(decoding: try session.world.input(path), as: UTF8.self)
        if let zone = given.text("tz"), session.zones.offset(at: .epoch, in: zone) == nil {
            throw .usage("there is no time zone \"\(zone.plain)\". Write one like Asia/Shanghai")
        }
        let zone = given.text("tz") ?? session.machineZone
        let plan = CrontabPlan(
            CrontabFile(parsing: text, layout: given.flag("user-field") ? .system : .user),
            zone: zone,
            prefix: given.text("prefix") ?? "",
            zones: session.zones
        )
        let outcome: ExitCode = plan.refusedCount > 0 ? .failed : .done
        let isForPeople = session.settings.format.isForPeople
        if given.text("tz") == nil, let zone {
            session.note("Times are taken in \(zone), this machine's zone; --tz says otherwise.")
        }
        if isForPeople { session.print(plan.text(paint: session.settings.paint)) }
        if given.flag("plan") {
            if isForPeople {
                let jobs = plan.manifests.count
                let how = jobs == 0 ? "" : "   Add them: the same without --plan"
                session.print("\(jobs.counted("job")) to add, \(notImported(plan)).\(how)\n")
            } else {
                session.print(
                    session.settings.format.text(ofAll: plan.manifests, as: OutputFormat.title)
                        ?? ""
                )
            }
            return outcome
        }
        guard !plan.manifests.isEmpty else {
            session.note("There is nothing to import.")
            return outcome
        }
        let code = try await add(plan, session)
        return outcome == .done ? code : outcome
    }

    private static func add(
        _ plan: CrontabPlan,
        _ session: Session
    ) async throws(Failure) -> ExitCode {
        let body: Value = ["items": .array(plan.manifests)]
        let (trial, _) = try await session.api.change(
            "POST",
            "/v1/apply",
            [("dry_run", "1")],
            body: body
        )
        let taken = ApplyAnswer(trial).results.filter { $0.action == "update" }.map(\.name)
        if !taken.isEmpty {
            try session.confirm("Overwrite \(taken.map { "job/\($0)" }.joined(separator: ", "))")
        }
        let (object, revision) = try await session.api.change("POST", "/v1/apply", body: body)
        let answer = ApplyAnswer(object)
        for failed in answer.failed {
            session.note("✕ job/\(failed.name): \(failed.problem)".plain)
        }
        let done =
            "\(answer.changedCount.counted("job")) imported, \(answer.count(of: "unchanged")) "
            + "unchanged, \(notImported(plan))"
        session.report(done, revision: revision, object: object, as: answer.changed)
        return answer.failed.isEmpty ? .done : .failed
    }

    private static func notImported(_ plan: CrontabPlan) -> String {
        "\(plan.refusedCount.counted("line")) not imported"
    }
}
