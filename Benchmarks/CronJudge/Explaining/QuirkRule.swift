// Differences that no habit predicts instant by instant, but that stay inside narrow bounds.

internal import Vocabulary

/// One instant that only one of two lists has.
struct Oddity {
    let fire: Int64
    /// The judge leaves it out, rather than adding it.
    let isMissing: Bool
    let change: PlainZone.Change
    /// What the judge answers first after the change; `nil` if nothing.
    let first: Int64?
    /// Its first right answer once the day of the change is over; `nil` if there is none.
    let recovery: Int64?
    let reading: PlainReading
    let zone: PlainZone
}

/// Around clock changes of a certain kind the judge goes astray, for a while and in one direction.
struct QuirkRule: Sendable {
    let name: String
    /// Of which changes it speaks.
    let isAbout: @Sendable (PlainZone.Change) -> Bool
    /// Which seconds it touches.
    let span: @Sendable (PlainZone.Change) -> ClosedRange<Int64>
    /// What it does there.
    let predicts: @Sendable (Oddity) -> Bool

    init(
        _ name: String,
        about: @escaping @Sendable (PlainZone.Change) -> Bool,
        in span: @escaping @Sendable (PlainZone.Change) -> ClosedRange<Int64>,
        predicts: @escaping @Sendable (Oddity) -> Bool
    ) {
        self.name = name
        isAbout = about
        self.span = span
        self.predicts = predicts
    }
}

extension PlainZone.Change {
    /// Clocks do not go from one whole hour to another.
    var isRagged: Bool {
        shift % 3_600 != 0 || (start + before) % 3_600 != 0
    }

    /// How far beside the hour a search may go that goes on through the change by whole hours.
    var drift: Int64 {
        max(
            shift.floorRemainder(dividingBy: 3_600),
            (start + before).floorRemainder(dividingBy: 3_600)
        )
    }

    /// Clocks skip a midnight, or go forward right at one.
    var skipsMidnight: Bool {
        guard shift > 0 else { return false }
        let last = start + before
        return (last - 1).floorDivided(by: 86_400) != (last + shift - 1).floorDivided(by: 86_400)
    }

    /// Clocks go back from the first day of a month.
    var returnsToMonthBefore: Bool {
        let (last, resumed) = (
            CivilDate(daysSinceEpoch: (start + before).floorDivided(by: 86_400)),
            CivilDate(daysSinceEpoch: (start + after).floorDivided(by: 86_400))
        )
        return shift < 0 && last.month != resumed.month
    }

    /// More than three hours.
    var isCorrection: Bool { abs(shift) > 3 * 3_600 }

    /// From the change to the end of the day that the wall then shows, or showed before.
    var restOfDay: ClosedRange<Int64> {
        let wall = start + max(before, after)
        let midnight = (wall.floorDivided(by: 86_400) + 1) * 86_400
        return start...(midnight - after)
    }

    /// From the change to the end of time, for what goes wrong until a search has come to its end.
    var future: ClosedRange<Int64> { start...Int64.max }

    /// The seconds in which the wall repeats what it showed.
    var secondPass: ClosedRange<Int64> { start...max(start, start - shift) }
}

extension Oddity {
    private var wall: Int64 { zone.wall(at: fire) }

    /// It comes before the judge's first answer after the day of the change.
    var isBeforeRecovery: Bool { recovery.map { fire < $0 } ?? true }

    /// It lies in the part of its hour that a search beside the hour does not see.
    var isInDrift: Bool { wall.floorRemainder(dividingBy: 3_600) < change.drift }

    /// It is on the first day of a month.
    var isOnFirst: Bool { CivilDate(daysSinceEpoch: wall.floorDivided(by: 86_400)).day == 1 }

    /// It is the judge's first answer after a change on the first day of the same month.
    var isFirstInSkippedMonth: Bool {
        let resumed = change.start + change.after
        let (day, month) = (
            CivilDate(daysSinceEpoch: wall.floorDivided(by: 86_400)),
            CivilDate(daysSinceEpoch: resumed.floorDivided(by: 86_400))
        )
        return fire == first && month.day == 1 && day.month == month.month && day.year == month.year
    }

    /// The schedule selects what the wall shows.
    var isOnWall: Bool { reading.firstMatch(after: wall - 1, lastYear: 2199) == wall }

    /// Whether the schedule's second and minute fields select it.
    var isOnMinute: Bool {
        reading.minute.values.contains(Int(wall.floorRemainder(dividingBy: 3_600) / 60))
            && reading.second.values.contains(Int(wall.floorRemainder(dividingBy: 60)))
    }
}
