// What carries notes and changes between members, and calls to the store.

/// Which ways are cut, and what the others do to what they carry.
struct Network {
    /// Nodes that cannot reach the store.
    var cutFromStore: Set<Int> = []
    /// Nodes that cannot reach the other nodes, nor the master.
    var cutFromPeers: Set<Int> = []
    /// In percent of notes and changes.
    var loss = 0
    var duplication = 0
    /// The longest a note takes, in milliseconds.
    var noteDelay: Int64 = 30

    func connects(_ one: Int, _ other: Int) -> Bool {
        !cutFromPeers.contains(one) && !cutFromPeers.contains(other)
    }
}

extension World {
    /// Carries something to `node`, or not, or twice.
    func carry(
        from sender: Int,
        to node: SimulatedNode,
        _ tag: StaticString,
        _ run: @escaping () -> Void
    ) {
        guard network.connects(sender, node.index), !happens(network.loss) else { return }
        let times = happens(network.duplication) ? 2 : 1
        for _ in 0..<times {
            after(skewed(1...network.noteDelay), on: node, tag, run)
        }
    }

    /// Tells every node who is alive, each after a while of its own.
    func announceMembers() {
        judgeClocks()
        for node in nodes where node.isUp { announceMembers(to: node) }
    }

    /// Where most clocks are wrong alike, nobody can know who is right.
    private func judgeClocks() {
        let errors = nodes.filter { node in
            node.isUp && !node.isFrozen && !network.cutFromPeers.contains(node.index)
        }.map { $0.clock.error(at: now) }
        let wrong = errors.filter { abs($0) > 500 }
        let most = wrong.map { one in wrong.count { abs($0 - one) <= 1_000 } }.max() ?? 0
        evidence.mislead(2 * most > errors.count, at: now, recovery: setup.term * 3 + 5_000)
    }

    private func announceMembers(to node: SimulatedNode) {
        let isSlow = setup.has(.members) && happens(30)
        let delay = isSlow ? draw(setup.term...setup.term * 8) : draw(500...4_000)
        after(delay, on: node, "members") { [unowned self, unowned node] in
            node.learnMembers(
                nodes.filter { other in
                    other === node
                        || other.isUp && !other.isFrozen && !other.isLeaving
                            && network.connects(node.index, other.index)
                }
            )
            node.lookAtClock()
        }
    }
}
