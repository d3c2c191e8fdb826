// Times as people read them: how long from now, and absolute with their offset.

internal import CronEval
internal import Vocabulary

extension ZoneCatalog {
    /// Seconds east of UTC, or `nil` if there is no such zone.
    func offset(at instant: Instant, in zone: String) -> Int? {
        rules(named: zone)?.offsetInSeconds(at: instant)
    }

    /// When clocks in `zone` first show what those in UTC show at `civil`, or later: where clocks
    /// are set forward across it, the first instant behind the gap.
    func firstInstant(showing civil: Instant, in zone: String) -> Instant {
        guard let rules = rules(named: zone) else { return civil }
        // No zone is a day off; the one that left out a day has gone from one side to the other.
        var start = civil.advanced(by: .seconds(-2 * 86_400))
        while true {
            let offset = Duration.seconds(rules.offsetInSeconds(at: start))
            let change = rules.firstChange(after: start)?.instant
            let found = max(start, civil.advanced(by: .zero - offset))
            guard let change, found >= change else { return found }
            start = change
        }
    }
}

/// Writes instants for people, in one zone.
struct TimeText: Sendable {
    let now: Instant
    let zone: String
    let catalog: ZoneCatalog
    /// Whether short forms such as `in 5m` are wanted; scripts get whole times.
    let isRelative: Bool

    /// `in 5m`, `12s ago`; whole where relative times are off.
    func near(_ instant: Instant?) -> String {
        guard let instant else { return "-" }
        guard isRelative else { return iso(instant) }
        let distance = now.duration(to: instant)
        return distance >= .zero
            ? "in \(Self.short(distance))" : "\(Self.short(.zero - distance)) ago"
    }

    /// RFC 3339 with the zone's offset: `2026-11-20T20:09:00+08:00`.
    func iso(_ instant: Instant) -> String {
        let offset = offset(at: instant)
        guard offset != 0 else { return instant.description }
        let local = local(instant, offset).description.dropLast()
        return local + Self.text(ofOffset: offset)
    }

    /// `2026-11-20 20:09 +08:00`, with seconds where there are any.
    func absolute(_ instant: Instant) -> String {
        let offset = offset(at: instant)
        var clock = local(instant, offset).description.dropLast()
        if clock.hasSuffix(":00") { clock = clock.dropLast(3) }
        let gap = offset == 0 ? "" : " "
        return clock.replacing("T", with: " ") + gap + Self.text(ofOffset: offset)
    }

    /// `Fri 2026-11-20 20:09 +08:00`, as in `systemctl list-timers`.
    func withWeekday(_ instant: Instant) -> String {
        let local = local(instant, offset(at: instant))
        let days = local.unixSeconds.floorDivided(by: 86_400)
        let name = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][
            CivilDate(daysSinceEpoch: days).weekday
        ]
        return "\(name) \(absolute(instant))"
    }

    /// The largest unit that fits: `45s`, `12m`, `26h`, `3d`.
    static func short(_ duration: Duration) -> String {
        let seconds = duration.milliseconds / 1_000
        return switch seconds {
        case ..<120: "\(max(0, seconds))s"
        case ..<7_200: "\(seconds / 60)m"
        case ..<172_800: "\(seconds / 3_600)h"
        case _: "\(seconds / 86_400)d"
        }
    }

    /// How long something took: `0.02s`, `31s`, `4m12s`.
    static func took(milliseconds: Int64) -> String {
        guard milliseconds < 10_000 else {
            return DurationText.format(.seconds(milliseconds / 1_000))
        }
        let hundredths = (milliseconds + 5) / 10
        return "\(hundredths / 100).\((hundredths % 100).padded(to: 2))s"
    }

    private func offset(at instant: Instant) -> Int {
        catalog.offset(at: instant, in: zone) ?? 0
    }

    private func local(_ instant: Instant, _ offset: Int) -> Instant {
        instant.advanced(by: .seconds(offset))
    }

    /// `+08:00`, and `Z` for none.
    private static func text(ofOffset offset: Int) -> String {
        guard offset != 0 else { return "Z" }
        let minutes = abs(offset) / 60
        return "\(offset < 0 ? "-" : "+")\((minutes / 60).padded(to: 2))"
            + ":\((minutes % 60).padded(to: 2))"
    }
}
