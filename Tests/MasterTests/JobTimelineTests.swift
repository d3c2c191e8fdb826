import CronEval
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Master

/// Which instants there were, with calendars, and what is said of those they took out.
@Suite struct `A job's timeline` {
    private let zones = ZoneCatalog { ZoneInfoFiles.bytes(named: $0) }

    private func at(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

    private func record() throws -> ObjectRecord {
        ObjectRecord(
            key: ObjectKey(tenant: "t", kind: .job, name: "j"),
            uid: UID("u"),
            version: Version(1),
            revision: Revision(epoch: 1, sequence: 1),
            isDeleted: false,
            body: [],
            digest: .zero,
            createdAt: try at("2026-01-01T00:00:00Z"),
            updatedAt: try at("2026-01-01T00:00:00Z"),
            author: "li"
        )
    }

    private func job(_ use: CalendarUse) -> Job {
        var spec = JobSpec(task: .shell(ShellTask(command: "x")), schedule: "0 9 * * *")
        spec.timeZone = "Asia/Shanghai"
        spec.rules.calendar = use
        return Job(spec: spec)
    }

    private func workdays() throws -> DayCalendar {
        DayCalendar(
            weekdays: DayCalendar.workweek,
            included: [try CalendarDays(parsing: "2026-02-14")],
            excluded: [try CalendarDays(parsing: "2026-02-15..2026-02-23")]
        )
    }

    private func timeline(
        _ use: CalendarUse,
        _ calendars: [String: DatedCalendar]
    ) throws -> JobTimeline {
        JobTimeline(record: try record(), job: job(use), calendars: calendars, zones: zones)
    }

    private func lines(_ timeline: JobTimeline, on instant: Instant) throws -> [String] {
        let span = try #require(timeline.span(at: instant))
        return CalendarWords.lines(on: instant, in: span, zones: zones)
    }

    @Test func `an instant that a calendar took out is told from those it left`() throws {
        let since = try at("2025-01-01T00:00:00Z")
        let calendars = ["cn-workdays": DatedCalendar(present: try workdays(), since: since)]
        let timeline = try timeline(CalendarUse(only: "cn-workdays"), calendars)
        let festival = try at("2026-02-17T01:00:00Z")
        #expect(timeline.bareInstant(atOrBefore: festival) == festival)
        // The Saturday before is a make-up workday.
        let saturday = try at("2026-02-14T01:00:00Z")
        #expect(timeline.instant(atOrBefore: festival) == saturday)
        #expect(timeline.next(after: saturday) == (try at("2026-02-24T01:00:00Z")))
        #expect(
            try lines(timeline, on: festival) == [
                "cn-workdays: Tue 2026-02-17 is none of its days: left out"
            ]
        )
        #expect(
            try lines(timeline, on: saturday) == [
                "cn-workdays: Sat 2026-02-14 is one of its days: allowed"
            ]
        )
    }

    @Test func `a moved instant names the day it went to, and a period is named`() throws {
        var freeze = DayCalendar(included: [try CalendarDays(parsing: "12-25")])
        freeze.periods = [try CalendarPeriod(parsing: "2026-06-01T08:00..2026-06-01T10:00")]
        let since = try at("2025-01-01T00:00:00Z")
        let calendars = [
            "cn-workdays": DatedCalendar(present: try workdays(), since: since),
            "freeze": DatedCalendar(present: freeze, since: since),
        ]
        let use = CalendarUse(only: "cn-workdays", except: ["freeze"], shift: .next)
        let timeline = try timeline(use, calendars)
        #expect(
            try lines(timeline, on: at("2026-02-17T01:00:00Z")) == [
                "cn-workdays: Tue 2026-02-17 is none of its days: moved to Tue 2026-02-24",
                "freeze: Tue 2026-02-17 is none of its days: allowed",
            ]
        )
        #expect(
            try lines(timeline, on: at("2026-12-25T01:00:00Z")).last
                == "freeze: Fri 2026-12-25 is one of its days: moved to Mon 2026-12-28"
        )
        #expect(
            try lines(timeline, on: at("2026-06-01T01:00:00Z")).last
                == "freeze: it lies in 2026-06-01T08:00..2026-06-01T10:00: left out"
        )
    }

    @Test func `what a calendar said at the time counts, not what it says now`() throws {
        let edit = try at("2026-03-01T00:00:00Z")
        let calendars = [
            "c": DatedCalendar(
                present: DayCalendar(weekdays: 0),
                eras: [DatedCalendar.Era(calendar: try workdays(), until: edit)],
                since: try at("2026-02-10T00:00:00Z")
            )
        ]
        let timeline = try timeline(CalendarUse(only: "c"), calendars)
        #expect(timeline.instant(atOrBefore: edit) == (try at("2026-02-27T01:00:00Z")))
        #expect(
            timeline.instant(atOrBefore: try at("2026-04-01T00:00:00Z"))
                == (try at("2026-02-27T01:00:00Z"))
        )
        // Before there was such a calendar, nothing was due.
        #expect(timeline.instant(atOrBefore: try at("2026-02-10T00:00:00Z")) == nil)
        #expect(timeline.next(after: edit) == nil)
    }

    @Test func `while a calendar is missing nothing is due, and it is named`() throws {
        let timeline = try timeline(CalendarUse(only: "nope"), [:])
        let instant = try at("2026-02-17T01:00:00Z")
        #expect(timeline.instant(atOrBefore: instant) == nil)
        #expect(timeline.bareInstant(atOrBefore: instant) == instant)
        #expect(
            try lines(timeline, on: instant) == [
                "there is no calendar nope: nothing is due until there is"
            ]
        )
    }
}
