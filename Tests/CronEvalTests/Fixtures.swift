// What the tests of schedules share: the system's zones and instants as text.

import CronEval
import Platform
import Testing
import Vocabulary

/// The system's time zone database.
let systemZones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))

extension Schedule {
    init(_ text: String, zone: String = "UTC", seed: String? = nil) throws(ScheduleError) {
        try self.init(parsing: text, zone: zone, in: systemZones, seed: seed)
    }

    /// The fires in `(from, through]`, oldest first.
    func fires(after from: Instant, through last: Instant, limit: Int = .max) -> [Instant] {
        var fires: [Instant] = []
        var cursor = from
        while fires.count < limit, let next = next(after: cursor), next <= last {
            fires.append(next)
            cursor = next
        }
        return fires
    }

    /// The fires in `[from, before)`, newest first.
    func firesBackwards(before: Instant, from: Instant, limit: Int = .max) -> [Instant] {
        var fires: [Instant] = []
        var cursor = before
        while fires.count < limit, let previous = previous(before: cursor), previous >= from {
            fires.append(previous)
            cursor = previous
        }
        return fires
    }
}

/// Reads RFC 3339 text that a test author wrote.
func instant(_ text: String) throws -> Instant {
    try #require(Instant(rfc3339: text), "\(text)")
}

/// `11-03 01:30 -5`: what the wall of `zone` shows, and hours from UTC to tell passes apart.
func wallText(_ instant: Instant, zone: TimeZoneRules) -> String {
    let offset = zone.offsetInSeconds(at: instant)
    let wall = "\(Instant(unixSeconds: instant.unixSeconds + Int64(offset)))"
    let hours = offset % 3_600 == 0 ? "\(offset / 3_600)" : "\(Double(offset) / 3_600)"
    return "\(wall.dropFirst(5).prefix(5)) \(wall.dropFirst(11).prefix(5)) \(hours)"
}
