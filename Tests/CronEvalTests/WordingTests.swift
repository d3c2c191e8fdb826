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
        try expectGolden(report, named: "errors.txt")
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
