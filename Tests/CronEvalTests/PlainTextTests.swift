// The quick way through plain texts says the same as the thorough one.

@testable import CronEval
import CronProof
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.randomized)) struct `Plain texts` {
    /// The same in the same zone, and not for the quick reader.
    private func thorough(_ text: String) -> String { "CRON_TZ=America/New_York \(text)" }

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
        let alphabet = Array("0123456789*/-,  \t\0MONJAN7")
        // Up to eight bytes, nine, up to sixteen and more go different ways.
        let models = [
            "1-5/2,7 */9 1,31 JAN-MAR mon", "* * * * *", "0 0 1 1 *", "*/5 * * * *",
            "59 23 31 12 6-7", "59 23 31 12 SUN", "*/10 8-18 * * 1-5", "0\t0\t*\t*\t*/2",
        ]
        var (accepted, quick) = (0, 0)
        for _ in 0..<30_000 {
            var text = Array(models[Int.random(in: 0..<models.count, using: &dice)])
            for _ in 0..<Int.random(in: 1...3, using: &dice) {
                let place = Int.random(in: 0..<text.count, using: &dice)
                let character = alphabet[Int.random(in: 0..<alphabet.count, using: &dice)]
                switch Int.random(in: 0..<4, using: &dice) {
                case 0: text.insert(character, at: place)
                case 1: text.remove(at: place)
                case _: text[place] = character
                }
            }
            if try check(String(text)) { accepted += 1 }
            if PlainReader.read(String(text)) != nil { quick += 1 }
        }
        #expect(accepted > 2_500)
        #expect(quick > accepted / 2)
    }

    @Test(
        arguments: [
            "* * * * *", "0 0 * * *", "59 23 31 12 6", "*/15 * * * *", "0 9-17/2 * * MON-FRI",
            "0,15,30,45 8-18 1-15,28 JAN,apr 1-5", "10-50/10 10-20/10 10-30/10 10-12/2 SAT",
            " 0  0\t*\t *   *", "00 00 01 01 00", "\t*\t*\t*\t*\t*",
        ]
    ) func `what is plain is read quickly`(text: String) throws {
        #expect(PlainReader.read(text) != nil)
        #expect(try check(text))
    }

    @Test(
        arguments: [
            "", "* * * *", "0 0 * * 7", "0 0 * * 5-1", "0 0 L * *", "0 0 * * 1#1", "*/90 * * * *",
            "0 0 ? * *", "H * * * *", "000 0 * * *", "60 0 * * *", "0 0 0 1 *", "0 0 * * *\0",
            "0 0 *\0* *", "0\00 * * *", "@daily", "0 0 0 1 1 *", "0 0 * * MO", "0 0 * * MOND",
            "1-2-3 * * * *", "1,,2 * * * *", "1/ * * * *", "* * * * 1-", "CRON_TZ=UTC * * * * *",
        ]
    ) func `whatever else is left to the thorough reader`(text: String) {
        #expect(PlainReader.read(text) == nil)
    }

    @Test func `a schedule is small enough to be put together in registers`() {
        #expect(MemoryLayout<Schedule>.size <= 104)
    }

    @Test func `a star counts as one behind blanks and before tabs`() throws {
        for text in ["0  */2 * * *", "*\t0 1 * 1", "0 0  *\t*  1", "0 0 */2\t*\t*/3"] {
            #expect(try check(text))
        }
    }
}
