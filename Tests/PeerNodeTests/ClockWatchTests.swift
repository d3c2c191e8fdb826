// When a node doubts its own clock or its own list.

import PeerNode
import Testing
import Vocabulary

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
            watch.look(at: number.map { .milliseconds($0) })
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
