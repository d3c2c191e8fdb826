import Foundation
import Gossip
import JobList
import Platform
import Sealing
import TestSupport
import Testing
import Vocabulary

@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
struct `Gossip on loopback` {
    @Test(arguments: [3, 5])
    func `finds everybody and carries each change to all`(count: Int) async throws {
        let yard = try Yard()
        let names = Array(["a", "b", "c", "d", "e"].prefix(count))
        for name in names { try await yard.start(name) }
        let peers = yard.peers
        #expect(await eventually { peers.allSatisfy { alive($0) == names } })

        var slowest: [Duration] = []
        for round in 0..<60 {
            let writer = peers[round % count]
            let batch = writer.list.next()
            let outcome = try await writer.list.apply([batch])
            #expect(outcome == .applied(batch.position))
            let began = SystemClock.monotonic
            writer.driver.publish(batch)
            let arrived = await eventually {
                peers.allSatisfy { $0.list.current == batch.position }
            }
            #expect(arrived, "round \(round)")
            let latest = peers.compactMap { $0.list.arrivals[batch.position.revision] }.max()
            slowest.append(began.duration(to: latest ?? began))
        }
        slowest.sort()
        print(
            "publish to applied on all of \(count): median \(slowest[30].inSeconds * 1_000) ms,",
            "90% \(slowest[54].inSeconds * 1_000) ms, worst \(slowest[59].inSeconds * 1_000) ms"
        )
        #expect(peers.allSatisfy { $0.driver.counters.malformed == 0 })
        #expect(peers.allSatisfy { $0.driver.counters.refused == 0 })
        await yard.stopAll()
    }

    @Test func `finds everybody and carries a change where addresses are IPv6`() async throws {
        let yard = try Yard()
        for name in ["a", "b", "c"] {
            let seeds = yard.peers.first.map { ["[::1]:\($0.driver.boundPort)"] } ?? []
            try await yard.start(name, seeds: seeds) { $0.bindAddress = "[::1]:0" }
        }
        let peers = yard.peers
        #expect(await eventually { peers.allSatisfy { alive($0) == ["a", "b", "c"] } })
        let batch = peers[0].list.next()
        _ = try await peers[0].list.apply([batch])
        peers[0].driver.publish(batch)
        #expect(await eventually { peers.allSatisfy { $0.list.current == batch.position } })
        let addresses = peers[1].driver.members.map(\.address.text)
        #expect(addresses.allSatisfy { $0.hasPrefix("[::1]:") })
        await yard.stopAll()
    }

    @Test func `brings a late and empty peer up to date, large batches and all`() async throws {
        let yard = try Yard()
        for name in ["a", "b"] { try await yard.start(name) }
        let first = yard.peers[0]
        for round in 0..<300 {
            // One of several frames, and more than one page altogether.
            let batch = first.list.next(bodyLength: round == 7 ? 3_000_000 : 8_000)
            _ = try await first.list.apply([batch])
            first.driver.publish(batch)
        }
        let late = try await yard.start("late")
        #expect(await eventually { late.list.current == first.list.current })
        #expect(late.list.records == first.list.records)
        await yard.stopAll()
    }

    @Test func `installs a snapshot where changes are no longer kept`() async throws {
        let yard = try Yard()
        try await yard.start("a")
        let first = yard.peers[0]
        for _ in 0..<1_200 { _ = try await first.list.apply([first.list.next()]) }
        await first.driver.listAdvanced(to: first.list.current)
        first.list.compact()
        let late = try await yard.start("late")
        #expect(await eventually { late.list.current == first.list.current })
        #expect(late.list.records == first.list.records)
        await yard.stopAll()
    }

    @Test func `refuses and counts whoever has another key or cluster`() async throws {
        let yard = try Yard()
        for name in ["a", "b"] { try await yard.start(name) }
        let first = yard.peers[0]
        let stranger = try await yard.start("stranger", key: SecretKey.random())
        let other = try await yard.start("other") { $0.clusterID = "elsewhere" }
        #expect(await eventually { alive(first) == ["a", "b"] })
        // Both greet once a second at first, on a stream.
        #expect(await eventually { first.driver.counters.refused >= 2 })
        #expect(alive(stranger) == ["stranger"])
        #expect(alive(other) == ["other"])
        #expect(alive(first) == ["a", "b"])
        await yard.stopAll()
    }

    @Test func `delivers a kill once and hints to all`() async throws {
        let yard = try Yard()
        for name in ["a", "b", "c"] { try await yard.start(name) }
        let peers = yard.peers
        #expect(await eventually { peers.allSatisfy { alive($0).count == 3 } })
        let order = KillOrder(
            run: RunID("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            author: "ada",
            grace: nil,
            requestedAt: SystemClock.wall
        )
        let settled = Signal.settled([
            SettledShard(shard: VirtualShard(number: 7), through: SystemClock.wall)
        ])
        await peers[0].driver.send(.kill(order), to: NodeName("b"))
        await peers[0].driver.send(settled, to: nil)
        #expect(await eventually { peers[1].news.signals.count == 2 })
        #expect(await eventually { peers[2].news.signals == [settled] })
        #expect(
            Set(peers[1].news.signals.map { "\($0)" }) == ["\(Signal.kill(order))", "\(settled)"]
        )
        await yard.stopAll()
    }

    @Test func `finds its members again after a restart without seeds`() async throws {
        let yard = try Yard()
        for name in ["a", "b", "c"] { try await yard.start(name) }
        let peers = yard.peers
        #expect(await eventually { peers.allSatisfy { alive($0).count == 3 } })
        let file = "\(yard.folder)/c.members"
        #expect(
            await eventually {
                let lines = (try? FileStore.read(file)).map { String(decoding: $0, as: UTF8.self) }
                return lines?.split(separator: "\n").count == 2
            }
        )
        let epoch = peers[0].driver.members.first { $0.name == NodeName("c") }?.bootEpoch
        await peers[2].driver.stop()
        let again = try await yard.start("c", seeds: [])
        #expect(await eventually { alive(again) == ["a", "b", "c"] })
        #expect(
            await eventually {
                let seen = peers[0].driver.members.first { $0.name == NodeName("c") }
                return seen?.state == .alive && (seen?.bootEpoch ?? 0) > (epoch ?? .max)
            }
        )
        await yard.stopAll()
    }

    @Test func `leaves so that others know, and spreads flags before`() async throws {
        let yard = try Yard()
        for name in ["a", "b", "c"] { try await yard.start(name) }
        let peers = yard.peers
        #expect(await eventually { peers.allSatisfy { alive($0).count == 3 } })
        await peers[2].driver.setFlags(isDraining: true, isStale: true)
        #expect(
            await eventually {
                let seen = peers[0].driver.members.first { $0.name == NodeName("c") }
                return seen?.isDraining == true && seen?.isStale == true
            }
        )
        await peers[2].driver.leave()
        #expect(
            await eventually(within: .seconds(2)) {
                peers[..<2].allSatisfy { peer in
                    peer.driver.members.first { $0.name == NodeName("c") }?.state == .left
                }
            }
        )
        // Nothing that is asked of a stopped peer hangs.
        await peers[2].driver.leave()
        await peers[2].driver.setFlags(isDraining: false, isStale: false)
        await yard.stopAll()
    }

    @Test func `goes on after its peer's port was closed`() async throws {
        let yard = try Yard()
        for name in ["a", "b"] { try await yard.start(name) }
        let peers = yard.peers
        #expect(await eventually { alive(peers[0]).count == 2 })
        await peers[1].driver.stop()
        #expect(
            await eventually {
                peers[0].driver.members.first { $0.name == NodeName("b") }?.state == .failed
            }
        )
        let third = try await yard.start("third")
        #expect(await eventually { alive(third) == ["a", "third"] && alive(peers[0]).count == 2 })
        await yard.stopAll()
    }

    @Test func `takes a packet once and unchanged only`() async throws {
        let yard = try Yard()
        let local = try #require(SocketAddress("127.0.0.1:0"))
        let tap = try Socket.datagrams(at: local)
        let place = try #require(tap.localAddress)
        // A knocks at its seed, which is our tap; what it says there is meant for anybody.
        try await yard.start("a", seeds: [place.description]) {
            $0.tuning.redialInterval = .milliseconds(100)
        }
        let second = try await yard.start("b", seeds: [])
        let target = try #require(SocketAddress(second.address))
        var buffer = [UInt8](repeating: 0, count: 2_000)
        var packets: [[UInt8]] = []
        #expect(
            await eventually {
                if case .datagram(let bytes, _) = tap.receive(into: &buffer) {
                    packets.append(bytes)
                }
                return packets.count == 2
            }
        )
        for place in [5, 25, packets[0].count - 1] {
            var damaged = packets[0]
            damaged[place] ^= 1
            _ = tap.send(damaged, to: target)
        }
        #expect(await eventually { second.driver.counters.refused == 3 })
        #expect(alive(second) == ["b"])
        _ = tap.send(packets[1], to: target)
        #expect(await eventually { alive(second) == ["a", "b"] })
        // The earlier one is late, not old; either one again is a recording.
        for packet in [packets[0], packets[0], packets[1]] { _ = tap.send(packet, to: target) }
        #expect(await eventually { second.driver.counters.replayed == 2 })
        #expect(second.driver.counters.refused == 3)
        await yard.stopAll()
    }

    @Test func `holds out against garbage on both sockets`() async throws {
        let yard = try Yard()
        for name in ["a", "b"] { try await yard.start(name) }
        let peers = yard.peers
        let target = try #require(SocketAddress(peers[0].address))
        let local = try #require(SocketAddress("127.0.0.1:0"))
        let socket = try Socket.datagrams(at: local)
        var chance = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let length = Int.random(in: 0..<1_400, using: &chance)
            var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &chance) }
            if bytes.count > 4 { bytes.replaceSubrange(..<4, with: [0x53, 0x47, 1, 1]) }
            _ = socket.send(bytes, to: target)
        }
        let streams = try (0..<3).map { _ in try Socket.connecting(to: target) }
        for stream in streams {
            #expect(
                await eventually {
                    (stream.write([UInt8](repeating: 0xFF, count: 64)[...]) ?? 0) > 0
                }
            )
        }
        #expect(await eventually { peers[0].driver.counters.refused >= 150 })
        #expect(await eventually { alive(peers[0]) == ["a", "b"] })
        let batch = peers[1].list.next()
        _ = try await peers[1].list.apply([batch])
        peers[1].driver.publish(batch)
        #expect(await eventually { peers[0].list.current == batch.position })
        await yard.stopAll()
    }

    @Test func `is refused with sentences when its settings make no sense`() throws {
        let yard = try Yard()
        var settings = yard.settings("a", seeds: ["nowhere"])
        settings.bindAddress = "0.0.0.0:0"
        settings.key = nil
        settings.clusterID = ""
        #expect(
            settings.faults == [
                "cluster: it has no name. Write one",
                "gossip key: there is none, and 0.0.0.0:0 can be reached from other machines. "
                    + "Give the cluster's key, or listen at 127.0.0.1",
                "advertised address: others cannot dial 0.0.0.0:0. Say where they find us",
                "seed: 'nowhere' is not host:port",
            ]
        )
        #expect(throws: GossipError.settings(settings.faults)) {
            try GossipDriver(
                settings: settings,
                list: MemoryList(),
                log: DaemonLog(name: "a", lowest: .error),
                onChange: { _ in }
            )
        }
    }
}
