import LockLease
import TestSupport
import Testing
import Vocabulary

@testable import PeerNode

@Suite struct `A node's session` {
    let ours = SessionID(7)
    let theirs = SessionID(8)
    let beat = Beat(3)

    private var live: SessionMachine {
        var machine = SessionMachine(settings: SessionSettings())
        _ = machine.handle(.start, at: .boot)
        _ = machine.handle(.opened(ours, sentAt: .boot), at: .boot + .milliseconds(5))
        return machine
    }

    private func view(
        _ beat: Beat,
        isLive: Bool = true,
        isGone: Bool = false,
        openRuns: Int = 0
    ) -> SessionView {
        SessionView(
            id: theirs,
            node: NodeIdentity(name: NodeName("n2"), bootID: "b", processID: 2, address: "a"),
            beat: beat,
            term: .seconds(10),
            isLive: isLive,
            isGone: isGone,
            openRuns: openRuns
        )
    }

    @Test func `is opened first, and trusted from before the request left`() {
        var machine = SessionMachine(settings: SessionSettings())
        #expect(machine.handle(.start, at: .boot + .seconds(1)) == [.open])
        #expect(
            machine.handle(.opened(ours, sentAt: .boot + .seconds(1)), at: .boot + .seconds(4)) == [
                .trust(ours, until: .boot + .seconds(7)), .observe, .wake(at: .boot + .seconds(5)),
            ]
        )
    }

    @Test func `of a former life is gone on with, and no other opened while nobody answers`() {
        var machine = SessionMachine(settings: SessionSettings())
        #expect(machine.handle(.resume(ours), at: .boot) == [.resume(ours)])
        let failed = machine.handle(.resumeFailed(ours, isLost: false), at: .boot + .seconds(1))
        #expect(!failed.contains(.open))
        #expect(machine.handle(.deadlineReached, at: .boot + .seconds(60)) == [.resume(ours)])
        let resumed = machine.handle(
            .resumed(ours, sentAt: .boot + .seconds(60)),
            at: .boot + .seconds(61)
        )
        #expect(resumed.first == .trust(ours, until: .boot + .seconds(66)))
        var other = SessionMachine(settings: SessionSettings())
        _ = other.handle(.resume(ours), at: .boot)
        #expect(
            other.handle(.resumeFailed(ours, isLost: true), at: .boot)
                == [.trust(nil, until: nil), .open]
        )
    }

    @Test func `is renewed every quarter of its term`() {
        var machine = live
        let due = MonotonicInstant.boot + .milliseconds(2_505)
        #expect(machine.handle(.deadlineReached, at: due).contains(.renew(ours)))
        #expect(
            machine.handle(.renewed(ours, sentAt: due), at: due + .seconds(1))
                == [.trust(ours, until: due + .seconds(6))]
        )
    }

    @Test func `is not asked for a third renewal before one is answered`() {
        var machine = live
        var renewals = 0
        for second in 1...30 {
            let actions = machine.handle(.deadlineReached, at: .boot + .seconds(second))
            renewals += actions.count { $0 == .renew(ours) }
        }
        #expect(renewals == 2)
    }

    @Test func `ends at once when the store says so, and a new one follows`() {
        var machine = live
        #expect(
            machine.handle(.renewFailed(ours, isLost: true), at: .boot + .seconds(3))
                == [.trust(nil, until: nil), .open]
        )
    }

    @Test func `is kept through a failure that may be a lost answer`() {
        var machine = live
        #expect(machine.handle(.renewFailed(ours, isLost: false), at: .boot + .seconds(3)).isEmpty)
    }

    @Test func `is opened again a while after a refusal`() {
        var machine = SessionMachine(settings: SessionSettings())
        _ = machine.handle(.start, at: .boot)
        #expect(
            machine.handle(.openRefused, at: .boot) == [.observe, .wake(at: .boot + .seconds(1))]
        )
        #expect(machine.handle(.deadlineReached, at: .boot + .milliseconds(999)) != [.open])
        #expect(machine.handle(.deadlineReached, at: .boot + .seconds(1)) == [.open])
    }

    @Test func `of a former life is ended by the new one, if nobody else is there to do it`() {
        var machine = SessionMachine(settings: SessionSettings())
        _ = machine.handle(.start, at: .boot)
        var expired: Int?
        for second in 0...20 where expired == nil {
            let now = MonotonicInstant.boot + .seconds(second)
            _ = machine.handle(.openRefused, at: now)
            let seen = machine.handle(.observed([view(beat, openRuns: 1)]), at: now)
            if seen == [.expire(theirs, observed: beat)] { expired = second }
            _ = machine.handle(.deadlineReached, at: now + .seconds(1))
        }
        #expect(expired == 13)
        // Its runs are taken over once there is a session to do it under.
        let dead = view(beat, isLive: false, openRuns: 1)
        #expect(machine.handle(.observed([dead]), at: .boot + .seconds(14)).isEmpty)
        _ = machine.handle(.opened(ours, sentAt: .boot + .seconds(14)), at: .boot + .seconds(14))
        #expect(machine.handle(.observed([dead]), at: .boot + .seconds(15)) == [.takeOver(theirs)])
    }

    @Test func `asks for one wake-up at a time, however often it is hurried`() {
        var machine = live
        var wakes: [MonotonicInstant] = []
        func take(_ actions: [SessionMachine.Action]) {
            for case .wake(let instant) in actions { wakes.append(instant) }
        }
        for count in 1...50 {
            take(machine.handle(.hurry, at: .boot + .milliseconds(100 + count)))
        }
        // Whatever was asked for comes, and asks for the next.
        for second in 1...60 {
            let now = MonotonicInstant.boot + .seconds(second)
            let due = wakes.filter { $0 <= now }
            wakes.removeAll { $0 <= now }
            for _ in due { take(machine.handle(.deadlineReached, at: now)) }
            #expect(wakes.count <= 2, "second \(second)")
        }
    }

    @Test func `declares another dead only after its beat stood still for 1.2 of its term`() {
        var machine = live
        for second in 1...13 {
            #expect(machine.handle(.observed([view(beat)]), at: .boot + .seconds(second)).isEmpty)
        }
        #expect(
            machine.handle(.observed([view(beat)]), at: .boot + .milliseconds(13_001))
                == [.expire(theirs, observed: beat)]
        )
    }

    @Test func `counts anew when nobody could look, for then nobody could renew either`() {
        var machine = live
        for second in 1...5 {
            _ = machine.handle(.observed([view(beat)]), at: .boot + .seconds(second))
        }
        // The store was away for half a minute; whoever is back first must not end all others.
        for second in 35...47 {
            #expect(machine.handle(.observed([view(beat)]), at: .boot + .seconds(second)).isEmpty)
        }
        #expect(
            machine.handle(.observed([view(beat)]), at: .boot + .milliseconds(47_001))
                == [.expire(theirs, observed: beat)]
        )
    }

    @Test func `counts anew when another's beat moves`() {
        var machine = live
        _ = machine.handle(.observed([view(beat)]), at: .boot + .seconds(1))
        _ = machine.handle(.observed([view(beat)]), at: .boot + .seconds(7))
        for second in 12...24 {
            let seen = machine.handle(.observed([view(Beat(4))]), at: .boot + .seconds(second))
            #expect(seen.isEmpty)
        }
    }

    @Test func `does not wait for another whose process is gone`() {
        var machine = live
        #expect(
            machine.handle(.observed([view(beat, isGone: true)]), at: .boot + .seconds(1))
                == [.expire(theirs, observed: beat)]
        )
    }

    @Test func `finishes a takeover that somebody began and did not end`() {
        var machine = live
        let dead = view(beat, isLive: false, openRuns: 2)
        #expect(machine.handle(.observed([dead]), at: .boot + .seconds(1)) == [.takeOver(theirs)])
    }
}

extension MonotonicInstant {
    static let boot = Self(sinceBoot: .zero)

    static func + (instant: Self, duration: Duration) -> Self {
        instant.advanced(by: duration)
    }
}
