// Any bytes as a time zone file, and schedules in that zone.

internal import CronEval
internal import Vocabulary

private let texts = [
    "30 2 * * *", "*/7 1-3 * * * *", "15 0 1 * +MON", "0 0 L 2 ?", "@at 2030-03-31T02:30",
]

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzZone(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    guard let rules = try? TimeZoneRules(tzif: bytes) else { return 0 }
    var instant = Instant(unixMilliseconds: .min)
    for _ in 0..<20 {
        guard let change = rules.firstChange(after: instant) else { break }
        check(change.instant > instant, "\(change.instant) is not after \(instant)")
        check(
            rules.offsetInSeconds(at: change.instant) == change.offsetAfter,
            "another offset at \(change.instant)"
        )
        instant = change.instant
    }
    let catalog = ZoneCatalog { _ in bytes }
    let digest = bytes.digest
    // One of the texts each time: what is slow here would hide what is wrong.
    let text = texts[Int(digest % UInt64(texts.count))]
    guard let schedule = try? Schedule(parsing: text, zone: "Some/Zone", in: catalog) else {
        fatalError("\(text) is refused in a zone that was read")
    }
    ScheduleChecks.run(schedule, chance: digest)
    return 0
}
