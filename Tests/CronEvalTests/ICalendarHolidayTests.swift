// Holiday files as they are published, and what common programs write.

import CronEval
import Testing
import Vocabulary

@Suite struct `Holiday files` {
    /// China's arrangement for 2026, with the marks that Apple's calendar has.
    static let china = """
        X-WR-CALNAME:中国大陆节假日
        X-WR-TIMEZONE:Asia/Shanghai
        BEGIN:VEVENT
        DTSTART;VALUE=DATE:20260101
        DTEND;VALUE=DATE:20260104
        SUMMARY;LANGUAGE=zh_CN:元旦（休）
        X-APPLE-SPECIAL-DAY:WORK-HOLIDAY
        END:VEVENT
        BEGIN:VEVENT
        DTSTART;VALUE=DATE:20260104
        SUMMARY;LANGUAGE=zh_CN:元旦（班）
        X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY
        END:VEVENT
        BEGIN:VEVENT
        DTSTART;VALUE=DATE:20260214
        SUMMARY;LANGUAGE=zh_CN:春节（班）
        X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY
        END:VEVENT
        BEGIN:VEVENT
        DTSTART;VALUE=DATE:20260215
        DTEND;VALUE=DATE:20260224
        SUMMARY;LANGUAGE=zh_CN:春节（休）
        X-APPLE-SPECIAL-DAY:WORK-HOLIDAY
        END:VEVENT
        BEGIN:VEVENT
        DTSTART;VALUE=DATE:20260228
        SUMMARY;LANGUAGE=zh_CN:春节（班）
        X-APPLE-SPECIAL-DAY:ALTERNATE-WORKDAY
        END:VEVENT
        BEGIN:VEVENT
        DTSTART;VALUE=DATE:20260303
        SUMMARY;LANGUAGE=zh_CN:元宵节
        END:VEVENT
        """

    @Test func `China's holidays and the weekends worked for them make its workdays`() throws {
        let file = try ICalendarText.calendar(Self.china)
        #expect(file.name == "中国大陆节假日")
        #expect(file.notes.isEmpty)
        #expect(
            ICalendarText.lines(file) == """
                元旦（休）: 2026-01 1-3
                元旦（班）: 2026-01 4
                春节（班）: 2026-02 14
                春节（休）: 2026-02 15-23
                春节（班）: 2026-02 28
                元宵节: 2026-03 3
                """
        )
        #expect(
            file.events.map(\.mark) == [.holiday, .workday, .workday, .holiday, .workday, nil]
        )
        func days(_ mark: AllDayEvent.Mark) -> [CalendarDays] {
            file.events.filter { $0.mark == mark }.flatMap(\.days).map { .once($0) }
        }
        let workdays = DayCalendar(
            weekdays: DayCalendar.workweek,
            included: days(.workday),
            excluded: days(.holiday)
        ).days
        let worked = try (1...28).filter { day in
            workdays.contains(try #require(CivilDate(year: 2026, month: 2, day: day)))
        }
        #expect(worked == [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 14, 24, 25, 26, 27, 28])
    }

    @Test func `Chinese files that mark days in titles and categories keep both`() throws {
        let file = try ICalendarText.calendar(
            """
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20261001
            DTEND;VALUE=DATE:20261008
            SUMMARY:国庆节 假期 第1天/共7天
            CATEGORIES:假期
            END:VEVENT
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20261010
            DTEND;VALUE=DATE:20261011
            SUMMARY:国庆节 补班
            CATEGORIES:上班
            BEGIN:VALARM
            TRIGGER:-PT60M
            ACTION:DISPLAY
            END:VALARM
            END:VEVENT
            """
        )
        #expect(
            ICalendarText.lines(file)
                == "国庆节 假期 第1天/共7天: 2026-10 1-7\n国庆节 补班: 2026-10 10"
        )
        #expect(file.events.map(\.categories) == [["假期"], ["上班"]])
    }

    @Test func `US holidays recur by weekday`() throws {
        let file = try ICalendarText.calendar(
            """
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20260119
            RRULE:FREQ=YEARLY;BYMONTH=1;BYDAY=3MO;COUNT=3
            SUMMARY:Martin Luther King Jr. Day
            END:VEVENT
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20260525
            RRULE:FREQ=YEARLY;BYDAY=-1MO;BYMONTH=5;UNTIL=20281231
            SUMMARY:Memorial Day
            END:VEVENT
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20250120
            RRULE:FREQ=YEARLY;INTERVAL=4;COUNT=2
            SUMMARY:Inauguration Day
            END:VEVENT
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20261126
            DTEND;VALUE=DATE:20261127
            RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=TH;BYSETPOS=4;COUNT=3
            SUMMARY:Thanksgiving
            END:VEVENT
            """
        )
        #expect(
            ICalendarText.lines(file) == """
                Martin Luther King Jr. Day: 2026-01 19; 2027-01 18; 2028-01 17
                Memorial Day: 2026-05 25; 2027-05 31; 2028-05 29
                Inauguration Day: 2025-01 20; 2029-01 20
                Thanksgiving: 2026-11 26; 2027-11 25; 2028-11 23
                """
        )
    }

    @Test func `German holidays recur by date, those by Easter are listed`() throws {
        let file = try ICalendarText.calendar(
            """
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:19901003
            RRULE:FREQ=YEARLY;UNTIL=19921003
            SUMMARY:Tag der Deutschen Einheit
            END:VEVENT
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20251225
            DTEND;VALUE=DATE:20251227
            RRULE:FREQ=YEARLY;COUNT=2
            SUMMARY:Weihnachten
            END:VEVENT
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20260403
            RDATE;VALUE=DATE:20270326,20280414
            SUMMARY:Karfreitag
            END:VEVENT
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20261118
            RRULE:FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=16,17,18,19,20,21,22;BYDAY=WE;COUNT=3
            SUMMARY:Buß- und Bettag
            END:VEVENT
            """
        )
        #expect(
            ICalendarText.lines(file) == """
                Tag der Deutschen Einheit: 1990-10 3; 1991-10 3; 1992-10 3
                Weihnachten: 2025-12 25-26; 2026-12 25-26
                Karfreitag: 2026-04 3; 2027-03 26; 2028-04 14
                Buß- und Bettag: 2026-11 18; 2027-11 17; 2028-11 22
                """
        )
    }

    @Test func `Outlook's days that run from midnight to midnight are whole days`() throws {
        func event(_ lines: String) throws -> String {
            let file = try ICalendar(
                parsing: ICalendarText.event(
                    """
                    SUMMARY;LANGUAGE=de:Betriebs
                     ferien
                    \(lines)
                    X-MICROSOFT-CDO-BUSYSTATUS:OOF
                    X-MICROSOFT-CDO-ALLDAYEVENT:TRUE
                    """
                )
            )
            #expect(file.events.count + file.timedEventCount == 1)
            #expect(file.notes.count == file.timedEventCount)
            return ICalendarText.lines(file)
        }
        let zone = "TZID=\"(UTC+01:00) Amsterdam, Berlin\""
        for lines in [
            "DTSTART;\(zone):20261224T000000\nDTEND;\(zone):20261227T000000",
            "DTSTART:20261224T000000\nDURATION:P3D",
            "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227",
        ] {
            #expect(try event(lines) == "Betriebsferien: 2026-12 24-26", "\(lines)")
        }
        let series = """
            DTSTART;\(zone):20201229T000000
            RRULE:FREQ=MONTHLY;COUNT=3;BYDAY=TU;BYSETPOS=-1
            EXDATE;\(zone):20210126T000000
            """
        #expect(try event(series) == "Betriebsferien: 2020-12 29; 2021-02 23")
        let week = "DTSTART:20261224T000000\nRRULE:FREQ=DAILY;UNTIL=20261226T000000"
        #expect(try event(week) == "Betriebsferien: 2026-12 24-26")
        // In UTC nobody knows whose days these are; and half a day is none.
        for lines in [
            "DTSTART:20261224T000000Z\nDTEND:20261225T000000Z",
            "DTSTART:20261224T000000\nDTEND:20261224T120000", "DTSTART:20261224T120000",
            "DTSTART:20261224T000000\nDURATION:PT12H",
        ] {
            #expect(try event(lines) == "", "\(lines)")
        }
    }

    @Test func `Google's series have exceptions and overrides by date`() throws {
        let file = try ICalendarText.calendar(
            """
            PRODID:-//Google Inc//Google Calendar 70.9054//EN
            CALSCALE:GREGORIAN
            METHOD:PUBLISH
            X-WR-CALNAME:Team\\, Berlin
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20260105
            DTEND;VALUE=DATE:20260106
            RRULE:FREQ=WEEKLY;WKST=MO;UNTIL=20260201T225959Z;BYDAY=MO
            EXDATE;VALUE=DATE:20260112
            DTSTAMP:20260101T000000Z
            UID:abc@google.com
            STATUS:CONFIRMED
            SUMMARY:Freeze
            TRANSP:TRANSPARENT
            END:VEVENT
            BEGIN:VEVENT
            DTSTART;VALUE=DATE:20260120
            DTEND;VALUE=DATE:20260122
            DTSTAMP:20260101T000000Z
            UID:abc@google.com
            RECURRENCE-ID;VALUE=DATE:20260119
            SUMMARY:Freeze (longer)
            END:VEVENT
            BEGIN:VEVENT
            DTSTART:20260119T083000Z
            DTEND:20260119T093000Z
            UID:def@google.com
            SUMMARY:Standup
            END:VEVENT
            """
        )
        #expect(file.name == "Team, Berlin")
        #expect(
            ICalendarText.lines(file)
                == "Freeze: 2026-01 5 26\nFreeze (longer): 2026-01 20-21"
        )
        #expect(ICalendarText.notes(file) == ["10 ignoredTime", "26 timedEvent"])
    }
}
