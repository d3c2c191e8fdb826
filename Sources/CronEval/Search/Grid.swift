// The fires of `@every`: a grid in elapsed time.

internal import Vocabulary

/// One fire every so many milliseconds, for ever, in elapsed time.
struct Grid: Equatable, Sendable {
    let period: Int64
    /// The first fire of 1970.
    private let phase: Int64

    /// 2199-12-31T23:59:59.999Z.
    static var last: Int64 { (DayBounds.last + 1) * 86_400_000 - 1 }

    /// - Precondition: `periodInMilliseconds` is positive.
    init(periodInMilliseconds: Int64, anchor: Instant) {
        period = periodInMilliseconds
        phase = anchor.unixMilliseconds.floorRemainder(dividingBy: period)
    }

    func first(after instant: Instant) -> Instant? {
        guard instant.unixMilliseconds < Self.last else { return nil }
        let time = max(instant.unixMilliseconds, -1)
        let next = time + period - (time - phase).floorRemainder(dividingBy: period)
        return next <= Self.last ? Instant(unixMilliseconds: next) : nil
    }

    func last(before instant: Instant) -> Instant? {
        guard instant.unixMilliseconds > 0 else { return nil }
        let time = min(instant.unixMilliseconds - 1, Self.last)
        let last = time - (time - phase).floorRemainder(dividingBy: period)
        return last >= 0 ? Instant(unixMilliseconds: last) : nil
    }

    /// How many fires lie in `instants`.
    func count(in instants: Range<Instant>) -> Int {
        let bounds = instants.clamped(to: .epoch..<Instant(unixMilliseconds: Self.last + 1))
        guard !bounds.isEmpty else { return 0 }
        // The fires before a time, less a constant.
        func before(_ instant: Instant) -> Int64 {
            (instant.unixMilliseconds - 1 - phase).floorDivided(by: period)
        }
        return Int(before(bounds.upperBound) - before(bounds.lowerBound))
    }
}
