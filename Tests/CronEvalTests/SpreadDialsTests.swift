import CronEval
import TestSupport
import Testing
import Vocabulary

@Suite struct `The dials of H` {
    private let zones = ZoneCatalog(load: { _ in nil })
    private let texts = [
        "H * * * *", "H H * * *", "H/15 * * * *", "H(0-29)/10 H(1-5) * * *", "H H H * *",
        "H,H/7 0 * * H", "H H 3 H * *",
    ]

    private func hash(_ seed: String) -> StableHash {
        var hash = StableHash()
        hash.add(seed)
        return hash
    }

    @Test func `set alike give the same schedule, and only then`() throws {
        for text in texts {
            let dials = try #require(try SpreadDials(of: text))
            let count = try #require(dials.count)
            var known: [UInt64: Schedule] = [:]
            var distinct: [Schedule] = []
            for number in 0..<600 {
                let seed = "job-\(number)"
                let setting = dials.setting(after: hash(seed))
                #expect(setting < count, "\(text)")
                let schedule = try Schedule(parsing: text, in: zones, seed: seed)
                #expect(known[setting] ?? schedule == schedule, "\(text), \(seed)")
                if known[setting] == nil, !distinct.contains(schedule) { distinct.append(schedule) }
                known[setting] = schedule
            }
            #expect(distinct.count > 1, "\(text)")
        }
    }

    @Test func `are none without an H, and faults are the reader's`() throws {
        for text in ["0 3 * * THU", "@hourly", "@every 5m", "CRON_TZ=Asia/Tokyo 0 3 * MAR *"] {
            #expect(try SpreadDials(of: text) == nil, "\(text)")
        }
        #expect(throws: ScheduleError.self) { try SpreadDials(of: "H(9-3) * * * *") }
        #expect(try SpreadDials(of: "CRON_TZ=Asia/Tokyo H(0-9) 3 * * *")?.count == 10)
    }

    @Test func `too many settings to count are said to be so`() throws {
        let fields = (2...60).map { "H/\($0)" }.joined(separator: ",")
        let dials = try #require(try SpreadDials(of: "\(fields) \(fields) * * *".prefixed))
        #expect(dials.count == nil)
    }

    @Test func `a delay put on later is the jitter that it would have been read with`() throws {
        let jitter = Duration.seconds(7_200)
        for text in texts + ["0 3 * * *", "@every 90s"] {
            for number in 0..<20 {
                let seed = "job-\(number)"
                let read = try Schedule(parsing: text, in: zones, seed: seed, jitter: jitter)
                let plain = try Schedule(parsing: text, in: zones, seed: seed)
                #expect(plain.delayed(upTo: jitter, seed: seed) == read, "\(text), \(seed)")
            }
        }
    }
}

extension String {
    /// Hours have fewer steps than minutes.
    fileprivate var prefixed: String {
        let words = split(separator: " ").map(String.init)
        let hours = (2...23).map { "H/\($0)" }.joined(separator: ",")
        return ([words[0], hours] + words[2...]).joined(separator: " ")
    }
}
