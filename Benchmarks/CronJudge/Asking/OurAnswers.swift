// The same questions put to `CronEval`.

package import CronEval
internal import Platform
internal import Vocabulary

/// Our evaluator as one more judge.
package struct OurAnswers: Sendable {
    package let zones: ZoneCatalog

    package init(zones: ZoneCatalog = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))) {
        self.zones = zones
    }

    package func answer(_ question: Question) -> Answer {
        guard let schedule = schedule(question) else { return .rejected }
        var fires: [Int64] = []
        var cursor = Instant(unixSeconds: question.start)
        while fires.count < question.count {
            guard let next = schedule.next(after: cursor) else { return .fires(fires, .end) }
            fires.append(next.unixSeconds)
            cursor = next
        }
        return .fires(fires, .enough)
    }

    /// Whether the fires read backwards are the fires read forwards.
    package func isMirrored(_ fires: [Int64], of question: Question) -> Bool {
        guard let schedule = schedule(question) else { return fires.isEmpty }
        return zip(fires, fires.dropFirst()).allSatisfy { earlier, later in
            schedule.previous(before: Instant(unixSeconds: later))?.unixSeconds == earlier
        }
    }

    private func schedule(_ question: Question) -> Schedule? {
        try? Schedule(parsing: question.text, zone: question.zone, in: zones)
    }
}
