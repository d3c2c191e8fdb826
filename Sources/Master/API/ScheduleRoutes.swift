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
                try preview(call)
            }
        ]
    }

    private func preview(_ call: Call) throws(Problem) -> HTTPResponse {
        let document = try call.document()
        try JobRoutes.check(
            members: document,
            known: ["schedule", "time_zone", "n", "after", "seed", "jitter", "dst"]
        )
        guard let text = document["schedule"]?.string else {
            throw Problem(.fieldInvalid, "Send a schedule, as in {\"schedule\": \"*/5 * * * *\"}.")
        }
        let zone = document["time_zone"]?.string ?? "UTC"
        let count = Int(max(1, min(1_000, document["n"]?.integer ?? 10)))
        let after = try document["after"]?.string.map(RunRoutes.instant) ?? SystemClock.wall
        let rules = try Self.rules(document)
        let schedule: Schedule
        do throws(ScheduleError) {
            schedule = try Schedule(
                parsing: text,
                zone: zone,
                in: master.zones,
                seed: document["seed"]?.string ?? "preview",
                clockChanges: rules.clockChanges,
                jitter: rules.jitter
            )
        } catch {
            throw Problem(
                .scheduleInvalid,
                error.description,
                hint: "rota help schedules",
                faults: [.init(pointer: "#/schedule", detail: error.description)]
            )
        }
        return .json([
            "words": .string(schedule.words), "time_zone": .string(schedule.zoneName),
            "never": .bool(schedule.neverFires),
            "warnings": .array(schedule.warnings.map { .string("\($0)") }),
            "items": .array(schedule.upcoming(count, after: after).map { .string($0.description) }),
        ])
    }

    private static func rules(_ document: Value) throws(Problem) -> ScheduleRules {
        do throws(DocumentFaults) {
            return try JobDocument.decodeRules(document)
        } catch {
            throw Problem(error, pointer: "#")
        }
    }
}
