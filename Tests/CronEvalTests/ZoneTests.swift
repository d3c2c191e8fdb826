// Time zone files: what is read from them, and what is refused.

import CronEval
import CronProof
import Platform
import Testing
import Vocabulary

@Suite struct `Time zones` {
    /// Zone, instant, seconds east of Greenwich; from Python's `zoneinfo`.
    static let offsets = [
        ("America/New_York", "1880-01-01T00:00:00Z", -17_762),
        ("America/New_York", "1970-01-01T00:00:00Z", -18_000),
        ("America/New_York", "2024-03-10T06:59:59Z", -18_000),
        ("America/New_York", "2024-03-10T07:00:00Z", -14_400),
        ("America/New_York", "2024-11-03T05:59:59Z", -14_400),
        ("America/New_York", "2024-11-03T06:00:00Z", -18_000),
        ("Australia/Lord_Howe", "2024-10-05T15:30:00Z", 39_600),
        ("Asia/Kathmandu", "2024-01-01T00:00:00Z", 20_700),
        ("Africa/Monrovia", "1972-01-07T00:44:29Z", -2_670),
        ("Africa/Monrovia", "1972-01-07T00:44:30Z", 0),
        ("Pacific/Apia", "2011-12-30T09:59:59Z", -36_000),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", 50_400),
        ("Asia/Kolkata", "2199-12-31T00:00:00Z", 19_800),
        ("Etc/GMT+5", "2024-01-01T00:00:00Z", -18_000),
        ("UTC", "2024-01-01T00:00:00Z", 0),
    ]

    @Test func `offsets are those of the database`() throws {
        for (name, time, offset) in Self.offsets {
            let zone = try #require(systemZones.rules(named: name))
            #expect(try zone.offsetInSeconds(at: instant(time)) == offset, "\(name) \(time)")
        }
    }

    @Test func `every name of the database is a zone, links included`() throws {
        for name in [
            "GB", "US/Eastern", "EST5EDT", "GMT0", "Etc/GMT-14", "PRC", "NZ-CHAT",
            "America/Argentina/ComodRivadavia", "America/Port-au-Prince",
        ]
        where ZoneInfoFiles.bytes(named: name) != nil {
            #expect(systemZones.rules(named: name) != nil, "\(name)")
        }
    }

    @Test func `only names of the database reach the file system`() {
        let greedy = ZoneCatalog { _ in TZifText(footer: "UTC0").bytes }
        #expect(greedy.rules(named: "Europe/Berlin") != nil)
        for name in [
            "", "Local", "localtime", "posixrules", "Factory", "+02:00", "-3", "UTC+3:00",
            "/etc/passwd", "../UTC", "Europe/../UTC", "Europe//Berlin", "Europe/", "a.zi",
            ":UTC", "right/UTC", "posix/UTC", "EST5EDT,M3.2.0,M11.1.0", "<+03>-3", "Ünited",
            String(repeating: "a", count: 65),
        ] {
            #expect(greedy.rules(named: name) == nil, "\(name)")
        }
    }

    @Test func `UTC needs no file`() {
        let empty = ZoneCatalog { _ in nil }
        #expect(empty.rules(named: "UTC") == .utc)
        #expect(empty.rules(named: "Europe/Berlin") == nil)
    }

    /// Footer, instant, and seconds east of Greenwich by POSIX.1-2024, 8.3.
    static let footers = [
        ("EST5EDT,M3.2.0,M11.1.0", "2150-03-08T06:59:59Z", -18_000),
        ("EST5EDT,M3.2.0,M11.1.0", "2150-03-08T07:00:00Z", -14_400),
        ("EST5EDT,M3.2.0,M11.1.0", "2150-11-01T06:00:00Z", -18_000),
        ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2100-03-28T00:59:59Z", -10_800),
        ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2100-03-28T01:00:00Z", -7_200),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", "2100-01-01T00:00:00Z", 0),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", "2100-07-01T00:00:00Z", 3_600),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2100-01-01T00:00:00Z", 39_600),
        ("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2100-01-01T00:00:00Z", 39_600),
        ("IST-2IDT,M3.4.4/26,M10.5.0", "2100-03-25T23:59:59Z", 7_200),
        ("IST-2IDT,M3.4.4/26,M10.5.0", "2100-03-26T00:00:00Z", 10_800),
        ("AAA0BBB,J60,J300", "2096-03-01T01:59:59Z", 0),
        ("AAA0BBB,J60,J300", "2096-03-01T02:00:00Z", 3_600),
        ("AAA0BBB,59,300", "2096-02-29T02:00:00Z", 3_600),
        ("XXX3EDT4,0/0,J365/23", "2100-01-01T03:00:00Z", -14_400),
        ("XXX3EDT4,0/0,J365/23", "2100-07-01T00:00:00Z", -14_400),
        ("MST7", "2100-07-01T00:00:00Z", -25_200),
    ]

    @Test func `the footer rules the far future`() throws {
        for (footer, time, offset) in Self.footers {
            let zone = try TimeZoneRules(tzif: TZifText(footer: footer).bytes)
            #expect(try zone.offsetInSeconds(at: instant(time)) == offset, "\(footer) \(time)")
        }
    }

    @Test func `a file of version 1 has neither 64-bit times nor a footer`() throws {
        let file = TZifText(version: 0, changes: [(1_000, 3_600)], initialOffset: 60)
        let zone = try TimeZoneRules(tzif: file.bytes)
        #expect(zone.offsetInSeconds(at: Instant(unixSeconds: 999)) == 60)
        #expect(zone.offsetInSeconds(at: Instant(unixSeconds: 1_000)) == 3_600)
        #expect(
            zone.firstChange(after: .epoch)
                == ZoneChange(
                    instant: Instant(unixSeconds: 1_000),
                    offsetBefore: 60,
                    offsetAfter: 3_600
                )
        )
        #expect(zone.firstChange(after: Instant(unixSeconds: 1_000)) == nil)
    }

    @Test func `a change at the Big Bang is where everything begins`() throws {
        let file = TZifText(changes: [(-1 << 59, 7_200), (1_000, 3_600)])
        let zone = try TimeZoneRules(tzif: file.bytes)
        let past = Instant(unixMilliseconds: .min)
        #expect(zone.offsetInSeconds(at: past) == 7_200)
        #expect(zone.firstChange(after: past)?.instant == Instant(unixSeconds: 1_000))
    }

    @Test func `a damaged file is refused with a reason`() {
        func refusal(_ bytes: [UInt8]) -> ZoneFileError? {
            do throws(ZoneFileError) {
                _ = try TimeZoneRules(tzif: bytes)
                return nil
            } catch { return error }
        }
        let whole = TZifText(changes: [(1_000, 3_600)], footer: "CET-1").bytes
        #expect(refusal(whole) == nil)
        #expect(refusal([]) == .notTZif)
        #expect(refusal(Array("# tzdata".utf8)) == .notTZif)
        for count in 44..<whole.count { #expect(refusal(Array(whole[..<count])) == .truncated) }
        #expect(refusal(TZifText(changes: [(5, 0), (5, 60)]).bytes) == .outOfBounds)
        #expect(refusal(TZifText(changes: [(.max, 60)]).bytes) == .outOfBounds)
        #expect(refusal(TZifText(changes: [(1 << 53, 60)]).bytes) == .outOfBounds)
        #expect(refusal(TZifText(initialOffset: 93_600).bytes) == .outOfBounds)
        for footer in [
            "CET", "CET-25", "EST5EDT", "EST5EDT,M3.2.0", "EST5EDT,M13.2.0,M11.1.0", "?",
        ] {
            #expect(refusal(TZifText(footer: footer).bytes) == .footer, "\(footer)")
        }
        var leaps = whole
        // The count of leap seconds in the second header.
        let header = 44 + 6 + 4
        leaps[header + 31] = 1
        leaps += [UInt8](repeating: 0, count: 12)
        #expect(refusal(leaps) == .leapSeconds)
    }
}
