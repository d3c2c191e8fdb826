// iCalendar bytes that nobody meant: read or refused, never a trap, never for ever.

import CronEval
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.randomized)) struct `Arbitrary iCalendar bytes` {
    static let seeds = [
        "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260101\nDTEND;VALUE=DATE:20260103\nUID:1\n"
            + "RRULE:FREQ=YEARLY;BYDAY=-1MO,2TU;BYMONTH=1,5;COUNT=9;WKST=SU\n"
            + "EXDATE;VALUE=DATE:20260526\nSUMMARY:a\\, b\nCATEGORIES:c,d\nEND:VEVENT",
        "BEGIN:VEVENT\nDTSTART:20260101\nDURATION:P1W\nRRULE:FREQ=MONTHLY;INTERVAL=2;"
            + "BYMONTHDAY=-1,15;BYSETPOS=-1;UNTIL=20271231\nRDATE:20280101,20280102\nEND:VEVENT",
        "BEGIN:VEVENT\nUID:1\nDTSTART:19690101\nRRULE:FREQ=WEEKLY;BYDAY=MO,FR;COUNT=200\nEND:VEVENT"
            + "\nBEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260105\nDTSTART:20260106\nEND:VEVENT",
        "BEGIN:VEVENT\nDTSTART:20260101\nRRULE:FREQ=YEARLY;COUNT=9;BYWEEKNO=1,-1;BYYEARDAY=1,366\n"
            + "STATUS:CONFIRMED\nBEGIN:VALARM\nTRIGGER:-PT1H\nEND:VALARM\nEND:VEVENT",
    ]
    static let alphabet = Array("0123456789-+;:=,\"\\ \n\tABDEFMNORTUWY\u{0}\u{7F}é".utf8)

    @Test func `a damaged file is read or refused, and what is read keeps the promises`() throws {
        var dice = SeededGenerator(seed: 12)
        var accepted = 0
        var recurring = 0
        let bounds =
            try #require(CivilDate(year: 1970, month: 1, day: 1))...#require(
                CivilDate(year: 2199, month: 12, day: 31)
            )
        for round in 0..<6_000 {
            var bytes = ICalendarText.bytes(Self.seeds[round % Self.seeds.count])
            for _ in 0..<Int.random(in: 1...2, using: &dice) { Self.damage(&bytes, by: &dice) }
            do throws(ICalendarError) {
                let calendar = try ICalendar(parsing: bytes)
                accepted += 1
                for event in calendar.events {
                    recurring += event.days.count > 1 ? 1 : 0
                    #expect(!event.days.isEmpty)
                    for (days, next) in zip(event.days, event.days.dropFirst()) {
                        let gap = next.lowerBound.daysSinceEpoch - days.upperBound.daysSinceEpoch
                        #expect(gap > 1, "\(String(decoding: bytes, as: UTF8.self))")
                    }
                    for days in event.days {
                        #expect(bounds.contains(days.lowerBound))
                        #expect(bounds.contains(days.upperBound))
                    }
                }
            } catch {
                let lines = bytes.count { $0 == 0x0A } + 1
                #expect((1...lines).contains(error.line), "\(error)")
                #expect(error.message.utf8.count < 400, "\(error)")
            }
        }
        #expect(accepted > 1_500)
        #expect(recurring > 500)
    }

    /// One change: of a byte, or of a line that goes or comes twice.
    static func damage(_ bytes: inout [UInt8], by dice: inout SeededGenerator) {
        let place = Int.random(in: 0..<bytes.count, using: &dice)
        let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &dice)]
        switch Int.random(in: 0..<6, using: &dice) {
        case 0, 1: bytes[place] = byte
        case 2: bytes.insert(byte, at: place)
        case 3: bytes.remove(at: place)
        case let kind:
            var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            let line = Int.random(in: 0..<lines.count, using: &dice)
            if kind == 4 { lines.remove(at: line) } else { lines.insert(lines[line], at: line) }
            bytes = Array(lines.joined(separator: [0x0A]))
            if bytes.isEmpty { bytes = [byte] }
        }
    }

    @Test func `random bytes are refused`() {
        var dice = SeededGenerator(seed: 13)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...200, using: &dice)).map { _ in
                UInt8.random(in: 0...255, using: &dice)
            }
            #expect(throws: ICalendarError.self) { try ICalendar(parsing: bytes) }
        }
    }
}
