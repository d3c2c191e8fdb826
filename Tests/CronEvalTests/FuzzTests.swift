// Bytes that nobody meant: nothing may trap, whatever comes.

import CronEval
import CronProof
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.randomized)) struct `Arbitrary bytes` {
    static let seeds = [
        "*/5 0-9 1,15W,L-3W * MON#1,FRIL", "0 0 0 1 1 ? 2030-2040/3", "H(0-29)/10 H * * +1-5",
        "@every 1d2h3m4s5ms", "@at 2030-01-31T09:00:00+08:00", "CRON_TZ=Europe/Berlin 0 3 * * *",
    ]
    static let alphabet = Array("0123456789*/-,#LWHw?+() @:TZABCdefMONmsh\t\u{0}\u{7F}é".utf8)

    @Test func `a schedule's text is read or refused`() {
        var dice = SeededGenerator(seed: 9)
        var accepted = 0
        for round in 0..<30_000 {
            var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &dice) {
                let place = Int.random(in: 0..<bytes.count, using: &dice)
                let byte = Self.alphabet[Int.random(in: 0..<Self.alphabet.count, using: &dice)]
                switch Int.random(in: 0..<3, using: &dice) {
                case 0: bytes[place] = byte
                case 1: bytes.insert(byte, at: place)
                case _ where bytes.count > 1: bytes.remove(at: place)
                case _: break
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do throws(ScheduleError) {
                let schedule = try Schedule(text, zone: "America/New_York", seed: "seed")
                accepted += 1
                let time = Instant(unixMilliseconds: Int64.random(in: .min ... .max, using: &dice))
                _ = (schedule.next(after: time), schedule.previous(before: time), schedule.words)
            } catch {
                let end = error.column - 1 + error.length
                #expect(error.column >= 1 && end <= text.utf8.count, "\(text): \(error)")
            }
        }
        #expect(accepted > 500)
    }

    @Test func `random bytes are refused`() {
        var dice = SeededGenerator(seed: 10)
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0...1_100, using: &dice) / 10).map { _ in
                UInt8.random(in: 0...255, using: &dice)
            }
            #expect(throws: ScheduleError.self) {
                try Schedule(String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    @Test func `a time zone file is read or refused`() throws {
        var dice = SeededGenerator(seed: 11)
        let berlin = try #require(ZoneInfoFiles.bytes(named: "Europe/Berlin"))
        let samples = [
            berlin, TZifText(changes: [(1_000, 3_600)], footer: "EST5EDT,M3.2.0,M11.1.0").bytes,
        ]
        var accepted = 0
        for round in 0..<1_500 {
            var bytes = samples[round % 2]
            for _ in 0..<Int.random(in: 1...4, using: &dice) {
                // Half of the blows go to the headers, where they do most harm.
                let limit = Bool.random(using: &dice) ? min(bytes.count, 120) : bytes.count
                let place = Int.random(in: 0..<limit, using: &dice)
                bytes[place] = UInt8.random(in: 0...255, using: &dice)
            }
            if round % 5 == 0 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &dice)) }
            let damaged = bytes
            let catalog = ZoneCatalog { _ in damaged }
            guard catalog.rules(named: "Some/Zone") != nil else { continue }
            accepted += 1
            for text in ["30 2 * * *", "*/7 * * * * *", "15 0 1 * +MON", "@at 2030-01-01T02:30"] {
                let schedule = try? Schedule(parsing: text, zone: "Some/Zone", in: catalog)
                let time = Instant(unixSeconds: Int64.random(in: 0...8_000_000_000, using: &dice))
                let fires = schedule?.fires(
                    after: time,
                    through: .init(unixMilliseconds: .max),
                    limit: 3
                )
                #expect(fires.map { $0 == $0.sorted() } ?? true)
                _ = schedule?.previous(before: time)
            }
        }
        #expect(accepted > 100)
    }
}
