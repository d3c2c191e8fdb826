// Recurrence: what RFC 5545 shows, and what it leaves open.

import CronEval
import Testing
import Vocabulary

@Suite struct `iCalendar recurrence` {
    /// RFC 5545, section 3.8.5.3, as dates: start, rule, days; `...` if there are more.
    ///
    /// UNTIL is the last date that its time there allows.
    static let examples = """
        19970902 FREQ=DAILY;COUNT=10
          1997-09 2-11
        19970902 FREQ=DAILY;UNTIL=19971223
          1997-09 2-30; 1997-10 1-31; 1997-11 1-30; 1997-12 1-23
        19970902 FREQ=DAILY;INTERVAL=2
          1997-09 2 4 6 8 10 12 14 16 18 20 22 24 26 28 30; 1997-10 2 4 6 ...
        19970902 FREQ=DAILY;INTERVAL=10;COUNT=5
          1997-09 2 12 22; 1997-10 2 12
        19980101 FREQ=YEARLY;UNTIL=20000131;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA
          1998-01 1-31; 1999-01 1-31; 2000-01 1-31
        19980101 FREQ=DAILY;UNTIL=20000131;BYMONTH=1
          1998-01 1-31; 1999-01 1-31; 2000-01 1-31
        19970902 FREQ=WEEKLY;COUNT=10
          1997-09 2 9 16 23 30; 1997-10 7 14 21 28; 1997-11 4
        19970902 FREQ=WEEKLY;UNTIL=19971223
          1997-09 2 9 16 23 30; 1997-10 7 14 21 28; 1997-11 4 11 18 25; 1997-12 2 9 16 23
        19970902 FREQ=WEEKLY;INTERVAL=2;WKST=SU
          1997-09 2 16 30; 1997-10 14 28; 1997-11 11 25; 1997-12 9 23; 1998-01 6 20; \
        1998-02 3 17 ...
        19970902 FREQ=WEEKLY;UNTIL=19971006;WKST=SU;BYDAY=TU,TH
          1997-09 2 4 9 11 16 18 23 25 30; 1997-10 2
        19970902 FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH
          1997-09 2 4 9 11 16 18 23 25 30; 1997-10 2
        19970901 FREQ=WEEKLY;INTERVAL=2;UNTIL=19971223;WKST=SU;BYDAY=MO,WE,FR
          1997-09 1 3 5 15 17 19 29; 1997-10 1 3 13 15 17 27 29 31; 1997-11 10 12 14 24 26 28; \
        1997-12 8 10 12 22
        19970902 FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH
          1997-09 2 4 16 18 30; 1997-10 2 14 16
        19970905 FREQ=MONTHLY;COUNT=10;BYDAY=1FR
          1997-09 5; 1997-10 3; 1997-11 7; 1997-12 5; 1998-01 2; 1998-02 6; 1998-03 6; 1998-04 3; \
        1998-05 1; 1998-06 5
        19970905 FREQ=MONTHLY;UNTIL=19971223;BYDAY=1FR
          1997-09 5; 1997-10 3; 1997-11 7; 1997-12 5
        19970907 FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU
          1997-09 7 28; 1997-11 2 30; 1998-01 4 25; 1998-03 1 29; 1998-05 3 31
        19970922 FREQ=MONTHLY;COUNT=6;BYDAY=-2MO
          1997-09 22; 1997-10 20; 1997-11 17; 1997-12 22; 1998-01 19; 1998-02 16
        19970928 FREQ=MONTHLY;BYMONTHDAY=-3
          1997-09 28; 1997-10 29; 1997-11 28; 1997-12 29; 1998-01 29; 1998-02 26 ...
        19970902 FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15
          1997-09 2 15; 1997-10 2 15; 1997-11 2 15; 1997-12 2 15; 1998-01 2 15
        19970930 FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1
          1997-09 30; 1997-10 1 31; 1997-11 1 30; 1997-12 1 31; 1998-01 1 31; 1998-02 1
        19970910 FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15
          1997-09 10-15; 1999-03 10-13
        19970902 FREQ=MONTHLY;INTERVAL=2;BYDAY=TU
          1997-09 2 9 16 23 30; 1997-11 4 11 18 25; 1998-01 6 13 20 27; 1998-03 3 10 17 24 31 ...
        19970610 FREQ=YEARLY;COUNT=10;BYMONTH=6,7
          1997-06 10; 1997-07 10; 1998-06 10; 1998-07 10; 1999-06 10; 1999-07 10; 2000-06 10; \
        2000-07 10; 2001-06 10; 2001-07 10
        19970310 FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3
          1997-03 10; 1999-01 10; 1999-02 10; 1999-03 10; 2001-01 10; 2001-02 10; 2001-03 10; \
        2003-01 10; 2003-02 10; 2003-03 10
        19970101 FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200
          1997-01 1; 1997-04 10; 1997-07 19; 2000-01 1; 2000-04 9; 2000-07 18; 2003-01 1; \
        2003-04 10; 2003-07 19; 2006-01 1
        19970519 FREQ=YEARLY;BYDAY=20MO
          1997-05 19; 1998-05 18; 1999-05 17 ...
        19970512 FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO
          1997-05 12; 1998-05 11; 1999-05 17 ...
        19970313 FREQ=YEARLY;BYMONTH=3;BYDAY=TH
          1997-03 13 20 27; 1998-03 5 12 19 26; 1999-03 4 11 18 25 ...
        19970605 FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8
          1997-06 5 12 19 26; 1997-07 3 10 17 24 31; 1997-08 7 14 21 28; 1998-06 4 11 18 25; \
        1998-07 2 9 16 23 30; 1998-08 6 13 20 27; 1999-06 3 10 17 24; 1999-07 1 8 15 22 29; \
        1999-08 5 12 19 26 ...
        19970913 FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13
          1997-09 13; 1997-10 11; 1997-11 8; 1997-12 13; 1998-01 10; 1998-02 7; 1998-03 7; \
        1998-04 11; 1998-05 9; 1998-06 13 ...
        19961105 FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8
          1996-11 5; 2000-11 7; 2004-11 2 ...
        19970904 FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3
          1997-09 4; 1997-10 7; 1997-11 6
        19970929 FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2
          1997-09 29; 1997-10 30; 1997-11 27; 1997-12 30; 1998-01 29; 1998-02 26; 1998-03 30 ...
        19970805 FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO
          1997-08 5 10 19 24
        19970805 FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU
          1997-08 5 17 19 31
        20070115 FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5
          2007-01 15 30; 2007-02 15; 2007-03 15 30
        """

    @Test func `the standard's own examples come out as it lists them`() throws {
        let rows = Self.examples.split(separator: "\n")
        for (row, expected) in zip(rows, rows.dropFirst()) where !row.hasPrefix(" ") {
            let words = row.split(separator: " ")
            let days = try ICalendarText.days("DTSTART;VALUE=DATE:\(words[0])\nRRULE:\(words[1])")
            let known = String(expected.dropFirst(2))
            if known.hasSuffix(" ...") {
                #expect(days.hasPrefix(known.dropLast(4)) && days.count > known.count, "\(row)")
            } else {
                #expect(days == known, "\(row)")
            }
        }
        #expect(rows.count(where: { !$0.hasPrefix(" ") }) == 36)
    }

    @Test func `the standard's Friday the 13th does without its first day by an exception`() throws
    {
        let days = try ICalendarText.days(
            """
            DTSTART;VALUE=DATE:19970902
            EXDATE;VALUE=DATE:19970902
            RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13
            """
        )
        #expect(days.hasPrefix("1998-02 13; 1998-03 13; 1998-11 13; 1999-08 13; 2000-10 13; "))
    }

    /// Start, rule, days: where the standard leaves room, and corners of the calendar.
    static let decisions = """
        20260102 FREQ=MONTHLY;BYMONTHDAY=15;COUNT=3
          2026-01 2 15; 2026-02 15
        20260102 FREQ=YEARLY;UNTIL=20260101
          none
        20240229 FREQ=YEARLY;COUNT=3
          2024-02 29; 2028-02 29; 2032-02 29
        20260131 FREQ=MONTHLY;COUNT=4
          2026-01 31; 2026-03 31; 2026-05 31; 2026-07 31
        20210104 FREQ=YEARLY;BYWEEKNO=53;UNTIL=20400101
          2021-01 4; 2026-12 28; 2032-12 27; 2037-12 28
        20260101 FREQ=YEARLY;BYWEEKNO=1;COUNT=4
          2026-01 1; 2027-01 7; 2028-01 6; 2029-01 4
        20260101 FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU;COUNT=4
          2026-01 1; 2027-01 3; 2028-01 2; 2028-12 31
        20260101 FREQ=YEARLY;BYWEEKNO=-52,-53;BYDAY=MO;COUNT=4
          2026-01 1 5; 2027-01 4; 2028-01 3
        20260101 FREQ=YEARLY;BYYEARDAY=366,-366;UNTIL=20330101
          2026-01 1; 2028-01 1; 2028-12 31; 2032-01 1; 2032-12 31
        20260101 FREQ=YEARLY;BYDAY=53TH,-53FR;UNTIL=20330101
          2026-01 1; 2026-12 31; 2027-01 1; 2032-01 2; 2032-12 30
        20260107 FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=1,-1;COUNT=5
          2026-01 7 9 12 16 19
        20260101 FREQ=MONTHLY;BYDAY=MO,2TU;COUNT=7
          2026-01 1 5 12-13 19 26; 2026-02 2
        20260101 FREQ=DAILY;BYDAY=MO;BYSETPOS=-1;COUNT=3
          2026-01 1 5 12
        20260101 FREQ=DAILY;BYDAY=MO;BYSETPOS=2;COUNT=3
          2026-01 1
        20260101 FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30
          2026-01 1
        00010101 FREQ=YEARLY;COUNT=1972
          1970-01 1; 1971-01 1; 1972-01 1
        16010101 FREQ=YEARLY;INTERVAL=123
          1970-01 1; 2093-01 1
        21990301 FREQ=YEARLY;INTERVAL=999999999
          2199-03 1
        21991230 FREQ=DAILY
          2199-12 30-31
        """

    @Test func `what the standard leaves open is decided`() throws {
        let rows = Self.decisions.split(separator: "\n")
        for (row, expected) in zip(rows, rows.dropFirst()) where !row.hasPrefix(" ") {
            let words = row.split(separator: " ")
            let calendar = try ICalendar(
                parsing: ICalendarText.event("DTSTART;VALUE=DATE:\(words[0])\nRRULE:\(words[1])")
            )
            let days = calendar.events.first.map { ICalendarText.text($0.days) } ?? "none"
            #expect(days == String(expected.dropFirst(2)), "\(row)")
        }
    }

    @Test func `parts may be in any order and case, with blanks and a semicolon too many`() throws {
        let days = try ICalendarText.days(
            """
            dtstart;value=date:20260105
            rrule:count=3; ByDay = mo ,tu;freq=Weekly;
            """
        )
        #expect(days == "2026-01 5-6 12")
    }

    @Test func `further rules and dates are added, exceptions are taken away`() throws {
        let days = try ICalendarText.days(
            """
            EXDATE;VALUE=DATE:20260108,20260201
            EXDATE:20260302
            EXDATE:
            DTSTART;VALUE=DATE:20260101
            DTEND;VALUE=DATE:20260103
            RRULE:FREQ=WEEKLY;COUNT=3
            RRULE:FREQ=MONTHLY;COUNT=3
            RDATE;VALUE=DATE:20260302,20260402
            RDATE;VALUE=DATE:20260102
            """
        )
        #expect(days == "2026-01 1-3 15-16; 2026-03 1-2; 2026-04 2-3")
    }

    @Test func `rules that match nothing end at once`() throws {
        let rules = [
            "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
            "FREQ=MONTHLY;BYDAY=6MO", "FREQ=MONTHLY;INTERVAL=12;BYMONTH=7",
            "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31", "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=12",
            "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=2;COUNT=999999999",
        ]
        for rule in rules {
            let days = try ICalendarText.days(
                "DTSTART;VALUE=DATE:00010101\nRDATE:20260101\nRRULE:\(rule)"
            )
            #expect(days == "2026-01 1", "\(rule)")
        }
    }
}
