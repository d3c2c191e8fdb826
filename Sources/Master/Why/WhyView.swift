// A verdict as the document that programs see.

internal import Documents
internal import LockLease
internal import Vocabulary

/// Makes the answer to "why".
enum WhyView {
    static func document(_ facts: WhyFacts, _ report: WhyReport, of record: ObjectRecord) -> Value {
        [
            "job": .string(facts.name), "uid": .string(record.uid.text),
            "at": .string(facts.at.description), "verdict": .string(report.verdict.rawValue),
            "late_ms": report.lateness.map { .integer($0.milliseconds) } ?? .null,
            "setting": report.setting.map { .string($0) } ?? .null,
            "text": .array(report.lines.map { .string($0) }),
            "mend": .array(report.mends.map { .string($0) }),
            "runs": .array(facts.runs.map { Views.run($0, isLost: isLost($0, facts)) }),
            "skip": skip(facts.skip), "era": era(facts.clock),
            "deleted": .bool(facts.isDeleted), "before": Views.optional(facts.before),
            "after": Views.optional(facts.after), "next": Views.optional(facts.next),
            "places": .array(facts.placement.places.enumerated().map(place)),
        ]
    }

    private static func isLost(_ run: RunRecord, _ facts: WhyFacts) -> Bool {
        run.state == .lost || run.state.isOpen && !facts.living.contains(run.session)
    }

    private static func skip(_ skip: SkipRange?) -> Value {
        guard let skip else { return .null }
        return [
            "reason": .string(skip.reason.rawValue), "count": .integer(Int64(skip.count)),
            "after": .string(skip.from.description),
            "through": .string(skip.through.description),
        ]
    }

    private static func era(_ clock: WhyFacts.Clock) -> Value {
        [
            "schedule": clock.schedule.map { .string($0) } ?? .null,
            "time_zone": .string(clock.zone), "paused": .bool(clock.isPaused),
            "until": Views.optional(clock.until),
        ]
    }

    private static func place(_ rank: Int, _ place: Placement.Place) -> Value {
        [
            "node": .string(place.node.text), "rank": .integer(Int64(rank)),
            "obstacle": place.obstacle.map { .string($0) } ?? .null,
        ]
    }
}
