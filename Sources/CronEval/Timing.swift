// The kinds of schedule, each with its own search.

internal import Vocabulary

/// The fires of a schedule before blackouts and jitter.
enum Timing: Equatable, Sendable {
    case fields(WallTimes<DatePattern>, ClockRule)
    case ruledFields(WallTimes<RuledDates>, ClockRule)
    case every(Grid)
    case ruledEvery(RuledGrid)
    /// `nil`: a calendar left it out.
    case at(Instant?)

    /// The first fire strictly after `instant`, which may be any.
    func next(after instant: Instant, in zone: TimeZoneRules) -> Instant? {
        switch self {
        case .fields(let walls, let rule):
            FireSearch(walls: walls, zone: zone, rule: rule)
                .first(atOrAfter: Self.second(after: instant)).map { Instant(unixSeconds: $0) }
        case .ruledFields(let walls, let rule):
            FireSearch(walls: walls, zone: zone, rule: rule)
                .first(atOrAfter: Self.second(after: instant)).map { Instant(unixSeconds: $0) }
        case .every(let grid): grid.first(after: instant)
        case .ruledEvery(let grid): grid.first(after: instant)
        case .at(let only): only.flatMap { $0 > instant ? $0 : nil }
        }
    }

    /// The last fire strictly before `instant`, which may be any.
    func previous(before instant: Instant, in zone: TimeZoneRules) -> Instant? {
        switch self {
        case .fields(let walls, let rule):
            FireSearch(walls: walls, zone: zone, rule: rule)
                .last(atOrBefore: Self.second(before: instant)).map { Instant(unixSeconds: $0) }
        case .ruledFields(let walls, let rule):
            FireSearch(walls: walls, zone: zone, rule: rule)
                .last(atOrBefore: Self.second(before: instant)).map { Instant(unixSeconds: $0) }
        case .every(let grid): grid.last(before: instant)
        case .ruledEvery(let grid): grid.last(before: instant)
        case .at(let only): only.flatMap { $0 < instant ? $0 : nil }
        }
    }

    /// How many fires lie in `instants`.
    func count(in instants: Range<Instant>, in zone: TimeZoneRules) -> Int {
        let milliseconds =
            instants.lowerBound.unixMilliseconds..<instants.upperBound.unixMilliseconds
        return switch self {
        case .fields(let walls, let rule):
            FireSearch(walls: walls, zone: zone, rule: rule).count(in: Self.seconds(milliseconds))
        case .ruledFields(let walls, let rule):
            FireSearch(walls: walls, zone: zone, rule: rule).count(in: Self.seconds(milliseconds))
        case .every(let grid): grid.count(in: milliseconds)
        case .ruledEvery(let grid): grid.count(in: milliseconds)
        case .at(let only): only.map(instants.contains) == true ? 1 : 0
        }
    }

    /// The first whole second after `instant`; before the epoch nothing fires.
    private static func second(after instant: Instant) -> Int64 {
        min(max(instant.unixSeconds, -1), lastSecond) + 1
    }

    /// The last whole second before `instant`, be that whole itself or not.
    private static func second(before instant: Instant) -> Int64 {
        let clamped = min(max(instant, .epoch), Instant(unixSeconds: lastSecond))
        return (clamped.unixMilliseconds - 1).floorDivided(by: 1_000)
    }

    /// The whole seconds that lie in `milliseconds`.
    private static func seconds(_ milliseconds: Range<Int64>) -> Range<Int64> {
        let bounds = milliseconds.clamped(to: 0..<(lastSecond + 1) * 1_000)
        return (bounds.lowerBound + 999) / 1_000..<(bounds.upperBound + 999) / 1_000
    }

    /// 2200-01-03T00:00:00Z: later than the end of 2199 on any wall.
    private static let lastSecond: Int64 = (DayBounds.last + 3) * 86_400
}

extension Timing {
    /// Whether a calendar leaves no day to fire on.
    var isClosed: Bool {
        switch self {
        case .ruledFields(let walls, _): walls.dates.first(atOrAfter: DayBounds.first) == nil
        case .ruledEvery(let grid): grid.first(after: .epoch) == nil
        case .at(let only): only == nil
        case .fields, .every: false
        }
    }
}
