// When a node doubts its own clock or its own list.

import Gossip
import Testing
import Vocabulary

@testable import PeerNode

@Suite struct `A node's doubts about itself` {
    private func ms(_ numbers: Int64...) -> [Duration] { numbers.map { .milliseconds($0) } }

    @Test func `its clock is compared with the median of all, its own included`() {
        #expect(ClockWatch.offset(among: []) == nil)
        #expect(ClockWatch.offset(among: ms(1_000)) == .milliseconds(500))
        #expect(ClockWatch.offset(among: ms(-900, -1_000)) == .milliseconds(-900))
        #expect(ClockWatch.offset(among: ms(5, 7_000)) == .milliseconds(5))
        #expect(ClockWatch.offset(among: ms(5_000, 5_010, 4_990)) == .milliseconds(4_995))
    }

    @Test func `people hear at 250 ms, the race is left beyond 500 and joined again at 400`() {
        var watch = ClockWatch()
        func look(_ number: Int64?) -> ClockWatch.News? {
            watch.look(among: number.map { ms($0, $0) } ?? [])
        }
        #expect(look(nil) == nil && look(250) == nil)
        #expect(look(-300) == .off(.milliseconds(-300)))
        #expect(look(-400) == nil && look(500) == nil && !watch.isOut)
        #expect(look(501) == .out(.milliseconds(501)) && watch.isOut)
        #expect(look(401) == nil && watch.isOut)
        #expect(look(400) == .back(.milliseconds(400)) && !watch.isOut)
        #expect(look(0) == nil)
        #expect(look(-2_000) == .out(.milliseconds(-2_000)))
        // Alone, it is as right as can be.
        #expect(look(nil) == .back(.zero))
    }

    @Test func `where no majority of the clocks agrees, the middle one is doubted as well`() {
        func news(_ others: [Duration]) -> ClockWatch.News? {
            var watch = ClockWatch()
            return watch.look(among: others)
        }
        // An hour behind, between one that is right and one that is a day behind.
        #expect(news(ms(3_600_000, -86_400_000)) == .split(.zero))
        #expect(news(ms(-3_600_000, -90_000_000)) == .split(.milliseconds(-3_600_000)))
        #expect(news(ms(10, -86_400_000)) == nil)
        #expect(news(ms(-5_000, 5_000, 20)) == .split(.milliseconds(10)))
        #expect(news(ms(900)) == .off(.milliseconds(450)))
        var watch = ClockWatch()
        #expect(watch.look(among: ms(3_600_000, -86_400_000)) != nil && watch.isOut)
        #expect(watch.isSplit)
        #expect(watch.look(among: ms(20, -86_400_000)) == .back(.zero) && !watch.isOut)
        #expect(!watch.isSplit)
    }

    @Test func `where no clocks agree nobody is left out, not even who has not said so yet`() {
        let members = ["a", "b", "c"].map { name in
            Member(
                name: NodeName(name),
                role: .node,
                address: PeerAddress("10.0.0.1:7900"),
                standing: Standing(bootEpoch: 1, incarnation: 0, state: .alive)
            )
        }
        let terms = Eligibility.Terms(of: JobSpec(task: .shell(ShellTask(command: "true"))))
        func eligible(_ doubts: RaceStanding.Doubts) -> [String] {
            let candidates = members.candidates(NodeName("b"), isDraining: false, doubts: doubts)
            return Eligibility(of: terms, among: candidates).eligible.map(\.name.text)
        }
        var doubts = RaceStanding.Doubts()
        doubts.isClockOff = true
        #expect(eligible(doubts) == ["a", "c"])
        doubts.areClocksSplit = true
        #expect(eligible(doubts) == ["a", "b", "c"])
    }

    @Test func `while its clock is ahead of the store's it asks for triggers now and then`() {
        let wall = Instant(unixSeconds: 1_000)
        func wait(_ seconds: Int64) -> Duration {
            wall.duration(to: TriggerAlarm.time(of: wall.advanced(by: .seconds(seconds)), at: wall))
        }
        #expect(wait(3) == .seconds(3))
        #expect(wait(0) == .milliseconds(200) && wait(-300) == .milliseconds(200))
    }

    @Test func `a list is stale once it has been behind for the patience, until it is level`() {
        var freshness = Freshness(patience: .seconds(2))
        func news(_ isLevel: Bool, _ seconds: Int) -> Bool? {
            freshness.news(isLevel: isLevel, at: MonotonicInstant(sinceBoot: .seconds(seconds)))
        }
        #expect(news(false, 1) == nil && news(true, 2) == nil)
        #expect(news(false, 3) == nil && news(false, 4) == nil)
        #expect(news(false, 5) == true && news(false, 9) == nil)
        #expect(news(true, 10) == false && news(true, 11) == nil)
    }
}
