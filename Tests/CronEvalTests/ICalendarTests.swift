// Reading iCalendar files: lines, properties, components, and which days an event has.

import CronEval
import Testing
import Vocabulary

@Suite struct `iCalendar files` {
    @Test func `an event has the days from DTSTART to before DTEND`() throws {
        #expect(try ICalendarText.days("DTSTART;VALUE=DATE:20260217") == "2026-02 17")
        for (end, days) in [
            ("DTEND;VALUE=DATE:20260218", "2026-02 17"),
            ("DTEND;VALUE=DATE:20260217", "2026-02 17"),
            ("DTEND:20260220", "2026-02 17-19"),
            ("DTEND;VALUE=DATE:20260303", "2026-02 17-28; 2026-03 1-2"),
            ("DURATION:P2D", "2026-02 17-18"), ("DURATION:p1w", "2026-02 17-23"),
            ("DURATION:+P1DT24H", "2026-02 17-18"), ("DURATION:PT24H0M0S", "2026-02 17"),
            ("DURATION:P0D", "2026-02 17"),
        ] {
            #expect(try ICalendarText.days("DTSTART;VALUE=DATE:20260217\n\(end)") == days, "\(end)")
        }
    }

    @Test func `days outside of 1970 to 2199 are cut`() throws {
        for (lines, days) in [
            ("DTSTART:19691230\nDTEND:19700103", "1970-01 1-2"),
            ("DTSTART:21991231\nDURATION:P999999999W", "2199-12 31"),
            ("DTSTART:19500101\nRRULE:FREQ=YEARLY;COUNT=22", "1970-01 1; 1971-01 1"),
            ("DTSTART:19691225\nDURATION:P10D\nRRULE:FREQ=MONTHLY;COUNT=1", "1970-01 1-3"),
        ] {
            #expect(try ICalendarText.days(lines) == days, "\(lines)")
        }
        for year in ["0000", "1969", "2200", "9999"] {
            let calendar = try ICalendar(parsing: ICalendarText.event("DTSTART:\(year)0101"))
            #expect(calendar.events.isEmpty)
            #expect(ICalendarText.notes(calendar) == ["3 eventWithoutDays"])
        }
    }

    @Test func `days that meet or overlap are one range, others are not`() throws {
        for (lines, count) in [
            ("RRULE:FREQ=DAILY;COUNT=3", 1), ("RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3", 3),
            ("DURATION:P2D\nRRULE:FREQ=DAILY;INTERVAL=2;COUNT=3", 1),
            ("DURATION:P9D\nRRULE:FREQ=WEEKLY;COUNT=3\nRDATE:20270101", 2),
        ] {
            let calendar = try ICalendar(
                parsing: ICalendarText.event("DTSTART:20260101\n\(lines)")
            )
            #expect(calendar.events.first?.days.count == count, "\(lines)")
        }
    }

    static let plain = """
        BEGIN:VEVENT
        DTSTART;VALUE=DATE:20260101
        SUMMARY:New Year's Day\\, a holiday
        CATEGORIES:Public,Bank
        END:VEVENT
        """

    @Test func `line ends, folds and a byte order mark do not matter`() throws {
        let expected = AllDayEvent(
            line: 3,
            summary: "New Year's Day, a holiday",
            categories: ["Public", "Bank"],
            days: try [#require(date(2026, 1, 1))...#require(date(2026, 1, 1))]
        )
        for end in ["\r\n", "\n", "\r\r\n"] {
            let whole = ICalendarText.bytes(Self.plain, end: end)
            #expect(try ICalendar(parsing: whole).events == [expected])
            #expect(try ICalendar(parsing: [0xEF, 0xBB, 0xBF] + whole).events == [expected])
            for fold in ["\(end) ", "\(end)\t"] {
                // Every place of the title's line may be folded, and all of them at once.
                let title = "SUMMARY:New Year's Day\\, a holiday"
                let text = String(decoding: whole, as: UTF8.self)
                for count in 1..<title.count {
                    let folded = title.prefix(count) + fold + title.dropFirst(count)
                    let bytes = Array(text.replacing(title, with: folded).utf8)
                    #expect(try ICalendar(parsing: bytes).events == [expected], "\(folded)")
                }
                let shredded = title.map { "\($0)" }.joined(separator: fold)
                let calendar = try ICalendar(
                    parsing: Array(text.replacing(title, with: shredded).utf8)
                )
                #expect(calendar.events == [expected])
            }
        }
    }

    @Test func `a fold may lie inside of a character`() throws {
        let bytes = ICalendarText.event("DTSTART:20260217\nSUMMARY:春节")
        let place = try #require(bytes.firstIndex(of: 0xE6))
        var folded = bytes
        folded.insert(contentsOf: Array("\r\n ".utf8), at: place + 1)
        #expect(try ICalendar(parsing: folded).events == ICalendar(parsing: bytes).events)
        #expect(try ICalendar(parsing: folded).events.first?.summary == "春节")
    }

    @Test func `lines are counted as in the file, folds included`() throws {
        let calendar = try ICalendarText.calendar(
            """

            X-NOTE:a
             b
             c
            BEGIN:VEVENT
            DTSTART:20260101
            END:VEVENT
            BEGIN:VTODO
            END:VTODO
            """
        )
        #expect(calendar.events.map(\.line) == [7])
        #expect(ICalendarText.notes(calendar) == ["10 ignoredComponent"])
    }

    @Test func `text has its escapes resolved`() throws {
        for (text, expected) in [
            ("a\\, b\\; c\\\\ d\\n e\\N f", "a, b; c\\ d\n e\n f"), ("", ""), ("a\\", "a"),
            ("5 \\\" : ; , %", "5 \" : ; , %"), ("  blanks  ", "  blanks  "),
        ] {
            let calendar = try ICalendar(
                parsing: ICalendarText.event("DTSTART:20260101\nSUMMARY;ALTREP=\"CID:a;b\":\(text)")
            )
            #expect(calendar.events.first?.summary == expected)
        }
        let lists = try ICalendar(
            parsing: ICalendarText.event(
                "DTSTART:20260101\nCATEGORIES:a\\,b, c ,,d\nCATEGORIES;LANGUAGE=en:e"
            )
        )
        #expect(lists.events.first?.categories == ["a,b", "c", "d", "e"])
    }

    @Test func `parameters may be quoted, and quotes may hold what separates`() throws {
        for start in [
            "DTSTART;X=\"a:b;VALUE=DATE-TIME\";VALUE=DATE:20260101",
            "dtstart;Value=\"date\":20260101", "DTSTART;X=a=b;VALUE=DATE: 20260101 ",
            "DTSTART;;X;VALUE=DATE:20260101", "DTSTART;VALUE=DATE:20260101T093000",
            "DTSTART;VALUE=DATE-TIME:20260101",
        ] {
            #expect(try ICalendarText.days(start) == "2026-01 1", "\(start)")
        }
        let zone = "DTSTART;TZID=(UTC+01:00) Berlin, Rom:20260101T000000"
        let timed = try ICalendar(parsing: ICalendarText.event(zone))
        #expect(timed.timedEventCount == 1)
    }

    @Test func `what other components say is not the event's`() throws {
        let calendar = try ICalendarText.calendar(
            """
            BEGIN:VTIMEZONE
            TZID:Europe/Berlin
            BEGIN:DAYLIGHT
            DTSTART:19810329T020000
            RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
            END:DAYLIGHT
            END:VTIMEZONE
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20260101
            SUMMARY:Neujahr
            BEGIN:VALARM
            TRIGGER:-PT15M
            SUMMARY:Alarm
            DURATION:PT5M
            BEGIN:X-INNER
            DTSTART:19700101
            END:X-INNER
            END:VALARM
            DTEND;VALUE=DATE:20260102
            END:VEVENT
            BEGIN:VTODO
            DTSTART;VALUE=DATE:20260301
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20260302
            END:VEVENT
            END:VTODO
            BEGIN:X:VEVENT
            DTSTART;VALUE=DATE:20260303
            END:x:vevent
            """
        )
        #expect(ICalendarText.lines(calendar) == "Neujahr: 2026-01 1")
        #expect(ICalendarText.notes(calendar) == ["23 ignoredComponent", "29 ignoredComponent"])
    }

    @Test func `one file may hold several calendars`() throws {
        let one = ICalendarText.event("DTSTART:20260101\nSUMMARY:A")
        let two = ICalendarText.bytes(
            "X-WR-CALNAME:Second\nBEGIN:VEVENT\nDTSTART:20260102\nEND:VEVENT"
        )
        let calendar = try ICalendar(parsing: one + two)
        #expect(ICalendarText.lines(calendar) == "A: 2026-01 1\n: 2026-01 2")
        #expect(calendar.name == "Second")
    }

    @Test func `an override moves one occurrence, or takes it away`() throws {
        let calendar = try ICalendarText.calendar(
            """
            BEGIN:VEVENT
            UID:1
            DTSTART;VALUE=DATE:20260504
            RECURRENCE-ID;VALUE=DATE:20260501
            SUMMARY:Moved
            END:VEVENT
            BEGIN:VEVENT
            UID:1
            DTSTART;VALUE=DATE:20240501
            RRULE:FREQ=YEARLY;COUNT=5
            SUMMARY:Labour Day
            END:VEVENT
            BEGIN:VEVENT
            UID:1
            RECURRENCE-ID;VALUE=DATE:20270501
            STATUS:CANCELLED
            END:VEVENT
            BEGIN:VEVENT
            UID:1
            DTSTART:20280501T080000Z
            RECURRENCE-ID;VALUE=DATE:20280501
            SUMMARY:Morning
            END:VEVENT
            BEGIN:VEVENT
            UID:2
            DTSTART;VALUE=DATE:20250501
            RECURRENCE-ID;VALUE=DATE:20240501
            SUMMARY:Of no series here
            END:VEVENT
            """
        )
        #expect(
            ICalendarText.lines(calendar)
                == "Moved: 2026-05 4\nLabour Day: 2024-05 1; 2025-05 1\n"
                + "Of no series here: 2025-05 1"
        )
        #expect(ICalendarText.notes(calendar) == ["20 timedEvent"])
        #expect(calendar.timedEventCount == 1)
    }

    @Test func `a thousand notes are kept and the others counted`() throws {
        let calendar = try ICalendarText.calendar(
            String(repeating: "no property\n", count: 1_234)
        )
        #expect(calendar.notes.count == 1_000)
        #expect(calendar.furtherNoteCount == 234)
        #expect(calendar.notes.last?.line == 1_002)
    }

    func date(_ year: Int, _ month: Int, _ day: Int) -> CivilDate? {
        CivilDate(year: year, month: month, day: day)
    }
}
