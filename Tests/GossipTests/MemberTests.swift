// Who counts among the members.

import Gossip
import Testing
import Vocabulary

@Suite struct `Members` {
    @Test func `are given work and asked about it if they are nodes and alive`() {
        var members: [Member] = []
        for role in MemberRole.allCases {
            for state in MemberState.allCases {
                members.append(
                    Member(
                        name: NodeName("\(role)-\(state)"),
                        role: role,
                        address: PeerAddress("127.0.0.1:1"),
                        standing: Standing(bootEpoch: 1, incarnation: 0, state: state)
                    )
                )
            }
        }
        #expect(members.aliveNodes.map(\.name.text) == ["node-alive"])
        #expect(
            members.filter(\.isPresent).map(\.name.text)
                == ["node-alive", "node-suspect", "master-alive", "master-suspect"]
        )
    }
}
