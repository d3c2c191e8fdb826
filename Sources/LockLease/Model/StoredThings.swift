// Runs, triggers and skips with what only the store needs to know of them.

internal import Vocabulary

/// A run record with what only the store needs of it.
struct StoredRun: Equatable {
    var record: RunRecord
    var lineage: Lineage
    /// The trigger its end caused.
    var retry: TriggerID?
}

/// A trigger with what its run will need.
struct PendingTrigger: Equatable {
    var trigger: Trigger
    var lineage: Lineage
}

/// A skip with when it was written, for its retention.
struct StoredSkip: Equatable {
    var range: SkipRange
    var at: Instant
}
