// Calendars applied to a schedule.

package import Vocabulary

/// On which days a schedule may fire.
package struct CalendarRule: Equatable, Sendable {
    /// The days on which it may.
    package let allowed: DaySet
    /// The periods in which it may not.
    package let blackouts: [CalendarPeriod]
    /// What becomes of fires on other days; `nil`: they are left out.
    package let shift: CalendarShift?

    /// - Parameters:
    ///   - only: The days to keep; `nil` for all. Its periods mean nothing here.
    ///   - except: The days and periods to leave out.
    ///   - shift: Where fires go whose day is not kept or is left out. Periods do not move them.
    package init(
        only: DayCalendar? = nil,
        except: [DayCalendar] = [],
        shift: CalendarShift? = nil
    ) {
        var allowed = only?.days ?? .all
        for calendar in except { allowed.subtract(calendar.days) }
        self.allowed = allowed
        self.shift = shift
        blackouts = except.flatMap(\.periods)
    }
}
