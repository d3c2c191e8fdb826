// A few time zones by the words of their laws: no file is read, and no code of the product.

/// A zone whose rules have not changed for years and are not about to.
enum SlowZone: String, CaseIterable {
    case utc = "UTC"
    case shanghai = "Asia/Shanghai"
    case berlin = "Europe/Berlin"
    case newYork = "America/New_York"
    case lordHowe = "Australia/Lord_Howe"

    var name: String { rawValue }

    /// The minutes that the wall is ahead of UTC at a minute since 1970.
    func offset(at minute: Int64) -> Int64 {
        switch self {
        case .utc: return 0
        case .shanghai: return 480
        case .berlin: return Self.berlinChanges.isSummer(minute) ? 120 : 60
        case .newYork: return Self.newYorkChanges.isSummer(minute) ? -240 : -300
        case .lordHowe: return Self.lordHoweChanges.isSummer(minute) ? 660 : 630
        }
    }

    /// When summer time begins and ends, in minutes since 1970, from 2023 to 2030.
    private struct Changes {
        let begins: [Int64]
        let ends: [Int64]

        func isSummer(_ minute: Int64) -> Bool {
            let began = begins.last { $0 <= minute } ?? .min
            let ended = ends.last { $0 <= minute } ?? .min
            return began > ended
        }
    }

    // Last Sunday of March and of October, at 01:00 UTC.
    private static let berlinChanges = Changes(
        begins: years.map { lastSunday($0, 3) * 1_440 + 60 },
        ends: years.map { lastSunday($0, 10) * 1_440 + 60 }
    )
    // Second Sunday of March at 02:00 standard time, first of November at 02:00 summer time.
    private static let newYorkChanges = Changes(
        begins: years.map { firstSunday($0, 3, from: 8) * 1_440 + 120 + 300 },
        ends: years.map { firstSunday($0, 11, from: 1) * 1_440 + 120 + 240 }
    )
    // First Sunday of October at 02:00 standard time, first of April at 02:00 summer time; by half
    // an hour.
    private static let lordHoweChanges = Changes(
        begins: years.map { firstSunday($0, 10, from: 1) * 1_440 + 120 - 630 },
        ends: years.map { firstSunday($0, 4, from: 1) * 1_440 + 120 - 660 }
    )

    private static let years: ClosedRange<Int64> = 2_022...2_030

    private static func firstSunday(_ year: Int64, _ month: Int64, from day: Int64) -> Int64 {
        var number = SlowDate.day(year, month, day)
        while SlowDate.weekday(number) != 0 { number += 1 }
        return number
    }

    private static func lastSunday(_ year: Int64, _ month: Int64) -> Int64 {
        var number = SlowDate.day(year, month, 31)
        while SlowDate.weekday(number) != 0 { number -= 1 }
        return number
    }
}

/// Dates by counting.
enum SlowDate {
    private static let lengths: [Int64] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Days since 1970-01-01.
    static func day(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        var days = day - 1
        for other in 1_970..<year { days += isLeap(other) ? 366 : 365 }
        for other in 1..<month {
            days += lengths[Int(other) - 1] + (other == 2 && isLeap(year) ? 1 : 0)
        }
        return days
    }

    /// 0 is Sunday; 1970-01-01 was a Thursday.
    static func weekday(_ day: Int64) -> Int64 { (day + 4) % 7 }
}
