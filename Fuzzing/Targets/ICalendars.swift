// Any bytes as an iCalendar file.

internal import CronEval
internal import Vocabulary

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzICalendar(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    let lines = bytes.count { $0 == 0x0A } + 1
    do throws(ICalendarError) {
        let calendar = try ICalendar(parsing: bytes)
        var dayCount = 0
        for event in calendar.events {
            check(!event.days.isEmpty, "an event without days")
            check((1...lines).contains(event.line), "line \(event.line) of \(lines)")
            var last: Int64 = -2
            for days in event.days {
                let (first, end) = (days.lowerBound.daysSinceEpoch, days.upperBound.daysSinceEpoch)
                check(first > last + 1 && end <= 84_005, "\(days) after day \(last)")
                last = end
                dayCount += Int(end - first) + 1
            }
        }
        check(dayCount <= ICalendar.Limits.days, "\(dayCount) days")
        let notes = calendar.notes
        check(notes.allSatisfy { (1...lines).contains($0.line) }, "a note beyond the end")
        check(zip(notes, notes.dropFirst()).allSatisfy { $0.line <= $1.line }, "disorder")
    } catch {
        check((1...lines).contains(error.line), "\(error)")
        check(error.message.utf8.count < 600, "\(error)")
    }
    return 0
}
