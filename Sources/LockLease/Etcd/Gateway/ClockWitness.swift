// etcd has no clock for us; the `Date` of its answers at least tells who is far ahead.

internal import Vocabulary

/// An upper bound of the gateway's wall clock, from the last answer.
///
/// The header has whole seconds, cut off, and was written after the request was sent. So the
/// gateway's clock reads less than that second's end plus the time since the sending.
struct ClockWitness: Equatable, Sendable {
    private var secondEnd: Instant?
    private var sentAt = MonotonicInstant(sinceBoot: .zero)

    mutating func hear(_ date: Instant, ofRequestSentAt sent: MonotonicInstant) {
        secondEnd = date.advanced(by: .seconds(1))
        sentAt = sent
    }

    /// `wall`, but no later than the gateway's clock can be.
    func bounded(_ wall: Instant, at now: MonotonicInstant) -> Instant {
        guard let secondEnd else { return wall }
        return min(wall, secondEnd.advanced(by: sentAt.duration(to: now)))
    }
}

extension Instant {
    /// Reads `Thu, 26 Nov 2026 01:05:41 GMT` (RFC 9110 section 5.6.7); `nil` for anything else.
    init?(httpDate text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let day = Int(parts[1]),
            let month = Self.months.firstIndex(of: String(parts[2])), let year = Int(parts[3]),
            (1970...9999).contains(year),
            let date = CivilDate(year: year, month: month + 1, day: day)
        else { return nil }
        let time = parts[4].split(separator: ":").compactMap { Int64($0) }
        guard time.count == 3, (0...23).contains(time[0]), (0...59).contains(time[1]),
            (0...60).contains(time[2])
        else { return nil }
        let seconds = time[0] * 3_600 + time[1] * 60 + time[2]
        self.init(unixSeconds: date.daysSinceEpoch * 86_400 + seconds)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
