// Which schedule was in force when.

internal import CronEval
internal import Vocabulary

/// A job's past and present schedules, as one timeline.
struct JobTimeline: Sendable {
    private let record: ObjectRecord
    private let job: Job
    private let zones: ZoneCatalog

    init(record: ObjectRecord, job: Job, zones: ZoneCatalog) {
        self.record = record
        self.job = job
        self.zones = zones
    }

    /// The newest instant that is due at or before `instant`, under whatever was in force then.
    func instant(atOrBefore instant: Instant) -> Instant? {
        var bound = Instant(unixMilliseconds: instant.unixMilliseconds + 1)
        // Newest stretch first: the present schedule, then past eras.
        var stretches = job.eras.map { (from: Instant?.none, era: Optional($0)) }
        for index in stretches.indices.dropFirst() {
            stretches[index].from = job.eras[index - 1].until
        }
        stretches.append((from: job.eras.last?.until, era: nil))
        for stretch in stretches.reversed() {
            let schedule = compile(stretch.era)
            if let until = stretch.era?.until, until < bound {
                bound = Instant(unixMilliseconds: until.unixMilliseconds + 1)
            }
            if let found = schedule?.previous(before: bound),
                found > (stretch.from ?? record.createdAt)
            {
                return found
            }
        }
        return nil
    }

    func next(after instant: Instant) -> Instant? {
        job.pause(at: instant) == nil ? compile(nil)?.next(after: instant) : nil
    }

    func text(at instant: Instant) -> String? {
        era(at: instant).map(\.schedule) ?? job.spec.schedule
    }

    func words(at instant: Instant) -> String {
        compile(era(at: instant))?.words ?? "only by hand"
    }

    func isPaused(at instant: Instant) -> Bool {
        if let era = era(at: instant) { return era.isPaused }
        guard let pause = job.pause, instant > pause.since else { return false }
        return pause.until.map { instant <= $0 } ?? true
    }

    /// The past stretch that `instant` falls into, or `nil` for the present one.
    private func era(at instant: Instant) -> Era? {
        job.eras.first { instant <= $0.until }
    }

    private func compile(_ era: Era?) -> Schedule? {
        let text = era.map(\.schedule) ?? job.spec.schedule
        let zone = era?.timeZone ?? job.spec.timeZone
        let rules = era?.rules ?? job.spec.rules
        return text.flatMap {
            try? Schedule(
                parsing: $0,
                zone: zone,
                in: zones,
                seed: record.uid.text,
                clockChanges: rules.clockChanges,
                jitter: rules.jitter
            )
        }
    }
}
