// Any text as a schedule: parser, search in both directions, words.

internal import CronEval
internal import Glibc
internal import Vocabulary

/// Zones by name from the system's database; what it lacks has UTC's rules.
private let zones = ZoneCatalog { name in
    guard let file = unsafe fopen("/usr/share/zoneinfo/\(name)", "r") else { return nil }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    return Array(bytes[..<count])
}

/// By which rules the schedule is kept, besides its text.
private let calendars: [CalendarRule?] = [
    nil,
    CalendarRule(only: DayCalendar(weekdays: DayCalendar.workweek)),
    CalendarRule(except: [DayCalendar(weekdays: 0b100_0001)], shift: .next),
]

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzSchedule(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    let text = String(decoding: bytes, as: UTF8.self)
    let digest = bytes.digest
    do throws(ScheduleError) {
        let schedule = try Schedule(
            parsing: text,
            zone: "America/New_York",
            in: zones,
            seed: "seed",
            calendar: calendars[Int(digest % 3)],
            jitter: digest % 5 == 0 ? .seconds(90) : .zero
        )
        ScheduleChecks.run(schedule, chance: digest)
    } catch {
        let end = error.column - 1 + error.length
        check(error.column >= 1 && end <= text.utf8.count, "\(error)")
    }
    _ = (try? CalendarDays(parsing: text), try? CalendarPeriod(parsing: text))
    return 0
}
