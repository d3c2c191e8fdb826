// What is refused of iCalendar files, in which words, and where the limits are.

import CronEval
import TestSupport
import Testing
import Vocabulary

@Suite struct `iCalendar errors` {
    /// Lines of one event that starts on line 3.
    static let events = [
        "DTSTART;VALUE=DATE:20260230", "DTSTART:2026-02-17", "DTSTART:", "DTSTART:20261",
        "DTSTART:20260217T0900", "DTSTART;VALUE=DATE:20261301T000000",
        "DTSTART;VALUE=DATE", "DTSTART;X=\"a:20260101", "SUMMARY;LANGUAGE=de",
        "DTSTART:20260101\nDTSTART:20260102",
        "DTSTART:20260101\nDTEND:20260102\nDTEND:20260103",
        "DTSTART:20260101\nDTEND:20260102\nDURATION:P1D",
        "DTSTART:20260102\nDTEND:20260101", "DTSTART:20260102\nDTEND:tomorrow",
        "DTSTART;VALUE=DATE:20260101\nDTEND:20260101T235959",
        "DTSTART:20260101\nDURATION:PT12H", "DTSTART:20260101\nDURATION:-P1D",
        "DTSTART:20260101\nDURATION:P", "DTSTART:20260101\nDURATION:P1DT",
        "DTSTART:20260101\nDURATION:P1D2W", "DTSTART:20260101\nDURATION:P1234567890D",
        "DTSTART:20260101\nRDATE:20260102,,20260103",
        "DTSTART:20260101\nRDATE;VALUE=PERIOD:20260102T000000Z/P1D",
        "DTSTART:20260101\nEXDATE:20260132",
        "UID:1\nDTSTART:20260101\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:today",
    ]

    /// Rules of an event with the rule on line 5.
    static let rules = [
        "", "INTERVAL=2", "FREQ", "FREQ=", "FREQ=FORTNIGHTLY", "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;COUNT=3;UNTIL=20260105", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;COUNT=two",
        "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;INTERVAL=1000000000", "FREQ=DAILY;UNTIL=forever",
        "FREQ=DAILY;UNTIL=20260229", "FREQ=DAILY;WKST=1", "FREQ=DAILY;BYMONTH=13",
        "FREQ=DAILY;BYMONTH=-1", "FREQ=DAILY;BYMONTH=", "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=1,32", "FREQ=MONTHLY;BYMONTHDAY=-9223372036854775808",
        "FREQ=YEARLY;BYYEARDAY=367", "FREQ=YEARLY;BYWEEKNO=54", "FREQ=MONTHLY;BYDAY=MONDAY",
        "FREQ=MONTHLY;BYDAY=1MON", "FREQ=MONTHLY;BYDAY=54MO", "FREQ=MONTHLY;BYDAY=0MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "FREQ=MONTHLY;BYSETPOS=1", "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=DAILY;BYDAY=1MO", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO", "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYYEARDAY=1", "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=MONTHLY;BYDAY=MO\u{7}\u{301}tuesday-wednesday-thursday-friday-saturday",
    ]

    /// Whole files.
    static let files = [
        "", "\n\n", "<!DOCTYPE html>\n<html>", "BEGIN:VCARD\nEND:VCARD", "END:VCALENDAR",
        "VERSION:2.0", "{\"events\": []}", "BEGIN:VCALENDAR\nVERSION:1.0\nEND:VCALENDAR",
        "BEGIN:VCALENDAR", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260101", "BEGIN:VCALENDAR\nEND",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR", "BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN;X",
    ]

    static func refusal(_ bytes: [UInt8]) -> ICalendarError? {
        do throws(ICalendarError) {
            _ = try ICalendar(parsing: bytes)
            return nil
        } catch { return error }
    }

    @Test func `every error says where, what and what to write instead`() throws {
        var refusals = Self.events.map { ($0, Self.refusal(ICalendarText.event($0))) }
        refusals += Self.rules.map { rule in
            let event = ICalendarText.event("DTSTART:20260101\nRRULE:\(rule)")
            return ("RRULE:\(rule)", Self.refusal(event))
        }
        refusals += Self.files.map { ($0, Self.refusal(Array($0.utf8))) }
        refusals.append(("UTF-16", Self.refusal([0xFF, 0xFE, 0x42, 0, 0x45, 0])))
        refusals += Self.limits.map { ($0.name, $0.refusal) }
        var codes: Set<ICalendarError.Code> = []
        var text = ""
        for (input, error) in refusals {
            if let code = error?.code { codes.insert(code) }
            text += "\(input.debugDescription.dropFirst().dropLast())\n"
            text += "    " + (error.map { "\($0.code): \($0)" } ?? "accepted") + "\n"
        }
        try expectGolden(text, named: "icalendar-errors.txt")
        let missing = Set(ICalendarError.Code.allCases).subtracting(codes)
        #expect(missing.isEmpty)
    }

    struct Limit {
        let name: String
        let code: ICalendarError.Code
        let within: [UInt8]
        /// What is said of a file that is just beyond.
        let refusal: ICalendarError?

        init(name: String, code: ICalendarError.Code, within: [UInt8], beyond: [UInt8]) {
            self.name = name
            self.code = code
            self.within = within
            refusal = `iCalendar errors`.refusal(beyond)
        }
    }

    /// For each limit a file that just keeps it and one that just does not.
    static let limits: [Limit] = {
        func text(of count: Int, _ line: (Int) -> String) -> [UInt8] {
            ICalendarText.bytes((0..<count).map(line).joined(separator: "\n"))
        }
        func event(_ lines: String) -> String { "BEGIN:VEVENT\n\(lines)\nEND:VEVENT" }
        func padded(to count: Int) -> [UInt8] {
            var bytes = ICalendarText.bytes("X-A:b")
            while bytes.count < count {
                let length = min(count - bytes.count, 60_000)
                bytes += Array("\nX-A:".utf8.prefix(length))
                bytes += [UInt8](repeating: 0x61, count: max(length - 5, 0))
            }
            return bytes
        }
        // The three events together have 100,000 days and what `rest` is more than 1.
        func days(_ rest: Int) -> [UInt8] {
            ICalendarText.bytes(
                event("DTSTART:19700101\nRRULE:FREQ=DAILY;COUNT=49000")
                    + "\n" + event("DTSTART:19700101\nDURATION:P50999D")
                    + "\n" + event("DTSTART:20260101\nDURATION:P\(rest)D")
            )
        }
        // Each rule looks at a January in each of the 230 years to 2199.
        func months(_ count: Int) -> [UInt8] {
            let rule = "DTSTART:19700101\nRRULE:FREQ=MONTHLY;INTERVAL=12;BYMONTH=7"
            return text(of: count) { _ in event(rule) }
        }
        func nested(_ count: Int) -> [UInt8] {
            let begins = (1..<count).map { "BEGIN:X-\($0)" }
            let ends = (1..<count).reversed().map { "END:X-\($0)" }
            return ICalendarText.bytes((begins + ends).joined(separator: "\n"))
        }
        return [
            Limit(
                name: "bytes",
                code: .tooLarge,
                within: padded(to: 4 << 20),
                beyond: padded(to: 4 << 20 + 1)
            ),
            Limit(
                name: "bytes of a line",
                code: .lineTooLong,
                within: text(of: 1) { _ in "X:" + String(repeating: "a\n b", count: 32_767) },
                beyond: text(of: 1) { _ in "X:a" + String(repeating: "a\n b", count: 32_767) }
            ),
            Limit(
                name: "events",
                code: .tooManyEvents,
                within: text(of: 20_000) { _ in event("DTSTART:20260101") },
                beyond: text(of: 20_001) { _ in event("DTSTART:20260101") }
            ),
            Limit(name: "days", code: .tooManyDays, within: days(1), beyond: days(2)),
            Limit(
                name: "months",
                code: .tooManyMonths,
                within: months(2_173),
                beyond: months(2_174)
            ),
            Limit(name: "depth", code: .tooDeep, within: nested(16), beyond: nested(17)),
        ]
    }()

    @Test func `each limit holds exactly`() {
        for limit in Self.limits {
            #expect(Self.refusal(limit.within) == nil, "\(limit.name)")
            #expect(limit.refusal?.code == limit.code, "\(limit.name)")
        }
    }

    /// One of everything that is passed over.
    private static let passedOver =
        """
        BEGIN:VEVENT
        SUMMARY:Standup
        DTSTART:20260101T090000Z
        RRULE:nonsense that nobody has to read
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Off
        DTSTART:20260101
        STATUS:Cancelled
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Some day
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Past
        DTSTART:19500101
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:By the hour
        DTSTART:20260101
        RRULE:FREQ=HOURLY;INTERVAL=24
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Lunar
        DTSTART:20260217
        RRULE:RSCALE=CHINESE;FREQ=YEARLY
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Skipping
        DTSTART:20260131
        RRULE:RSCALE=GREGORIAN;SKIP=FORWARD;FREQ=MONTHLY
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Leap month
        DTSTART:20260131
        RRULE:FREQ=YEARLY;BYMONTH=5L
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Easter
        DTSTART:20260405
        RRULE:FREQ=YEARLY;BYEASTER=0
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Except
        DTSTART:20260101
        RRULE:FREQ=DAILY;COUNT=3
        EXRULE:FREQ=WEEKLY
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:From now on
        DTSTART:20260101
        RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260101
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Kept\u{7F}
        DTSTART:20260101
        RRULE:RSCALE=gregorian;SKIP=omit;FREQ=DAILY;BYHOUR=9;BYMINUTE=0;UNTIL=2026
         0103T220000Z
        EXDATE:20260102T120000
        END:VEVENT
        BEGIN:VJOURNAL
        END:VJOURNAL
        some stray words
        END:VCALENDAR
        DTSTART:20260101
        BEGIN:VEVENT
        END:VEVENT
        BEGIN:VCALENDAR
        """

    @Test func `every note says what was passed over and why`() throws {
        let calendar = try ICalendar(parsing: ICalendarText.bytes(Self.passedOver))
        let latin = ICalendarText.event("DTSTART:20260101\nSUMMARY:Caf\u{1}").map {
            $0 == 1 ? 0xE9 : $0
        }
        let damaged = try ICalendar(parsing: latin)
        #expect(damaged.events.first?.summary == "Caf\u{FFFD}")
        let notes = calendar.notes + damaged.notes
        try expectGolden(
            notes.map { "\($0.kind): \($0)\n" }.joined(),
            named: "icalendar-notes.txt"
        )
        #expect(ICalendarText.lines(calendar) == "Kept\u{7F}: 2026-01 1 3")
        #expect(Set(notes.map(\.kind)) == Set(ICalendarNote.Kind.allCases))
    }
}
