// When what was printed is stored: at once, or together with what follows.

internal import Vocabulary

/// The log of one run as its writer holds it, ahead of what is stored by little or nothing.
///
/// A log within its limit is stored with every batch. One beyond it, of which a batch pushes out
/// what an earlier one brought, is stored every now and then: what came and went in between costs
/// one copy in memory.
struct LogBuffer: Sendable {
    /// The longest that a batch waits to be stored.
    static let patience = Duration.milliseconds(40)
    /// The most bytes of text that wait.
    private static let limit = 1 << 20

    /// Its row's number.
    let number: Int64
    private(set) var layout: LogLayout
    /// When the oldest bytes that wait may wait no longer; unless any do, when it was stored last.
    private var due: MonotonicInstant?

    init(number: Int64, layout: LogLayout) {
        self.number = number
        self.layout = layout
    }

    /// Whether a batch for `offset` that comes `now` may wait with others for a while.
    func mayWait(for offset: Int64?, at now: MonotonicInstant) -> Bool {
        guard offset == nil || offset == layout.end else { return false }
        guard !layout.missing.isEmpty, let due, now < due else { return false }
        return layout.unstored < Self.limit
    }

    mutating func add(_ batch: LogBatch) {
        layout.add(batch)
    }

    /// Has what waits in `other`, the same log as somebody knew it before another wrote to it,
    /// follow what is here.
    mutating func takeWaiting(of other: LogBuffer) {
        layout.takeUnstored(of: other.layout)
    }

    mutating func skip(to offset: Int64) {
        layout.skip(to: offset)
    }

    mutating func markStored(at now: MonotonicInstant) {
        layout.markStored()
        due = now.advanced(by: Self.patience)
    }

    /// What of a batch that starts at `offset` the log does not have yet; `nil`: there is a gap.
    func news(in batch: LogBatch, at offset: Int64?) -> LogBatch? {
        guard let offset, offset != layout.end else { return batch }
        guard offset < layout.end else { return nil }
        return batch.dropping(Int(min(layout.end - offset, Int64(batch.size))))
    }
}
