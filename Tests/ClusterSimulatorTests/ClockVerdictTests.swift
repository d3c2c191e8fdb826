// What the checks expect of a node whose clock is off.

import Testing

@testable import ClusterSimulator

@Suite struct `The verdict on a clock` {
    private func verdict(_ looks: [[Int64]]) -> Bool {
        var verdict = ClockVerdict()
        for others in looks { verdict.judge(among: others) }
        return verdict.isDoubtful
    }

    @Test func `excuses a node beyond half a second from the middle clock, until within 400 ms`() {
        #expect(!verdict([[500, 500, 500]]))
        #expect(verdict([[501, 501, 501]]))
        #expect(verdict([[501, 501, 501], [401, 401, 401]]))
        #expect(!verdict([[501, 501, 501], [400, 400, 400]]))
        #expect(!verdict([[401, 401, 401]]))
    }

    @Test func `does not excuse the node whose clock is right, nor one where no clocks agree`() {
        #expect(!verdict([[0, 0, 3_600_000, -3_600_000]]))
        #expect(!verdict([[3_600_000, -3_600_000]]))
        #expect(!verdict([[3_600_000]]))
        #expect(!verdict([[]]))
    }

    @Test func `excuses just while the clock is off`() {
        let evidence = Evidence()
        evidence.doubt(1, true, at: 10_000)
        evidence.doubt(1, true, at: 20_000)
        #expect(!evidence.isCalm(1, 30_000, 31_000))
        evidence.doubt(1, false, at: 40_000)
        #expect(evidence.isCalm(1, 8_000, 9_000))
        #expect(!evidence.isCalm(1, 39_000, 50_000))
        #expect(evidence.isCalm(1, 41_000, 50_000))
        #expect(evidence.isCalm(0, 30_000, 31_000))
    }
}
