import LockLease
import Scheduler
import Testing
import Vocabulary

/// Who has a wrong wall clock does no harm, and goes on when it is right again.
@Suite struct `A node whose wall clock is wrong` {
    private let uid = UID("job")

    private func time(_ seconds: Double) -> Instant { Transcript.instant(seconds) }

    /// A node that has heard that its clock is five minutes ahead of the store's.
    private func ahead(_ policy: MisfirePolicy) -> Transcript {
        var node = Transcript.node()
        node.step = .seconds(300)
        _ = node.at(0.5, .deadlineReached)
        let old = Transcript.entry(created: -100) { $0.spec.misfire = policy }
        _ = node.at(4, .put([old]))
        let first = node.at(4.01, .cursors([uid: time(0)]))
        #expect(first.hasPrefix("claim c1: job 0→300"), "\(first)")
        #expect(node.at(4.02, won: "c1") { _ in [.early(clock: time(4))] } == "wake 309.020")
        return node
    }

    @Test func `claims what is due by the store's clock, although more is due by its own`() {
        var node = ahead(.latest)
        #expect(node.at(9.02, .deadlineReached) == "read job; wake 310.020")
        // Nothing is due yet: it waits, and does not ask.
        #expect(node.at(9.03, .cursors([uid: time(0)])).hasPrefix("wake 310.0"))
        #expect(node.at(10.02, .deadlineReached) == "read job; wake 311.020")
        let claim = node.at(10.03, .cursors([uid: time(0)]))
        #expect(claim == "claim c2: job 0→10 +10; wake 311.030", "\(claim)")
        #expect(node.at(10.04, won: "c2").hasPrefix("start job 10"))
    }

    @Test func `asks again when the first of what was refused as early is due for the store`() {
        var node = Transcript.node()
        node.step = .seconds(300)
        _ = node.at(0.5, .deadlineReached)
        _ = node.at(4, .put([Transcript.entry(created: -100)]))
        _ = node.at(4.01, .cursors([uid: time(0)]))
        // Its last is due in five minutes there, its first in two seconds.
        #expect(node.at(4.02, won: "c1") { _ in [.early(clock: time(8))] } == "wake 306.020")
    }

    @Test func `skips nothing as missed that has only just become due for the store`() {
        var node = ahead(.skip)
        _ = node.at(9.02, .deadlineReached)
        _ = node.at(9.03, .cursors([uid: time(0)]))
        _ = node.at(10.02, .deadlineReached)
        let claim = node.at(10.03, .cursors([uid: time(0)]))
        #expect(claim == "claim c2: job 0→10 +10; wake 311.030", "\(claim)")
    }

    @Test func `goes by its own again after a while`() {
        var node = ahead(.latest)
        node.step = .zero
        #expect(node.at(9.1, .deadlineReached) == "wake 14.100")
        #expect(node.at(14.1, .deadlineReached).hasPrefix("read job"))
        #expect(node.at(14.2, .cursors([uid: time(0)])) == "claim c2: job 0→10 +10; wake 15.200")
        _ = node.at(14.3, won: "c2")
        #expect(node.at(20, .deadlineReached) == "claim c3: job 10→20 +20; wake 21")
    }

    @Test func `calls nothing missed on the word of a clock that was just set forward`() {
        var node = Transcript.node()
        _ = node.at(1, .put([Transcript.entry { $0.spec.misfire = .skip }]))
        _ = node.at(9.8, .deadlineReached)
        node.step = .seconds(300)
        let wait = node.at(9.9, .deadlineReached)
        #expect(wait == "wake 310", "\(wait)")
        _ = node.at(10, .deadlineReached)
        let claim = node.at(10.01, .cursors([uid: time(1)]))
        #expect(claim == "claim c1: job 1→10 +10; wake 311.010", "\(claim)")
        // Nobody has objected: its word counts.
        var alone = Transcript.node()
        _ = alone.at(1, .put([Transcript.entry { $0.spec.misfire = .skip }]))
        alone.step = .seconds(300)
        _ = alone.at(2, .deadlineReached)
        let line = alone.at(7, .deadlineReached) + alone.at(7.01, .cursors([uid: time(1)]))
        #expect(line.contains("claim c1: job 1→300 -1..290×29 misfire +300"), "\(line)")
    }

    @Test func `looks again at what it has left to others as soon as it is set back`() {
        let ranked = VirtualShard(of: uid).ranked((0..<2).map { NodeName("node-\($0)") })
        var second = Transcript.node(1, of: 2)
        _ = second.at(1, .put([Transcript.entry()]))
        var doubtful = Candidate(name: ranked[1])
        doubtful.isClockOff = true
        second.step = .seconds(3_600)
        _ = second.at(2, .members([Candidate(name: ranked[0]), doubtful]))
        _ = second.at(3, .deadlineReached)
        second.step = .zero
        // Nobody comes, goes or changes: the audit that is due then must not be what it waits for.
        let lines = [4.0, 4.5, 5].map { second.at($0, .deadlineReached) }
        #expect(lines.contains { $0.contains("read job") }, "\(lines)")
    }

    @Test func `covers again what it has left to others in times that are still to come`() {
        let names = (0..<2).map { NodeName("node-\($0)") }
        let ranked = VirtualShard(of: uid).ranked(names)
        var second = Transcript.node(1, of: 2)
        _ = second.at(1, .put([Transcript.entry()]))
        var doubtful = Candidate(name: ranked[1])
        doubtful.isClockOff = true
        second.step = .seconds(3_600)
        _ = second.at(2, .members([Candidate(name: ranked[0]), doubtful]))
        #expect(second.at(3, .deadlineReached).hasPrefix("wake 3610"))
        second.step = .zero
        let members = names.map { Candidate(name: $0) }
        var lines = [second.at(4, .members(members))]
        lines.append(second.at(6, .deadlineReached))
        #expect(lines.contains { $0.contains("read job") }, "\(lines)")
        #expect(second.at(6.1, .cursors([uid: time(1)])) == "wake 10")
        // The first does nothing: so the second does it in its turn.
        _ = second.at(10, .deadlineReached)
        _ = second.at(10.32, .deadlineReached)
        let claim = second.at(10.33, .cursors([uid: time(1)]))
        #expect(claim.hasPrefix("claim c1: job 1→10 +10"), "\(claim)")
    }
}
