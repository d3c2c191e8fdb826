// The search against a slow evaluator that is right by looking at it.

import CronEval
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.randomized)) struct `Search and reference` {
    static let zoneNames = [
        "America/New_York", "Europe/Berlin", "Europe/Dublin", "Australia/Lord_Howe",
        "America/Sao_Paulo", "America/St_Johns", "Pacific/Apia", "Pacific/Kwajalein",
        "Pacific/Chatham", "Antarctica/Casey", "Antarctica/Troll", "Africa/Casablanca",
        "Asia/Tehran", "Asia/Gaza", "Asia/Pyongyang", "America/Caracas",
    ]

    /// Real zones, and made-up ones with every odd change there might be.
    static func zones() throws -> [(name: String, catalog: ZoneCatalog)] {
        let odd = Dictionary(
            uniqueKeysWithValues: [20, 61, 180, 181, 240, 1_440].flatMap { minutes in
                [minutes, -minutes].map { shift in
                    (
                        "Odd/Shift\(shift < 0 ? "-" : "")\(abs(shift))",
                        TZifText.oneShift(minutes: shift)
                    )
                }
            }
        )
        let catalog = ZoneCatalog { odd[$0] }
        return zoneNames.map { ($0, systemZones) } + odd.keys.sorted().map { ($0, catalog) }
    }

    /// Windows around some of the zone's changes after 1975 and before 2040.
    static func windows(
        of rules: TimeZoneRules,
        using dice: inout SeededGenerator
    ) -> [ReferenceWindow] {
        var changes: [ZoneChange] = []
        var cursor = Instant(unixSeconds: 158_000_000)
        while let change = rules.firstChange(after: cursor),
            change.instant.unixSeconds < 2_208_988_800
        {
            cursor = change.instant
            guard change.offsetBefore % 60 == 0, change.offsetAfter % 60 == 0 else { continue }
            changes.append(change)
        }
        return changes.shuffled(using: &dice).prefix(8).map { change in
            let minute = Int(change.instant.unixSeconds / 60)
            // Far enough to see both passes of what is compared around the change.
            let radius = abs(change.offsetAfter - change.offsetBefore) / 60 + 400
            return ReferenceWindow(utcMinutes: minute - radius...minute + radius) { minute in
                rules.offsetInSeconds(at: Instant(unixSeconds: Int64(minute) * 60)) / 60
            }
        }
    }

    @Test func `around clock changes all fires are found, from both sides`() throws {
        var dice = SeededGenerator(seed: 20_241_103)
        var compared = 0
        for (name, catalog) in try Self.zones() {
            let rules = try #require(catalog.rules(named: name))
            let windows = Self.windows(of: rules, using: &dice)
            try #require(!windows.isEmpty, "\(name)")
            for _ in 0..<110 {
                let window = windows[Int.random(in: 0..<windows.count, using: &dice)]
                let cron = ReferenceCron(using: &dice)
                let schedule = try Schedule(parsing: cron.text, zone: name, in: catalog)
                compared += try compare(schedule, cron, in: window, using: &dice)
            }
        }
        #expect(compared > 50_000)
    }

    /// - Returns: How many fires were compared.
    private func compare(
        _ schedule: Schedule,
        _ cron: ReferenceCron,
        in window: ReferenceWindow,
        using dice: inout SeededGenerator
    ) throws -> Int {
        let middle = window.minutes[window.minutes.count / 2].utc
        let start = (middle - 240) * 60 + Int.random(in: -3_600...3_600, using: &dice)
        let end = start + 30_000
        let expected = window.fires(of: cron).filter { $0 > start && $0 <= end }.sorted()
            .map { Instant(unixSeconds: Int64($0)) }
        let limit = 100
        let forward = schedule.fires(
            after: Instant(unixSeconds: Int64(start)),
            through: Instant(unixSeconds: Int64(end)),
            limit: limit
        )
        try #require(
            Self.difference(of: forward, from: expected.prefix(limit)) == nil,
            "\(schedule.zoneName) \(schedule.text) after \(Instant(unixSeconds: Int64(start)))"
        )
        let before = Instant(unixSeconds: Int64(end) + 1)
        let backward = schedule.firesBackwards(
            before: before,
            from: Instant(unixSeconds: Int64(start) + 1),
            limit: limit
        )
        try #require(
            Self.difference(of: backward, from: expected.reversed().prefix(limit)) == nil,
            "\(schedule.zoneName) \(schedule.text) before \(before)"
        )
        return forward.count + backward.count
    }

    /// The first place where the two disagree, in words, or `nil`.
    private static func difference(
        of fires: [Instant],
        from expected: some Collection<Instant>
    ) -> String? {
        for (found, wanted) in zip(fires, expected) where found != wanted {
            return "found \(found), expected \(wanted)"
        }
        guard fires.count != expected.count else { return nil }
        return "found \(fires.count) fires, expected \(expected.count)"
    }

    @Test func `over years all days are found, from both sides`() throws {
        var dice = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            var cron = ReferenceCron(using: &dice)
            cron.second = nil
            (cron.minute.text, cron.hour.text) = ("7", "3")
            let schedule = try Schedule(cron.text)
            let firstDay = Int64.random(in: 0..<80_000, using: &dice)
            let days = firstDay..<firstDay + 900
            let expected = days.filter { cron.selects(CivilDate(daysSinceEpoch: $0)) }
                .map { Instant(unixSeconds: $0 * 86_400 + 3 * 3_600 + 7 * 60) }
            let start = Instant(unixSeconds: days.lowerBound * 86_400)
            let end = Instant(unixSeconds: days.upperBound * 86_400)
            let forward = schedule.fires(after: start, through: end)
            try #require(Self.difference(of: forward, from: expected) == nil, "\(cron.text)")
            let backward = schedule.firesBackwards(before: end, from: start)
            try #require(
                Self.difference(of: backward, from: expected.reversed()) == nil,
                "\(cron.text)"
            )
        }
    }

    @Test func `next of the previous is next of a second before`() throws {
        var dice = SeededGenerator(seed: 77)
        for _ in 0..<4_000 {
            let cron = ReferenceCron(using: &dice)
            let place = Int.random(in: 0..<Self.zoneNames.count, using: &dice)
            let schedule = try Schedule(cron.text, zone: Self.zoneNames[place])
            let second = Int64.random(in: 0...7_258_118_400, using: &dice)
            let before = Instant(unixSeconds: second)
            guard let previous = schedule.previous(before: before) else { continue }
            #expect(previous < before)
            #expect(
                schedule.next(after: previous)
                    == schedule.next(after: before.advanced(by: .seconds(-1))),
                "\(schedule.zoneName) \(cron.text) before \(before)"
            )
        }
    }
}
