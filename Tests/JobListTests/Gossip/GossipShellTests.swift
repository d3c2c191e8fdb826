import Dispatch
import Gossip
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import JobList

/// What the shell does beside the machine; these are to catch a list's own news that stays
/// at home, a place for a guest that is never given back, a host that is there and not told of.
@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized)
struct `A gossip shell` {
    @Test(arguments: [1, 7, 60, 300])
    func `passes on what its list got by itself`(count: Int) async throws {
        let yard = try Yard()
        // Nobody hears of it by being asked whether it is alive.
        for name in ["a", "b", "c"] {
            try await yard.start(name) { $0.tuning.probeInterval = .seconds(3_600) }
        }
        let peers = yard.peers
        #expect(await eventually { peers.allSatisfy { alive($0).count == 3 } })
        let first = peers[0]
        for _ in 0..<count { _ = try await first.list.apply([first.list.next()]) }
        first.driver.listMoved(to: first.list.current)
        #expect(
            await eventually { peers.allSatisfy { $0.list.current == first.list.current } }
        )
        #expect(peers.allSatisfy { $0.list.records == first.list.records })
        // The news of one is no news to it when the others have it, nor is what is long past.
        for peer in peers { peer.driver.listMoved(to: peer.list.current) }
        peers[1].driver.listMoved(to: .start)
        let next = peers[2].list.next()
        _ = try await peers[2].list.apply([next])
        peers[2].driver.listMoved(to: next.position)
        #expect(await eventually { peers.allSatisfy { $0.list.current == next.position } })
        await yard.stopAll()
    }

    @Test func `sends two whole lists at a time, and says to others that it is busy`() async throws
    {
        let yard = try Yard()
        let full = try await yard.start("full")
        for _ in 0..<10 { _ = try await full.list.apply([full.list.next()]) }
        let address = try #require(SocketAddress(full.address))
        let loop = EventLoop(name: "guest")
        defer { loop.stop() }
        let guest = StreamDesk(
            loop: loop,
            keys: GossipKeys(key: yard.key, clusterID: "test"),
            list: MemoryList(),
            name: NodeName("guest")
        )
        func ask() async -> StreamReply? {
            try? await guest.ask(
                .snapshot(after: nil, base: nil),
                at: address,
                patience: .seconds(30)
            )
        }
        full.list.pages.close()
        async let first = ask()
        async let second = ask()
        #expect(await eventually { full.list.pages.waiting == 2 })
        #expect(await ask() == .busy)
        #expect(await ask() == .busy)
        full.list.pages.open()
        for reply in [await first, await second] {
            guard case .chunk(let chunk)? = reply else {
                Issue.record("\(String(describing: reply)) is no chunk")
                continue
            }
            #expect(chunk.count == 10 && chunk.position == full.list.current)
        }
        // Both hang up in the middle; somebody else has their places.
        #expect(await eventually { if case .chunk? = await ask() { true } else { false } })
        await guest.closeAll()
        await yard.stopAll()
    }

    @Test func `is patient with a silent member whose host takes streams`() async throws {
        let yard = try Yard()
        for name in ["a", "b", "stopped", "dead"] {
            try await yard.start(name) {
                $0.tuning.probeInterval = .milliseconds(300)
                $0.tuning.stopPatience = .seconds(60)
            }
        }
        let peers = yard.peers
        #expect(await eventually { peers.allSatisfy { alive($0).count == 4 } })
        // As with a stopped process: the kernel takes streams, and nobody answers.
        let goOn = DispatchSemaphore(value: 0)
        let loop = await peers[2].driver.loop
        loop.call { goOn.wait() }
        await peers[3].driver.stop()
        func state(_ name: String, seenBy peer: Peer) -> MemberState? {
            peer.driver.members.first { $0.name == NodeName(name) }?.state
        }
        #expect(
            await eventually {
                peers[..<2].allSatisfy { state("dead", seenBy: $0) == .failed }
            }
        )
        #expect(peers[..<2].allSatisfy { state("stopped", seenBy: $0) == .alive })
        goOn.signal()
        await yard.stopAll()
    }
}
