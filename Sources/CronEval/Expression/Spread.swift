// Where `H` puts a job: the same place for ever, spread evenly over jobs.

internal import Vocabulary

/// The hash behind `H`.
enum Spread {
    /// FNV-1a over the seed, a zero byte and the field's name, then a mixer; see `StableHash`.
    static func hash(seed: String, field: ScheduleField) -> UInt64 {
        StableHash.of("\(seed)\0\(field.rawValue)")
    }
}
