import Foundation
import Testing
import Vocabulary

@testable import Master

@Suite struct `Upcoming jobs` {
    private func at(_ seconds: Int64) -> Instant { Instant(unixSeconds: seconds) }

    private func names(_ table: UpcomingTable, _ count: Int = .max) -> [String] {
        var order = table.inOrder(after: .startOfTime)
        var names: [String] = []
        while names.count < count, let turn = order.next() { names.append(turn.name) }
        return names
    }

    @Test func `come in the order in which they are due, each once`() {
        var table = UpcomingTable()
        table.put("c", due: at(30), hasCalendar: false)
        table.put("a", due: at(10), hasCalendar: false)
        table.put("b", due: at(20), hasCalendar: false)
        table.put("never", due: nil, hasCalendar: false)
        #expect(names(table) == ["a", "b", "c"])
        #expect(table.count == 4)
        table.put("a", due: at(40), hasCalendar: false)
        table.put("c", due: at(5), hasCalendar: false)
        table.put("c", due: at(30), hasCalendar: false)
        #expect(names(table) == ["b", "c", "a"])
        table.remove("b")
        table.put("new", due: at(1), hasCalendar: false)
        #expect(names(table) == ["new", "c", "a"])
        #expect(names(table, 1) == ["new"])
    }

    @Test func `are not told of once their time has passed or is in doubt`() {
        var table = UpcomingTable()
        table.put("a", due: at(10), hasCalendar: false)
        table.put("b", due: at(20), hasCalendar: true)
        table.put("c", due: at(30), hasCalendar: false)
        table.doubtCalendars()
        var order = table.inOrder(after: at(10))
        #expect(order.next()?.name == "c")
        #expect(order.next() == nil)
    }

    @Test func `pass, and are to be worked out again`() {
        var table = UpcomingTable()
        table.put("a", due: at(10), hasCalendar: false)
        table.put("b", due: at(20), hasCalendar: true)
        #expect(table.passed(at: at(9)) == nil)
        #expect(table.passed(at: at(10)) == "a")
        // Until somebody has done so.
        #expect(table.passed(at: at(10)) == "a")
        table.put("a", due: at(70), hasCalendar: false)
        #expect(table.passed(at: at(10)) == nil)
        table.doubtCalendars()
        #expect(table.passed(at: at(10)) == "b")
        table.put("b", due: nil, hasCalendar: true)
        #expect(table.passed(at: at(10)) == nil)
        #expect(names(table) == ["a"])
    }

    /// Against the plainest way to do it.
    @Test func `agree with a sorted list, whatever is put and removed`() {
        var random = SeededGenerator(seed: 7)
        var table = UpcomingTable()
        var plain: [String: Instant] = [:]
        for step in 0..<4_000 {
            let name = "job-\(Int.random(in: 0..<200, using: &random))"
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                table.remove(name)
                plain[name] = nil
            case 1:
                table.put(name, due: nil, hasCalendar: false)
                plain[name] = nil
            case _:
                let due = at(Int64.random(in: 1...5_000, using: &random))
                table.put(name, due: due, hasCalendar: false)
                plain[name] = due
            }
            guard step % 50 == 0 else { continue }
            var order = table.inOrder(after: .startOfTime)
            var found: [UpcomingTable.Turn] = []
            while let turn = order.next() { found.append(turn) }
            #expect(found.map(\.due) == plain.values.sorted())
            #expect(found.allSatisfy { plain[$0.name] == $0.due })
            #expect(Set(found.map(\.name)).count == found.count)
        }
    }
}

/// Figures rather than verdicts: `MEASURE=1 swift test --filter 'Measured upcoming'`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["MEASURE"] != nil))
struct `Measured upcoming jobs` {
    @Test func `in memory and time`() {
        let count: Int64 = 1_000_000
        let before = resident()
        let clock = ContinuousClock()
        var table = UpcomingTable()
        let making = clock.measure {
            for number in 0..<count {
                let due = Instant(unixSeconds: number &* 7_919 % count)
                table.put("team/project/job-\(number)", due: due, hasCalendar: false)
            }
        }
        let bytes = (resident() - before) / count
        var found = 0
        let page = clock.measure {
            var order = table.inOrder(after: .startOfTime)
            while found < 1_000, order.next() != nil { found += 1 }
        }
        #expect(found == 1_000)
        print("measured: \(count) jobs, \(bytes) bytes each, made in \(making), a page in \(page)")
    }

    /// Bytes of this process that are in memory.
    private func resident() -> Int64 {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int64($0) } ?? 0) * 4_096
    }
}
