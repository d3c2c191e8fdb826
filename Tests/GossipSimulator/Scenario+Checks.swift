// What must hold in a scenario.

internal import Gossip
internal import Vocabulary

extension Scenario {
    private static let heldExchanges = 64

    /// During troubles: queues are short, and nothing moves backwards.
    func checkBounds() {
        for node in cluster.live {
            let gauges = node.machine.gauges
            if gauges.rumours > gauges.members + 1 { report("\(node.name): \(gauges)") }
            if gauges.exchanges > Self.heldExchanges { report("\(node.name): \(gauges)") }
            if gauges.members > 2 * cluster.nodes.count { report("\(node.name): \(gauges)") }
        }
        if !cluster.areListsPrefixes { report("a copy of the list is of no store") }
    }

    /// After troubles: nothing happens any more, and it costs next to nothing.
    func checkQuiet() {
        cluster.run(for: .seconds(5))
        let (packets, bytes) = (cluster.packets, cluster.bytes)
        let standings = cluster.live.map { $0.machine.members.map(\.standing) }
        cluster.run(for: .seconds(8))
        let each = Double(cluster.live.count) * 8
        let rate = Double(cluster.packets - packets) / each
        if rate > 4.5 { report("\(rate) packets a second from each while nothing happens") }
        let sealed = cluster.bytes - bytes + (cluster.packets - packets) * SimulatorBench.sealBytes
        if Double(sealed) / each > 500 {
            report("\(Double(sealed) / each) bytes a second from each while nothing happens")
        }
        let after = cluster.live.map { $0.machine.members.map(\.standing) }
        if after != standings {
            report("standings change though nothing happens: \(standings), then \(after)")
        }
        if !cluster.areViewsEqual || !cluster.areListsEqual { report("agreement did not last") }
        for node in cluster.live {
            let gauges = node.machine.gauges
            if gauges.rumours + gauges.guests + gauges.suspects > 0 || gauges.exchanges > 4 {
                report("\(node.name) when all is quiet: \(gauges)")
            }
        }
        checkClocks()
    }

    /// A clock that is wrong is found so by its owner.
    private func checkClocks() {
        // Who was short of time probes seldom for a while, and measured its own lateness.
        guard faults.contains(.clock), cluster.live.count >= 5,
            Set([.starve, .stall, .delay]).isDisjoint(with: faults)
        else { return }
        for node in cluster.live {
            let expected = node.wallClock(at: cluster.time).duration(
                to: Instant(unixMilliseconds: 1_763_702_400_000)
                    .advanced(by: cluster.time.sinceBoot)
            )
            guard let measured = node.machine.clockOffset else {
                report("\(node.name) has not measured its clock")
                continue
            }
            let error = (measured - expected).milliseconds
            if abs(error) > 30 { report("\(node.name) is wrong about its clock by \(error) ms") }
        }
    }

    /// A kill arrives once, or whoever sent it says that it may not have.
    func checkKills() {
        for kill in kills {
            let target = cluster.nodes[kill.target]
            let teller = cluster.nodes[kill.teller]
            let count = target.delivered.count { $0 == .kill(kill.order) }
            if count > 1, target.life == kill.targetLife {
                report("\(kill.order.run) was delivered \(count) times")
            }
            guard teller.life == kill.tellerLife, count == 0 else { continue }
            let isReported = teller.notes.contains { note in
                if case .killUnanswered(kill.order.run, _) = note { true } else { false }
            }
            let others = cluster.nodes.contains { $0.delivered.contains(.kill(kill.order)) }
            if !isReported, !others { report("\(kill.order.run) was lost without a word") }
        }
    }

    /// Where nothing cut nodes off, no healthy one was called failed.
    func checkWrongs() {
        guard Fault.cutting.isDisjoint(with: faults), !isLossHigh, cluster.wrongfulFailures > 0
        else { return }
        report("healthy members were held to have failed, \(cluster.wrongfulFailures) times")
    }

    /// Who sees what, for people.
    var disagreement: String {
        let live = cluster.live
        guard !cluster.areViewsEqual else {
            let behind = live.filter { $0.list.position != cluster.store.position }
            return behind.map { "\($0.name) is at \($0.list.position)" }.joined(separator: ", ")
                + ", the store at \(cluster.store.position)"
        }
        return live.map { node in
            let seen = node.machine.members.map { "\($0.name) \($0.standing)" }
            return "\(node.name): " + seen.joined(separator: ", ")
        }.joined(separator: "; ")
    }
}
