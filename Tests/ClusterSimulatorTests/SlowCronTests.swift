import Testing

@testable import ClusterSimulator

/// The judge of what is due, against days that anybody can look up.
@Suite struct `The slow evaluator` {
    private func due(_ text: String, _ zone: String, _ from: Int64, hours: Int64) -> [Int64] {
        SlowCron(text, zone: zone)?.due(
            after: from * 1_000,
            through: (from + hours * 3_600) * 1_000
        )
        .map { $0 / 1_000 } ?? []
    }

    @Test func `knows the days on which clocks change`() {
        // 2026-03-29T01:00Z and 2026-10-25T01:00Z.
        #expect(SlowZone.berlin.offset(at: 1_774_746_000 / 60 - 1) == 60)
        #expect(SlowZone.berlin.offset(at: 1_774_746_000 / 60) == 120)
        #expect(SlowZone.berlin.offset(at: 1_792_890_000 / 60 - 1) == 120)
        #expect(SlowZone.berlin.offset(at: 1_792_890_000 / 60) == 60)
        // 2026-03-08T07:00Z and 2026-11-01T06:00Z.
        #expect(SlowZone.newYork.offset(at: 1_772_953_200 / 60 - 1) == -300)
        #expect(SlowZone.newYork.offset(at: 1_772_953_200 / 60) == -240)
        #expect(SlowZone.newYork.offset(at: 1_793_512_800 / 60) == -300)
        // 2026-10-03T15:30Z and 2026-04-04T15:00Z.
        #expect(SlowZone.lordHowe.offset(at: 1_791_041_400 / 60 - 1) == 630)
        #expect(SlowZone.lordHowe.offset(at: 1_791_041_400 / 60) == 660)
        #expect(SlowZone.lordHowe.offset(at: 1_775_314_800 / 60 - 1) == 660)
        #expect(SlowZone.lordHowe.offset(at: 1_775_314_800 / 60) == 630)
    }

    @Test func `makes up for a skipped time, and passes it over for what follows the clock`() {
        // In Berlin 02:00 to 03:00 is skipped on 2026-03-29; the gap ends at 01:00Z.
        let midnight: Int64 = 1_774_742_400
        #expect(due("30 2 * * *", "Europe/Berlin", midnight, hours: 12) == [midnight + 3_600])
        #expect(due("*/30 2 * * *", "Europe/Berlin", midnight, hours: 12) == [])
        #expect(
            due("10,40 2,3 * * *", "Europe/Berlin", midnight, hours: 2) == [
                midnight + 3_600, midnight + 3_600 + 600, midnight + 3_600 + 2_400,
            ]
        )
    }

    @Test func `takes a repeated time once, and twice for what follows the clock`() {
        // In Berlin 02:00 to 03:00 comes twice on 2026-10-25; the first begins at 00:00Z.
        let midnight: Int64 = 1_792_886_400
        #expect(due("30 2 * * *", "Europe/Berlin", midnight, hours: 12) == [midnight + 1_800])
        #expect(
            due("*/30 2 * * *", "Europe/Berlin", midnight - 1, hours: 4)
                == [0, 1_800, 3_600, 5_400].map { midnight + $0 }
        )
    }

    @Test func `stands on a grid through 1970`() {
        #expect(due("@every 7m", "UTC", 1_000, hours: 1).first == 1_260)
    }
}
