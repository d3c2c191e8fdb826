// Where `H` and jitter put a job: the same place for ever, spread evenly over jobs.

internal import Vocabulary

/// The hash behind `H` and jitter.
enum Spread {
    /// FNV-1a over the seed, a zero byte and the field's name, then a mixer; see `StableHash`.
    static func hash(seed: String, field: ScheduleField) -> UInt64 {
        StableHash.of("\(seed)\0\(field.rawValue)")
    }

    /// A whole number of milliseconds from zero to less than `jitter`, which counts up to a day.
    ///
    /// - Throws: If there is a jitter and nothing to spread by.
    static func delay(upTo jitter: Duration, seed: String?) throws(ScheduleError) -> Duration {
        let span = min(jitter.milliseconds, 86_400_000)
        guard span > 0 else { return .zero }
        guard let seed else { throw .jitterSeedRequired }
        return .milliseconds(Int64(StableHash.of("\(seed)\0jitter") % UInt64(span)))
    }
}
