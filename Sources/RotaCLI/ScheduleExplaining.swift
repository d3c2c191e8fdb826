// What a schedule does, in words: of an expression, or of a job as the cluster has it.

internal import CommandTable
internal import CronEval
internal import Vocabulary

/// The command `job explain`.
enum ScheduleExplaining {
    private static let count = 5

    static func run(_ session: Session) async throws(Failure) -> ExitCode {
        let text = session.invocation.argument("EXPR|JOB") ?? ""
        // A name has no blanks, and an expression has some or begins with @.
        let isExpression = text.contains { $0 == " " || $0 == "\t" } || text.hasPrefix("@")
        let answer = isExpression ? try local(text, session) : try await job(text, session)
        print(answer, of: isExpression ? "schedule/\(text)" : "job/\(text)", session)
        return .done
    }

    /// Explains an expression without asking anybody; the same members as a master answers.
    private static func local(_ text: String, _ session: Session) throws(Failure) -> Value {
        let schedule = try ScheduleQuestions.schedule(text, session)
        let now = session.world.clock.now
        let explanation = schedule.explanation(at: now)
        let example =
            schedule.delay == .zero ? [] : ["The delay is an example: every job has its own"]
        return [
            "sentence": .string(explanation.sentence), "words": .string(schedule.words),
            "time_zone": .string(schedule.zoneName), "never": .bool(schedule.neverFires),
            "items": .array(
                schedule.fires(after: now).prefix(count).map { .string($0.description) }
            ),
            "notes": .array((explanation.notes + example).map { .string($0) }),
        ]
    }

    private static func job(_ name: String, _ session: Session) async throws(Failure) -> Value {
        if let odd = ScheduleQuestions.ruleOptions.first(where: session.invocation.flag) {
            throw .usage("--\(odd) goes with an expression. A job has its own")
        }
        let job = try await session.job(name)
        let spec = job["spec"] ?? .null
        guard let schedule = spec["schedule"] else {
            return ["sentence": "only by hand", "items": [], "notes": []]
        }
        var question: [String: Value] = [
            "schedule": schedule, "n": .integer(Int64(count)), "seed": job["uid"] ?? "",
        ]
        for member in ["time_zone", "jitter", "dst", "calendar"] { question[member] = spec[member] }
        var answer =
            try await session.api.change(
                "POST",
                "/v1/schedules:preview",
                body: .object(question)
            ).object.object ?? [:]
        answer["warnings"] = nil
        answer["calendar"] = spec["calendar"]
        return .object(answer)
    }

    private static func print(_ answer: Value, of title: String, _ session: Session) {
        if let text = session.settings.format.text(of: answer, as: [title]) {
            return session.print(text)
        }
        session.print(answer.text("sentence").plain + "\n")
        if let use = answer["calendar"]?.object {
            let only = use["only"]?.string.map { ["only on days of \($0)"] } ?? []
            let except = (use["except"]?.array ?? []).compactMap(\.string).map { "not on \($0)" }
            session.print("  \((only + except).joined(separator: ", "))\n".plainLine)
        }
        let times = session.times(in: answer["time_zone"]?.string ?? "UTC")
        for fire in (answer["items"]?.array ?? []).compactMap(\.instant) {
            let text = session.invocation.flag("iso") ? times.iso(fire) : times.withWeekday(fire)
            session.print("  \(text)\n")
        }
        for note in (answer["notes"]?.array ?? []).compactMap(\.string) {
            session.print("note: \(note.plain)\n")
        }
    }
}

extension String {
    /// ``plain``, but for the newline at its end.
    fileprivate var plainLine: String { String(dropLast()).plain + "\n" }
}
