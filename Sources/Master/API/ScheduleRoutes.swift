// Schedules before there is a job: what a text means and when it would fire.

internal import CronEval
internal import Documents
internal import HTTPService
internal import JobList
internal import Platform
internal import Vocabulary

/// `POST /v1/schedules:preview`: the same code that schedules, asked in advance.
struct ScheduleRoutes: Sendable {
    let master: MasterParts

    var routes: [Route] {
        [
            Route("POST", "/v1/schedules:preview", .role(.reader)) { call async throws(Problem) in
                try await preview(call)
            }
        ]
    }

    private func preview(_ call: Call) async throws(Problem) -> HTTPResponse {
        let document = try call.document()
        try JobRoutes.check(
            members: document,
            known: ["schedule", "time_zone", "n", "after", "seed", "jitter", "dst", "calendar"]
        )
        guard let text = document["schedule"]?.string else {
            throw Problem(.fieldInvalid, "Send a schedule, as in {\"schedule\": \"*/5 * * * *\"}.")
        }
        let count = Int(max(1, min(1_000, document["n"]?.integer ?? 10)))
        let after = try document["after"]?.string.map(RunRoutes.instant) ?? SystemClock.wall
        let rules = try await rules(document, tenant: call.tenant)
        let schedule: Schedule
        do throws(ScheduleError) {
            schedule = try Schedule(
                parsing: text,
                zone: document["time_zone"]?.string ?? "UTC",
                in: master.zones,
                seed: document["seed"]?.string ?? "preview",
                rules: rules.rules,
                calendar: rules.calendar
            )
        } catch {
            throw Problem(
                .scheduleInvalid,
                error.description,
                hint: "rota help schedules",
                faults: [.init(pointer: "#/schedule", detail: error.description)]
            )
        }
        let explanation = schedule.explanation(at: after)
        return .json([
            "words": .string(schedule.words), "time_zone": .string(schedule.zoneName),
            "never": .bool(schedule.neverFires),
            "warnings": .array(schedule.warnings.map { .string("\($0)") }),
            "sentence": .string(explanation.sentence),
            "notes": .array(explanation.notes.map { .string($0) }),
            "items": .array(schedule.upcoming(count, after: after).map { .string($0.description) }),
        ])
    }

    /// Jitter, policy and calendars as a spec says them; the calendars must be there.
    private func rules(
        _ document: Value,
        tenant: String
    ) async throws(Problem) -> (rules: ScheduleRules, calendar: CalendarRule?) {
        let rules: ScheduleRules
        do throws(DocumentFaults) {
            rules = try JobDocument.decodeRules(document)
        } catch {
            throw Problem(error, pointer: "#")
        }
        guard let use = rules.calendar else { return (rules, nil) }
        let found = try await master.editor.calendars(use, tenant: tenant)
        if let missing = use.names.first(where: { found[$0] == nil }) {
            throw Problem(
                .fieldInvalid,
                "There is no calendar \(missing).",
                hint: "rota calendar list",
                faults: [.init(pointer: "#/calendar", detail: "there is no calendar \(missing)")]
            )
        }
        return (rules, use.rule(use.names.compactMap { found[$0] }))
    }
}
