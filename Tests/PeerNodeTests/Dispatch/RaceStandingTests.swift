// Who takes part in the race for runs, as one of them sees it.

import Gossip
import Testing
import Vocabulary

@testable import PeerNode

@Suite struct `The race for runs` {
    private func member(
        _ name: String,
        _ role: MemberRole = .node,
        _ state: MemberState = .alive
    ) -> Member {
        var member = Member(
            name: NodeName(name),
            role: role,
            address: PeerAddress("127.0.0.1:1"),
            standing: Standing(bootEpoch: 1, incarnation: 0, state: state)
        )
        member.clockOffset = .seconds(3)
        member.roundTrip = .seconds(2)
        return member
    }

    @Test func `is between nodes that are alive, and each knows best how it stands itself`() {
        let members = [
            member("n1"), member("n2"), member("n3", .node, .suspect), member("m1", .master),
        ]
        var doubts = RaceStanding.Doubts()
        (doubts.isStale, doubts.isClockOff) = (true, true)
        let race = members.candidates(NodeName("n1"), isDraining: true, doubts: doubts)
        #expect(race.map(\.name.text) == ["n1", "n2"])
        #expect(race.map(\.isDraining) == [true, false])
        #expect(race.map(\.isStale) == [true, false])
        #expect(race.map(\.isClockOff) == [true, false])
        // Half the way there and back is doubt; of its own clock it has none.
        #expect(race.map(\.clockOffset) == [.zero, .seconds(2)])
    }
}
