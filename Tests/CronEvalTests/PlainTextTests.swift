// The quick way through plain texts says the same as the thorough one.

import CronEval
import CronProof
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.randomized)) struct `Plain texts` {
    /// Numbers with three zeros in front mean the same and are not for the quick reader.
    private func thorough(_ text: String) -> String {
        var result = ""
        var last: Character = " "
        for character in text {
            if character.isNumber, !last.isNumber { result += "000" }
            result.append(character)
            last = character
        }
        return result
    }

    private func newYork(_ text: String) throws(ScheduleError) -> Schedule {
        try Schedule(text, zone: "America/New_York")
    }

    private func check(_ text: String) throws -> Bool {
        let quick = Result { () throws(ScheduleError) in try newYork(text) }
        let slow = Result { () throws(ScheduleError) in try newYork(thorough(text)) }
        switch (quick, slow) {
        case (.success(let quick), .success(let slow)):
            #expect(quick.words == slow.words, "\(text)")
            #expect(quick.warnings == slow.warnings, "\(text)")
            // An hour before clocks go forward, and before they go back.
            for second: Int64 in [1_772_949_600, 1_793_505_600] {
                let start = Instant(unixSeconds: second)
                let found = Array(quick.fires(after: start).prefix(5))
                #expect(found == Array(slow.fires(after: start).prefix(5)), "\(text)")
                let end = start.advanced(by: .seconds(10_800))
                #expect(quick.previous(before: end) == slow.previous(before: end), "\(text)")
            }
            return true
        case (.failure(let quick), .failure(let slow)):
            #expect(quick.code == slow.code, "\(text)")
            #expect(quick.field == slow.field, "\(text)")
        case (.success, .failure), (.failure, .success):
            Issue.record("\(text) and \(thorough(text)) are not both accepted")
        }
        return false
    }

    @Test func `random fields mean the same both ways`() throws {
        var dice = SeededGenerator(seed: 31)
        var accepted = 0
        for _ in 0..<3_000 {
            var cron = ReferenceCron(using: &dice)
            cron.second = nil
            if try check(cron.text) { accepted += 1 }
        }
        #expect(accepted == 3_000)
    }

    @Test func `what is nearly plain is accepted or refused alike`() throws {
        var dice = SeededGenerator(seed: 32)
        let alphabet = Array("0123456789*/-,  \tMONJAN7")
        var accepted = 0
        for _ in 0..<20_000 {
            var text =
                ["1-5/2,7 */9 1,31 JAN-MAR mon", "0 0 1 1 *", "59 23 31 12 6-7"]
                .randomElement(using: &dice).map(Array.init) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &dice) {
                let place = Int.random(in: 0..<text.count, using: &dice)
                text[place] = alphabet[Int.random(in: 0..<alphabet.count, using: &dice)]
            }
            if try check(String(text)) { accepted += 1 }
        }
        #expect(accepted > 1_000)
    }
}
