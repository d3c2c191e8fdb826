// Starting, watching and ending runs.

internal import CommandTable
internal import Vocabulary

/// Commands that start and end runs.
enum Running {
    /// Between two looks at something that is waited for.
    private static let pace = Duration.milliseconds(250)

    static func run(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        let name = given.argument("JOB") ?? ""
        let answer: (object: Value, revision: String?)
        do throws(Failure) {
            answer = try await session.api.change(
                "POST",
                JobEditing.path(name) + "/runs",
                body: [:],
                key: session.world.clock.uniqueKey()
            )
        } catch {
            throw await session.suggesting(nearestTo: name, on: error)
        }
        guard given.flag("wait") || given.flag("follow") else {
            session.report(
                "job/\(name) will run",
                revision: nil,
                object: answer.object,
                as: [title(of: answer.object, job: name)]
            )
            return .done
        }
        let deadline = Deadline(given.duration("timeout"), session.world.clock)
        let id = try await runID(of: answer.object, job: name, deadline, session)
        session.note("run \(id) started")
        if given.flag("follow") {
            let follower = LogFollower(run: id, session: session, deadline: deadline)
            // What programs read is the run; the log is for whoever watches them.
            let place: LogForm = session.settings.format.isForPeople ? .output : .errors
            let writer = LogWriter(session, holding: nil, place)
            try await follower.follow(writer, .reached)
        }
        let run = try await end(of: id, deadline, session)
        return tell(run, session)
    }

    static func kill(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        let id = given.run
        let run = try await session.api.get(RunReading.path(id))
        guard run.text("state") == RunState.runningWord else {
            session.note("run \(id) has ended already: \(run.text("state"))")
            if let text = session.settings.format.text(of: run, as: ["run/\(id)"]) {
                session.print(text)
            }
            return .done
        }
        let since = run["claimed"]?.instant.map { start in
            ", running for " + TimeText.short(start.duration(to: session.world.clock.now))
        }
        try session.confirm(
            "Kill run \(id) of job/\(run.text("job")) on \(run.text("node"))\(since ?? "")"
        )
        var body: [String: Value] = [:]
        body["grace"] = given.duration("grace").map { .string(DurationText.format($0)) }
        let (ordered, _) = try await session.api.change(
            "POST",
            RunReading.path(id) + ":kill",
            body: .object(body),
            key: session.world.clock.uniqueKey()
        )
        guard given.flag("wait") else {
            session.report(
                "kill of run \(id) is ordered",
                revision: nil,
                object: ordered,
                as: ["run/\(id)"]
            )
            return .done
        }
        let deadline = Deadline(given.duration("timeout"), session.world.clock)
        let ended = try await end(of: id, deadline, session)
        session.report(
            "run \(id) is over: \(ended.text("state")), \(RunReading.exit(of: ended))",
            revision: nil,
            object: ended,
            as: ["run/\(id)"]
        )
        return .done
    }

    static func retry(_ session: Session) async throws(Failure) -> ExitCode {
        let id = session.invocation.run
        let (answer, _) = try await session.api.change(
            "POST",
            RunReading.path(id) + ":retry",
            body: [:],
            key: session.world.clock.uniqueKey()
        )
        session.report(
            "run \(id) will be run again",
            revision: nil,
            object: answer,
            as: [title(of: answer, job: answer.text("job"))]
        )
        return .done
    }

    /// What a trigger is for: its run if there is one yet, else the job.
    private static func title(of trigger: Value, job: String) -> String {
        runID(in: trigger).map { "run/\($0)" } ?? "job/\(job)"
    }

    private static func runID(in trigger: Value) -> String? {
        trigger["run"]?.string ?? trigger["run"]?["id"]?.string
    }

    /// The id of the run that a trigger becomes once a node has claimed it.
    private static func runID(
        of trigger: Value,
        job: String,
        _ deadline: Deadline,
        _ session: Session
    ) async throws(Failure) -> String {
        if let id = runID(in: trigger) { return id }
        guard let instant = trigger["instant"]?.string else {
            throw Failure(.failed, "The master did not say which run it will be")
        }
        var asking = PatientAsking(session, deadline)
        var hasSaidWaiting = false
        while true {
            let found = try await asking.get(JobEditing.path(job) + "/runs", [("instant", instant)])
            if let id = found?["items"]?.array?.first?["id"]?.string { return id }
            if !hasSaidWaiting { session.note("waiting for a node to start it") }
            hasSaidWaiting = true
            try await asking.pause(pace, while: "no node has started it: rota why \(job)")
        }
    }

    /// The run once it is no longer open.
    private static func end(
        of id: String,
        _ deadline: Deadline,
        _ session: Session
    ) async throws(Failure) -> Value {
        var asking = PatientAsking(session, deadline)
        while true {
            let run = try await asking.get(RunReading.path(id))
            if let run, run.text("state") != RunState.runningWord { return run }
            try await asking.pause(pace, while: "run \(id) is still under way")
        }
    }

    private static func tell(_ run: Value, _ session: Session) -> ExitCode {
        let state = run.text("state")
        let isGood = state == RunState.succeeded.rawValue
        if let text = session.settings.format.text(of: run, as: ["run/\(run.text("id"))"]) {
            session.print(text)
        } else {
            let sign = isGood ? "✓" : "✕"
            var line = session.settings.errorPaint.apply(isGood ? .good : .bad, sign)
            line += " \(state) in \(RunReading.took(run))"
            if !isGood { line += ", \(RunReading.exit(of: run))" }
            let reason = run.text("reason").plain
            session.note(line + (reason.isEmpty ? "" : ": \(reason)"))
        }
        return isGood ? .done : .runFailed
    }
}
