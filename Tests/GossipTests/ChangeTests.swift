import Gossip
import GossipSimulator
import TestSupport
import Testing
import Vocabulary

@Suite struct `Changes` {
    @Test func `reach every member in a few milliseconds`() {
        let cluster = Simulator(20, seed: 1)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        var missed = 0
        for round in 0..<40 {
            cluster.commit(on: round % 20)
            cluster.run(for: .milliseconds(20))
            missed += cluster.nodes.count { $0.list.position != cluster.store.position }
        }
        // One in e^3 batches may miss one member; the announcements behind it repair that.
        #expect(missed <= 20)
        cluster.run(for: .seconds(1))
        #expect(cluster.areListsEqual)
        #expect(cluster.areListsPrefixes)
    }

    @Test func `too large for a packet are announced and fetched`() {
        let cluster = Simulator(8, seed: 2)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.commit(on: 3, body: 200_000)
        cluster.run(for: .milliseconds(300))
        #expect(cluster.areListsEqual)
    }

    @Test(.tags(.randomized))
    func `are a prefix of the store's everywhere, and equal after the storm`() {
        for seed in 1...24 as ClosedRange<UInt64> {
            let cluster = Simulator(7, seed: seed)
            cluster.startAll()
            cluster.run(for: .seconds(4))
            var chance = SeededGenerator(seed: seed)
            for round in 0..<60 {
                cluster.weather = Weather(
                    loss: round % 3 == 0 ? 0.4 : 0.1,
                    duplication: 0.1,
                    latency: 100...30_000
                )
                if round % 20 == 5 { cluster.nodes[6].island = 1 }
                if round % 20 == 15 { cluster.nodes[6].island = 0 }
                if round == 30 { cluster.crash(5) }
                if round == 45 { cluster.restart(5, keepsList: seed % 2 == 0) }
                let isLarge = Int.random(in: 0..<10, using: &chance) == 0
                let writer = Int.random(in: 0..<5, using: &chance)
                cluster.commit(on: writer, body: isLarge ? 5_000 : 100)
                cluster.run(for: .milliseconds(100))
                #expect(cluster.areListsPrefixes, "seed \(seed), round \(round)")
            }
            cluster.weather = Weather()
            let took = cluster.run(
                until: { $0.areListsEqual && $0.areViewsEqual },
                atMost: .seconds(30)
            )
            #expect(took != nil, "seed \(seed)")
        }
    }

    @Test func `are complete on a member that starts empty and late`() {
        let cluster = Simulator(4, seed: 4)
        for index in 0..<3 { cluster.start(index) }
        cluster.run(for: .seconds(3))
        for _ in 0..<150 { cluster.commit(on: 0) }
        cluster.run(for: .seconds(1))
        cluster.start(3)
        let took = cluster.run(until: { $0.areListsEqual }, atMost: .seconds(2))
        #expect(took != nil)
    }

    @Test func `are fetched as a snapshot where they are no longer kept`() {
        let cluster = Simulator(4, seed: 5)
        for index in 0..<3 { cluster.start(index) }
        cluster.run(for: .seconds(3))
        for _ in 0..<30 { cluster.commit(on: 0) }
        cluster.run(for: .seconds(1))
        for index in 0..<3 { cluster.nodes[index].list.compact() }
        cluster.start(3)
        let took = cluster.run(until: { $0.areListsEqual }, atMost: .seconds(3))
        #expect(took != nil)
    }

    @Test func `of a store that went back replace what it has lost`() {
        let cluster = Simulator(5, seed: 6)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        for _ in 0..<10 { cluster.commit(on: 0) }
        cluster.run(for: .seconds(1))
        let backup = cluster.store
        for _ in 0..<10 { cluster.commit(on: 1) }
        cluster.run(for: .seconds(1))
        // The backup is restored under a new epoch; node 2 starts over from it and goes on.
        cluster.store = backup
        cluster.nodes[2].list = backup
        cluster.storeEpoch = 2
        let batch = cluster.commitSilently(body: 50)
        _ = cluster.nodes[2].list.apply([batch])
        cluster.tell(.published(batch), on: 2)
        let took = cluster.run(until: { $0.areListsEqual }, atMost: .seconds(5))
        #expect(took != nil)
        #expect(
            cluster.nodes.contains { node in
                node.notes.contains { if case .historiesDiffer = $0 { true } else { false } }
            }
        )
    }

    @Test func `that another way brought in are announced to the others`() {
        let cluster = Simulator(5, seed: 7)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        for _ in 0..<5 { cluster.commitSilently() }
        let missed = cluster.store.changes(after: .zero, limit: 100) ?? []
        _ = cluster.nodes[4].list.apply(missed)
        cluster.tell(.advanced(cluster.nodes[4].list.position), on: 4)
        cluster.run(for: .milliseconds(200))
        #expect(cluster.areListsEqual)
    }

    @Test func `are never handed on twice, though a report of an install comes late`() {
        let cluster = Simulator(3, seed: 9)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        for _ in 0..<3 { cluster.commit(on: 0) }
        cluster.run(for: .seconds(1))
        for index in 0..<3 { cluster.nodes[index].list.compact() }
        var machine = GossipMachine(
            me: Simulator.member(NodeName("n9"), PeerAddress("10.0.0.9:1"), bootEpoch: 5),
            contacts: [],
            position: .start,
            seed: 1
        )
        var now = MonotonicInstant(sinceBoot: .seconds(1))
        var number: UInt64?
        func note(_ actions: [GossipAction]) -> [Position] {
            for case .exchange(let pull, .pull, _) in actions {
                number = pull
            }
            for case .install(let install, _, _) in actions { number = install }
            return actions.compactMap { if case .advanced(let place) = $0 { place } else { nil } }
        }
        let source = Sender(
            name: NodeName("n0"),
            bootEpoch: 1_000,
            position: cluster.store.position
        )
        let member = Simulator.member(source.name, cluster.nodes[0].address, bootEpoch: 1_000)
        let claim = Frame.statement(Statement(member, by: NodeName("n1")))
        let have = [claim, Frame.have(source)]
        _ = note(machine.handle(.start, at: now))
        _ = note(machine.handle(.packet(have, from: cluster.nodes[0].address), at: now))
        for _ in 0..<100 where number == nil {
            now = now.advanced(by: .milliseconds(10))
            _ = note(machine.handle(.wake, at: now))
        }
        guard let pull = number else { return #expect(Bool(false), "nothing was fetched") }
        let reply = StreamReply.compacted(floor: cluster.store.position.revision)
        _ = note(machine.handle(.answered(pull, reply), at: now))
        guard let install = number, install != pull else {
            return #expect(Bool(false), "no snapshot was asked for")
        }
        // The list takes the snapshot, then a batch that comes from here; the report is late.
        let next = cluster.store.next(body: 1)
        let position = cluster.store.position
        _ = note(machine.handle(.published(next), at: now))
        #expect(note(machine.handle(.installed(install, position), at: now)).isEmpty)
        #expect(machine.position == next.position)
    }

    @Test func `arrive by probes alone when every push and announcement is lost`() {
        let cluster = Simulator(4, seed: 8)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        cluster.weather.loss = 1
        cluster.commit(on: 0)
        cluster.run(for: .milliseconds(400))
        cluster.weather.loss = 0
        let took = cluster.run(until: { $0.areListsEqual }, atMost: .seconds(3))
        #expect(took != nil)
    }

    @Test func `that no member has are asked of the store once two seconds have brought nothing`() {
        let cluster = Simulator(4, seed: 9)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        // The head of what a member never got rides on its probes, but nobody answers a stream.
        cluster.weather.isStreamLost = true
        cluster.weather.loss = 1
        cluster.commit(on: 0)
        cluster.run(for: .milliseconds(500))
        cluster.weather.loss = 0
        cluster.run(for: .milliseconds(1_500))
        #expect(cluster.nodes.allSatisfy { $0.storeAsked == 0 })
        let took = cluster.run(until: { $0.areListsEqual }, atMost: .seconds(6))
        #expect(took != nil)
        #expect(cluster.nodes[1...].allSatisfy { $0.storeAsked == 1 })
    }

    @Test func `that are on their way from members are not asked of the store`() {
        let cluster = Simulator(6, seed: 10)
        cluster.startAll()
        cluster.run(for: .seconds(3))
        for round in 0..<200 {
            cluster.commit(on: round % 6, body: round % 7 == 0 ? 9_000 : 100)
            cluster.run(for: .milliseconds(60))
        }
        cluster.run(for: .seconds(5))
        #expect(cluster.areListsEqual)
        #expect(cluster.nodes.allSatisfy { $0.storeAsked == 0 })
    }

    @Test func `that were refused are taken from no member again, but from the store`() {
        let cluster = Simulator(5, seed: 11)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.isStoreUp = false
        let poison = cluster.store.next(body: 100).position.revision
        cluster.nodes[3].list.refused = [poison]
        for _ in 0..<20 {
            cluster.commit(on: 0)
            cluster.run(for: .seconds(3))
        }
        let node = cluster.nodes[3]
        // One refusal, one note, some questions further and further apart, and no way past it.
        #expect(node.list.refusals == 1)
        #expect(node.notes.count { $0 == .quarantined(poison) } == 1)
        #expect((4...10).contains(node.storeAsked))
        #expect(node.list.position.revision < poison)
        #expect(cluster.state(of: 3, seenBy: 0) == .alive)
        cluster.isStoreUp = true
        let took = cluster.run(until: { $0.areListsEqual }, atMost: .seconds(70))
        #expect(took != nil)
        cluster.commit(on: 1)
        cluster.run(for: .seconds(1))
        #expect(cluster.areListsEqual)
        #expect(cluster.nodes[3].list.refusals == 1)
    }

    @Test func `that were refused before a restart are refused once more, and not for ever`() {
        let cluster = Simulator(5, seed: 12)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        cluster.isStoreUp = false
        let poison = cluster.store.next(body: 100).position.revision
        cluster.nodes[3].list.refused = [poison]
        cluster.commit(on: 0)
        cluster.run(for: .seconds(2))
        cluster.crash(3)
        cluster.restart(3, keepsList: true)
        cluster.run(for: .seconds(30))
        #expect(cluster.nodes[3].list.refusals == 2)
        cluster.isStoreUp = true
        let took = cluster.run(until: { $0.areListsEqual }, atMost: .seconds(70))
        #expect(took != nil)
    }

    @Test func `count as needed by members that are there or were within the hour`() {
        let cluster = Simulator(4, seed: 13)
        cluster.startAll()
        cluster.run(for: .seconds(5))
        for _ in 0..<5 { cluster.commit(on: 0) }
        cluster.run(for: .seconds(2))
        let behind = cluster.store.position
        cluster.crash(3)
        for _ in 0..<5 { cluster.commit(on: 0) }
        cluster.run(for: .seconds(60))
        func seen(_ span: Duration) -> [Position] {
            cluster.nodes[0].machine.positionsSeen(within: span, at: cluster.time)
        }
        #expect(seen(.seconds(3_600)).contains(behind))
        #expect(!seen(.seconds(10)).contains(behind))
        #expect(seen(.seconds(10)).count == 2)
    }
}

@Suite struct `Signals` {
    let order = KillOrder(
        run: RunID("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        author: "ada",
        grace: .seconds(3),
        requestedAt: Instant(unixMilliseconds: 1_763_702_400_250)
    )

    @Test(.tags(.randomized))
    func `that kill arrive once, whatever is lost or doubled`() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let cluster = Simulator(4, seed: seed)
            cluster.startAll()
            cluster.run(for: .seconds(2))
            cluster.weather = Weather(loss: 0.2, duplication: 0.3, latency: 100...5_000)
            cluster.tell(.tell(.kill(order), to: NodeName("n2")), on: 0)
            cluster.run(for: .seconds(1))
            #expect(cluster.nodes[2].delivered == [.kill(order)], "seed \(seed)")
            #expect(cluster.nodes[1].delivered.isEmpty)
        }
    }

    @Test func `that kill a dead member's run are reported as unanswered`() {
        let cluster = Simulator(3, seed: 1)
        cluster.startAll()
        cluster.run(for: .seconds(2))
        cluster.crash(2)
        cluster.tell(.tell(.kill(order), to: NodeName("n2")), on: 0)
        cluster.run(for: .seconds(2))
        #expect(cluster.nodes[0].notes == [.killUnanswered(order.run, by: NodeName("n2"))])
    }

    @Test func `that settle go to everybody once`() {
        let cluster = Simulator(5, seed: 2)
        cluster.startAll()
        cluster.run(for: .seconds(2))
        let shards = (0..<VirtualShard.count).map {
            SettledShard(
                shard: VirtualShard(number: $0),
                through: Instant(unixMilliseconds: 1_763_702_400_000 + Int64($0 % 3) * 60_000)
            )
        }
        cluster.tell(.tell(.settled(shards), to: nil), on: 1)
        cluster.tell(.tell(.triggers, to: nil), on: 1)
        cluster.run(for: .milliseconds(100))
        for index in [0, 2, 3, 4] {
            let settled = cluster.nodes[index].delivered.flatMap { signal -> [SettledShard] in
                if case .settled(let part) = signal { part } else { [] }
            }
            #expect(Set(settled) == Set(shards))
            #expect(settled.count == shards.count)
            #expect(cluster.nodes[index].delivered.contains(.triggers))
        }
        #expect(cluster.nodes[1].delivered.isEmpty)
    }
}
