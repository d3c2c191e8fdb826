// What people read: errors, warnings and schedules in words. The wording is part of the product.

import CronEval
import TestSupport
import Testing
import Vocabulary

@Suite struct `Schedule wording` {
    static let faulty = [
        "", "   ", "CRON_TZ=UTC", "0 0 * *", "*", "0 0 0 1 1 * 2030 9", "@daily 5",
        "0 0 * * \u{A0}", "0\u{3000}0 * * *", "0 0 * * *\n", "0 0 * * *\0", "\u{FEFF}0 0 * * *",
        "\u{FF15} 0 * * *", "0 0 * * \u{1F600}",
        "1,,2 * * * *", ",1 * * * *", "1, * * * *", "5- * * * *", "-5 * * * *", "/5 * * * *",
        "0 0 L- * *", "0 0 * * 5#", "0 0 * * +", "H( * * * *", "H(1-) * * * *",
        "60 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 32 * *", "0 0 * 13 *", "0 0 * * 8",
        "0 0 * * 9#1", "4294967301 * * * *", "00000000001 * * * *", "0 0 0 1 1 * 1969",
        "0 0 L-31 * *", "0 0 L-0 * *", "0 0 0W * *", "0 0 * * 5#6", "H(0-60) * * * *",
        "1-5-7 * * * *", "1--5 * * * *", "0 0 0 1 1 * 2031-2030", "H(5-1) * * * *",
        "0 0 * * 1-5#1", "0 0 * * 1-5L", "0 0 1-15W * *", "0 0 L-3-5 * *", "0 0 15W-20 * *",
        "H-5 * * * *", "0 0 * * 5L-6",
        "*/0 * * * *", "*/ * * * *", "*/x * * * *", "*/5/2 * * * *", "5/-1 * * * *",
        "0 0 L/2 * *", "0 0 * * 5#1/2", "H/61 * * * *", "H(0-9)/11 * * * *",
        "*/12345678901 * * * *",
        "0 0 * JANUARY *", "0 0 * * MONDAY", "0 0 * * L", "0 0 * * L5", "0 0 * XYZ *",
        "0 0 * * FRX", "0 0 * * FRIX",
        "MON * * * *", "0 0 MON * *", "1;2 * * * *", "1.5 * * * *", "5* * * * *", "*5 * * * *",
        "+5 * * * *", "0~30 * * * *", "h * * * *", "0 0 W * *", "0 0 LL * *", "0 0 * * 1#2#3",
        "0 0 1-L * *", "H1 * * * *", "0 0 * * 1-5x", "0 0 * * root",
        "? * * * *", "0 ? * * *", "0 0 ?,1 * *", "0 0 * * 1?", "0 0 0 1 1 * H", "0 0 0 1 1 * ?",
        "H * * * *", "0 0 H(1-9)/3 * *",
        "@nightly", "@DAILY", "@Every 5m", "@every5m", "@", "@reboot",
        "@every", "@every 5", "@every -5m", "@every 0s", "@every 1.5h", "@every 99ms",
        "@every 367d", "@every 5m1h", "@every 1h 30m", "@every 99999999999s", "@every 5M",
        "@every 9999999999d9999999999h",
        "@at", "@at tomorrow", "@at 2030-01-01", "@at 2030-02-30T00:00", "@at 2030-01-01T24:00",
        "@at 2030-01-01T23:59:60Z", "@at 2030-01-01T00:00:00.5Z", "@at 2030-01-01 09:00",
        "@at 1893456000000", "@at 189345600000", "@at 2200-01-01T00:00Z", "@at 1969-12-31T23:59",
        "@at 2030-01-01T00:00+24:00",
        "CRON_TZ= 0 0 * * *", "CRON_TZ=Local 0 0 * * *", "TZ=+02:00 0 0 * * *",
        "TZ=CET-1CEST 0 0 * * *", "TZ=america/new_york 0 0 * * *", "TZ=/etc/localtime 0 0 * * *",
        "TZ=../zoneinfo/UTC 0 0 * * *", "TZ=tzdata.zi 0 0 * * *", "TZ=right/UTC 0 0 * * *",
        "TZ=posixrules 0 0 * * *", "TZ=localtime 0 0 * * *", "TZ=Factory 0 0 * * *",
    ]

    @Test func `every fault is named with its place, its value, and the remedy`() throws {
        var report = ""
        var codes: Set<ScheduleError.Code> = []
        for text in Self.faulty + [String(repeating: "1", count: 1_025)] {
            let error = try #require(throws: ScheduleError.self, "\(text)") {
                try Schedule(text)
            }
            codes.insert(error.code)
            report += "\(Self.visible(text))\n    \(error.code.rawValue): \(error)\n"
            #expect(error.column >= 1 && error.column - 1 + error.length <= text.utf8.count)
        }
        #expect(codes == Set(ScheduleError.Code.allCases))
        report += try Self.calendarFaults()
        try expectGolden(report, named: "errors.txt")
    }

    static let faultyDays = [
        "", "2026-02-30", "2026-2-17", "2026-02-17T00:00", "2026-02-17...2026-02-18",
        "2026-02-17..", "..2026-02-17", "2026-02-17..2026-02-18..2026-02-19",
        "2026-02-17..12-31", "12-24..2027-01-02", "02-30", "13-01", "1-1", "Christmas",
        "1969-12-31", "2200-01-01", "2026-02-18..2026-02-17", "\u{FF11}2-25", "2026-02-17 ",
    ]
    static let faultyPeriods = [
        "", "2026-12-20T18:00", "2026-12-20..2026-12-21", "2026-12-20T18:00..2026-12-20T24:00",
        "2026-12-20T18:00..2026-12-19T18:00", "2026-12-20T18:00..2026-12-20T18:00",
        "2026-12-20T18:00..2027-01-03T06:00Z", "2026-12-20T18:00+08:00..2026-12-20T11:00Z",
        "2026-12-20T18:00Z..2026-12-20T18:30+01:00", "tonight",
    ]

    /// What calendars refuse, and schedules that calendars and jitter do not go with.
    private static func calendarFaults() throws -> String {
        var report = ""
        for text in faultyDays {
            do throws(CalendarError) {
                let days = try CalendarDays(parsing: text)
                Issue.record("\(text) is \(days)")
            } catch {
                report += "day \(visible(text))\n    \(error)\n"
            }
        }
        for text in faultyPeriods {
            do throws(CalendarError) {
                let period = try CalendarPeriod(parsing: text)
                report += "period \(visible(text))\n    accepted: \(period)\n"
            } catch {
                report += "period \(visible(text))\n    \(error)\n"
            }
        }
        let shifted = CalendarRule(only: DayCalendar(weekdays: 0b10), shift: .next)
        let errors = [
            #expect(throws: ScheduleError.self) {
                try Schedule(parsing: "@every 5m", in: systemZones, calendar: shifted)
            },
            #expect(throws: ScheduleError.self) {
                try Schedule(parsing: "@every 5m", in: systemZones, jitter: .seconds(1))
            },
        ]
        for (error, what) in zip(errors, ["shifted", "jitter without a seed"]) {
            let error = try #require(error)
            report += "\(what)\n    \(error.code.rawValue): \(error)\n"
        }
        return report
    }

    /// Printable ASCII, and at most 60 characters of it.
    private static func visible(_ text: String) -> String {
        let short = text.count > 60 ? "\(text.prefix(57))..." : text
        return short.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
    }

    static let schedules = [
        "* * * * *", "*/5 * * * *", "0 * * * *", "5 * * * *", "0,30 * * * *", "7,20,40 * * * *",
        "0 */2 * * *", "0 */24 * * *", "*/7 * * * *", "15 */2 * * *", "*/90 * * * *",
        "0 3 * * *", "0 3,15 * * *", "30 0-6 * * *", "*/10 9-17 * * MON-FRI", "0 8-23/24 * * *",
        "* * * * * *", "*/10 * * * * *", "30 0 3 * * *", "0/20 5 * * * *", "*/15 0-9 3 * * *",
        "@daily", "@weekly", "@monthly", "@yearly", "@hourly",
        "0 0 1,15,L * *", "0 0 L-1,L-3 * *", "0 0 15W,LW * *", "0 0 L-2W 2 *",
        "0 0 * * MON#1,FRIL", "0 0 * * MON,FRI#2", "0 0 13 * FRI", "0 0 13 * +FRI",
        "0 0 */2 * MON", "0 0 1-7 JAN,JUL +MON", "0 0 * NOV-FEB SAT,SUN", "0 9 1 1 *",
        "0 0 0 1 1 * 2030", "0 0 0 * * * 2030-2032,2040", "0 0 30 2 *", "*/5 * 1 1 FRI",
        "@every 1m", "@every 5m", "@every 90s", "@every 1d", "@every 14d", "@every 500ms",
        "@at 2030-01-01T00:00Z",
    ]

    @Test func `schedules read as plain words`() throws {
        let report = try Self.schedules.map { text in
            let schedule = try Schedule(text)
            let warnings = schedule.warnings.map { "    \($0.code): \($0)\n" }.joined()
            return "\(text)\n    \(schedule.words)\n\(warnings)"
        }
        try expectGolden(report.joined(), named: "words.txt")
    }
}
