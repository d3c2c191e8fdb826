// Compiled schedules, shared between jobs that say the same.

internal import CronEval
internal import Vocabulary

/// Compiles each schedule once.
struct SchedulePool: Sendable {
    private struct Key: Hashable {
        let text: String
        let zone: String
        /// Only where the text spreads load by hashing.
        let seed: String
    }

    private static let limit = 100_000
    private var schedules: [Key: Schedule] = [:]

    /// The schedule, or `nil` if the text does not parse; whoever wrote it was told so.
    mutating func schedule(
        _ text: String,
        zone: String,
        seed: UID,
        in zones: ZoneCatalog
    ) -> Schedule? {
        let key = Key(text: text, zone: zone, seed: text.contains("H") ? seed.text : "")
        if let known = schedules[key] { return known }
        let schedule = try? Schedule(parsing: text, zone: zone, in: zones, seed: seed.text)
        if schedules.count >= Self.limit { schedules = [:] }
        schedules[key] = schedule
        return schedule
    }
}
