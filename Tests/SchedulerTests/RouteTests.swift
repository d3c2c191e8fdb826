import LockLease
import Scheduler
import Testing
import Vocabulary

/// Who goes first, as one scheduler sees it: routes, doubts about nodes, passes, the stagger.
@Suite struct `One scheduler among others` {
    private let uid = UID("job")
    private let shard = VirtualShard(of: UID("job"))
    private let names = (0..<3).map { NodeName("node-\($0)") }

    private var ranked: [NodeName] { shard.ranked(names) }

    private func time(_ seconds: Double) -> Instant { Transcript.instant(seconds) }

    private func entry(_ change: @escaping (inout JobSpec) -> Void = { _ in }) -> JobEntry {
        Transcript.entry { change(&$0.spec) }
    }

    /// The node of `rank` in the plain order, with the job, and the others as `change` makes them.
    private func node(
        _ rank: Int,
        slots: Int = 10,
        _ entry: JobEntry,
        _ change: (inout [NodeName: Candidate]) -> Void = { _ in }
    ) -> Transcript {
        var node = Transcript.node(rank, of: 3, slots: slots)
        var members = Dictionary(uniqueKeysWithValues: names.map { ($0, Candidate(name: $0)) })
        change(&members)
        _ = node.at(0.5, .members(Array(members.values)))
        _ = node.at(1, .put([entry]))
        return node
    }

    private func claims(_ line: String) -> Bool { line.hasPrefix("claim") }

    // MARK: Doubts

    @Test func `with a clock that is off leaves the race, and the next goes first`() {
        let off: (inout [NodeName: Candidate]) -> Void = { $0[ranked[0]]?.isClockOff = true }
        var first = node(0, entry(), off)
        #expect(first.at(10, .deadlineReached) == "wake 20")
        var second = node(1, entry(), off)
        #expect(claims(second.at(10, .deadlineReached)))
        var alone = node(0, entry()) { for name in names { $0[name]?.isClockOff = true } }
        #expect(claims(alone.at(10, .deadlineReached)))
    }

    @Test func `with other time zone data leaves jobs with a zone to others`() {
        let differs: (inout [NodeName: Candidate]) -> Void = {
            for name in names { $0[name]?.zoneData = "2026a" }
            $0[ranked[0]]?.zoneData = "2026b"
        }
        let zoned = Transcript.entry {
            $0.spec.timeZone = "Etc/UTC"
            $0.spec.schedule = "@every 10s"
        }
        var first = node(0, zoned, differs)
        #expect(first.at(10, .deadlineReached) == "wake 20")
        var second = node(1, zoned, differs)
        #expect(claims(second.at(10, .deadlineReached)))
        var plain = node(0, entry(), differs)
        #expect(claims(plain.at(10, .deadlineReached)))
    }

    @Test func `believes notes about a job with a zone, unless other nodes may run it`() {
        let zoned = Transcript.entry { $0.spec.timeZone = "Etc/UTC" }
        let note = SettledNote(shard: shard, through: time(10))
        for isSplit in [false, true] {
            var second = node(1, zoned) {
                for name in names { $0[name]?.zoneData = "2026a" }
                if isSplit { $0[ranked[2]]?.zoneData = "2026b" }
            }
            _ = second.at(10, .deadlineReached)
            _ = second.at(10.05, .settled([note]))
            let line = second.at(10.32, .deadlineReached)
            #expect(line.hasPrefix("read") == isSplit, "\(line)")
        }
    }

    // MARK: Passing

    @Test func `without a slot passes at once`() {
        var full = node(0, slots: 0, entry())
        #expect(full.at(10, .deadlineReached) == "pass 10; wake 11")
        // Once is enough.
        #expect(full.at(10.1, .deadlineReached) == "wake 11.100")
        // Others have had their turn: it looks before it claims.
        #expect(full.at(10.15, .slots(free: 1)) == "read job; wake 11.150")
        #expect(claims(full.at(10.16, .cursors([uid: time(1)]))))
    }

    @Test func `alone passes nothing on`() {
        var full = Transcript.node(slots: 0)
        _ = full.at(1, .put([entry()]))
        #expect(full.at(10, .deadlineReached) == "wake 11")
        #expect(claims(full.at(12, .slots(free: 1))))
    }

    @Test func `goes at once when the first has passed, and waits less when another has`() {
        let note = SettledNote(shard: shard, through: time(10))
        var second = node(1, entry())
        _ = second.at(10, .deadlineReached)
        let claim = second.at(10.02, .passed([note], by: ranked[0]))
        #expect(claim == "claim c1: job 1→10 +10; wake 11.020")
        // What comes before the instant is looked at counts as well.
        var early = node(1, entry())
        _ = early.at(9.99, .passed([note], by: ranked[0]))
        #expect(claims(early.at(10, .deadlineReached)))
        var third = node(2, entry())
        #expect(third.at(10, .deadlineReached).hasPrefix("wake 10.5"))
        let wake = third.at(10.01, .passed([note], by: ranked[1]))
        #expect(wake.hasPrefix("wake 10.2") || wake.hasPrefix("wake 10.3"), "\(wake)")
        #expect(claims(third.at(10.02, .passed([note], by: ranked[0]))))
    }

    @Test func `takes no notice of who passes after it, or passed an earlier instant`() {
        var second = node(1, entry())
        let wake = second.at(10, .deadlineReached)
        let old = SettledNote(shard: shard, through: time(9))
        #expect(second.at(10.01, .passed([old], by: ranked[0])) == wake)
        let note = SettledNote(shard: shard, through: time(10))
        #expect(second.at(10.02, .passed([note], by: ranked[2])) == wake)
        #expect(second.at(10.03, .passed([note], by: NodeName("stranger"))) == wake)
    }

    // MARK: Routes

    @Test func `goes first for a job that last ran here, and not for one that ran elsewhere`() {
        let sticky = entry { $0.route = .sticky }
        var second = node(1, sticky)
        _ = second.at(2, .ran([Placement(job: uid, node: ranked[1], fence: Fence(5))]))
        #expect(claims(second.at(10, .deadlineReached)))
        let line = second.at(10.02, won: "c1")
        #expect(line.contains("start job 10"), "\(line)")
        var first = node(0, sticky)
        _ = first.at(2, .ran([Placement(job: uid, node: ranked[1], fence: Fence(5))]))
        // An older word changes nothing.
        _ = first.at(3, .ran([Placement(job: uid, node: ranked[0], fence: Fence(4))]))
        #expect(first.at(10, .deadlineReached).hasPrefix("wake 10."))
        // Where it ran is gone: the first of the others, once it is known.
        _ = first.at(10.05, .members(ranked.filter { $0 != ranked[1] }.map { Candidate(name: $0) }))
        #expect(first.at(10.4, .deadlineReached).hasPrefix("read job"))
    }

    @Test func `lets others go first with a sticky job of which it does not know where it ran`() {
        var first = node(0, entry { $0.route = .sticky })
        #expect(first.at(10, .deadlineReached).hasPrefix("wake 10."))
        #expect(first.at(10.4, .deadlineReached) == "read job; wake 11.400")
        #expect(claims(first.at(10.41, .cursors([uid: time(1)]))))
        let line = first.at(10.42, won: "c1") { _ in
            [
                .won([
                    Grant(
                        run: RunID("r"),
                        key: RunKey(job: uid, instant: time(10)),
                        cause: .schedule,
                        fence: Fence(9),
                        digest: .zero
                    )
                ])
            ]
        }
        #expect(line.contains("ran job@\(ranked[0])"), "\(line)")
        #expect(claims(first.at(20, .deadlineReached)))
    }

    @Test func `takes its turn in a round robin`() {
        let robin = entry { $0.route = .roundRobin }
        var turns: [Int] = []
        for rank in 0..<3 {
            var node = node(rank, robin)
            var line = ""
            var count = 0
            for second in stride(from: 10.0, through: 60, by: 10) {
                line = node.at(second, .deadlineReached)
                if claims(line) {
                    turns.append(Int(second))
                    count += 1
                    _ = node.at(second + 0.5, won: "c\(count)")
                }
                // What the others had is read, and let go.
                _ = node.at(second + 1.5, .deadlineReached)
                _ = node.at(second + 1.6, .cursors([uid: time(second)]))
            }
        }
        #expect(turns.sorted() == [10, 20, 30, 40, 50, 60])
    }

    @Test func `goes first where it is the least loaded, by what all have heard`() {
        let least = entry { $0.route = .leastLoaded }
        var second = node(1, least) {
            for name in names { $0[name]?.slots = 10 }
            $0[ranked[0]]?.running = 9
            $0[ranked[2]]?.running = 5
        }
        #expect(claims(second.at(10, .deadlineReached)))
        // A later word about loads counts, without a change of members.
        var busy = ranked.map { Candidate(name: $0) }
        for index in busy.indices { busy[index].slots = 10 }
        busy[1].running = 10
        _ = second.at(11, .members(busy))
        _ = second.at(11.1, won: "c1")
        #expect(second.at(20, .deadlineReached).hasPrefix("wake 20.2") == false)
        #expect(!claims(second.at(20, .deadlineReached)))
    }

    @Test func `never touches a job that names another node`() {
        var second = node(1, entry { $0.route = .node(ranked[0]) })
        #expect(second.at(10, .deadlineReached) == "wake 20")
        var named = node(1, entry { $0.route = .node(ranked[1]) })
        #expect(claims(named.at(10, .deadlineReached)))
    }

    // MARK: The stagger

    @Test func `waits longer when claims take long or clocks differ, within a limit`() {
        var slow = node(0, slots: 100, entry())
        for number in 1...20 {
            let instant = Double(number * 10)
            #expect(claims(slow.at(instant, .deadlineReached)))
            _ = slow.at(instant + 0.15, won: "c\(number)")
        }
        #expect(slow.machine.status.stagger == .milliseconds(600))
        var slower = node(0, slots: 100, entry())
        for number in 1...20 {
            _ = slower.at(Double(number * 10), .deadlineReached)
            _ = slower.at(Double(number * 10) + 5, won: "c\(number)")
        }
        #expect(slower.machine.status.stagger == .seconds(2))
        let apart = node(1, entry()) {
            $0[ranked[0]]?.clockOffset = .milliseconds(180)
            $0[ranked[2]]?.clockOffset = .milliseconds(-20)
        }
        #expect(apart.machine.status.stagger == .milliseconds(400))
        let wild = node(1, entry()) {
            $0[ranked[0]]?.clockOffset = .seconds(900)
            $0[ranked[0]]?.isClockOff = true
        }
        #expect(wild.machine.status.stagger == .milliseconds(250))
    }
}
