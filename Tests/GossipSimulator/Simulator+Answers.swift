// What tests and scenarios ask of a simulated cluster.

package import Gossip

extension Simulator {
    /// The nodes that run.
    package var live: [SimulatedNode] { nodes.filter(\.isUp) }

    /// Whether every live node sees the same, and exactly the live ones as alive.
    package var areViewsEqual: Bool {
        let live = self.live
        guard let first = live.first else { return true }
        // Cheap, and mostly enough to say no.
        let digest = first.machine.rosterDigest
        guard live.allSatisfy({ $0.machine.rosterDigest == digest }),
            live.allSatisfy({ $0.machine.presentCount == live.count })
        else { return false }
        let names = Set(live.map(\.name))
        if live.count > 100 {
            return first.machine.members.allSatisfy { !$0.isPresent || names.contains($0.name) }
                && live.allSatisfy { $0.machine.gauges.suspects == 0 }
        }
        let standings = first.machine.members.filter(\.isPresent).map(\.standing)
        return live.allSatisfy { node in
            // Two processes of one name may have the same standing at two addresses.
            guard
                node.machine.members.allSatisfy({ member in
                    !member.isPresent || places[member.address].map { nodes[$0].isUp } ?? false
                })
            else { return false }
            let present = node.machine.members.filter(\.isPresent)
            return present.map(\.standing) == standings
                && present.allSatisfy { $0.state == .alive && names.contains($0.name) }
        }
    }

    /// Whether nobody has anything left to tell.
    package var isQuiet: Bool {
        live.allSatisfy { $0.machine.gauges.rumours + $0.machine.gauges.guests == 0 }
    }

    package var areListsEqual: Bool {
        live.allSatisfy {
            $0.list.position == store.position && $0.machine.position == store.position
                && $0.list.records == store.records
        }
    }

    /// Whether no copy ever was anywhere the store was not.
    package var areListsPrefixes: Bool {
        nodes.allSatisfy { $0.list.history.allSatisfy(acknowledged.contains) }
    }

    func checkHistory(of node: SimulatedNode) {
        guard !acknowledged.contains(node.list.position) else { return }
        violations.append("\(node.name) stands at \(node.list.position), where no store ever was")
    }

    package func state(of index: Int, seenBy other: Int) -> MemberState? {
        member(index, seenBy: other)?.state
    }

    package func member(_ index: Int, seenBy other: Int) -> Member? {
        nodes[other].machine.members.first { $0.name == nodes[index].name }
    }
}
