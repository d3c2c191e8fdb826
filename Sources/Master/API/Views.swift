// Records as the documents that people and programs see.

internal import CronEval
internal import Documents
internal import JobList
internal import LockLease
internal import Vocabulary

/// Makes API documents from records.
enum Views {
    static func job(_ record: ObjectRecord, _ job: Job, status: Value) -> Value {
        [
            "kind": "job", "tenant": .string(record.key.tenant), "name": .string(record.key.name),
            "uid": .string(record.uid.text), "version": .integer(record.version.rawValue),
            "rev": .string(record.revision.description),
            "created": .string(record.createdAt.description),
            "updated": .string(record.updatedAt.description),
            "updated_by": .string(record.author), "spec": JobDocument.encodeSpec(job.spec),
            "status": status,
        ]
    }

    static func calendar(_ record: ObjectRecord, _ spec: CalendarSpec, status: Value) -> Value {
        [
            "kind": "calendar", "tenant": .string(record.key.tenant),
            "name": .string(record.key.name), "uid": .string(record.uid.text),
            "version": .integer(record.version.rawValue),
            "rev": .string(record.revision.description),
            "created": .string(record.createdAt.description),
            "updated": .string(record.updatedAt.description),
            "updated_by": .string(record.author), "spec": CalendarDocument.encodeSpec(spec),
            "status": status,
        ]
    }

    /// When a job is due, in words; a job with a schedule and none compiled lacks a calendar.
    static func words(of job: Job, _ schedule: Schedule?) -> String {
        guard job.spec.schedule != nil else { return "only by hand" }
        let use = job.spec.rules.calendar
        guard let schedule else {
            return "not due: \(use?.names.joined(separator: " or ") ?? "a calendar") is missing"
        }
        return use.map { "\(schedule.words), \($0.words)" } ?? schedule.words
    }

    static func pause(_ pause: Pause?) -> Value {
        guard let pause else { return .null }
        return [
            "reason": .string(pause.reason), "since": .string(pause.since.description),
            "until": optional(pause.until),
        ]
    }

    /// `isLost`: Whether the run is open and its session is gone.
    static func run(_ run: RunRecord, isLost: Bool) -> Value {
        let duration = run.finishedAt.map { run.claimedAt.duration(to: $0).milliseconds }
        return [
            "id": .string(run.id.text), "job": .string(run.name.name),
            "tenant": .string(run.name.tenant), "instant": .string(run.key.instant.description),
            "attempt": .integer(Int64(run.key.attempt)),
            "shard": .string(run.key.shard.description), "cause": .string(run.cause.word),
            "cause_detail": .string(run.cause.detail), "fence": .integer(run.fence.rawValue),
            "rev": .string(run.revision.description), "node": .string(run.node.text),
            "state": .string(word(run, isLost: isLost)),
            "claimed": .string(run.claimedAt.description), "finished": optional(run.finishedAt),
            "duration_ms": duration.map { .integer($0) } ?? .null, "exit": exit(run.exit),
            "reason": .string(run.reason), "kill": kill(run.kill), "lost": .bool(isLost),
        ]
    }

    /// An open run is running; "running" is never stored.
    private static func word(_ run: RunRecord, isLost: Bool) -> String {
        guard run.state.isOpen else { return run.state.rawValue }
        return isLost ? RunState.lost.rawValue : RunState.runningWord
    }

    private static func exit(_ status: ExitStatus?) -> Value {
        switch status {
        case nil: .null
        case .code(let code): ["kind": "code", "value": .integer(Int64(code))]
        case .signal(let number): ["kind": "signal", "value": .integer(Int64(number))]
        case .httpStatus(let status): ["kind": "http", "value": .integer(Int64(status))]
        }
    }

    private static func kill(_ order: KillOrder?) -> Value {
        guard let order else { return .null }
        return [
            "by": .string(order.author), "at": .string(order.requestedAt.description),
            "grace": order.grace.map { .string(DurationText.format($0)) } ?? .null,
        ]
    }

    static func optional(_ instant: Instant?) -> Value {
        instant.map { .string($0.description) } ?? .null
    }
}
