// How fast the simulator is: a thousand nodes for a minute, beside a loop that does nothing.

internal import Vocabulary

/// What a run of many healthy nodes cost.
package struct SimulatorSpeed: Sendable {
    package var nodes: Int
    package var virtualSeconds: Double
    /// From nobody knowing anybody until all views are equal, in virtual seconds.
    package var joinedAfter: Double?
    package var joinWallSeconds: Double
    package var wallSeconds: Double
    package var events: Int
    package var packets: Int
    package var bytes: Int
    /// The same number of packets of the same sizes through the same heap, and nothing else.
    package var bareWallSeconds: Double

    /// Bytes that one node sends in a second of the quiet part, with the seal of each packet.
    package var idleBytesPerNode: Double {
        Double(bytes + packets * SimulatorBench.sealBytes) / Double(nodes) / virtualSeconds
    }

    package var idlePacketsPerNode: Double { Double(packets) / Double(nodes) / virtualSeconds }
}

package enum SimulatorBench {
    /// What sealing adds to a packet.
    static let sealBytes = 34

    /// Starts `count` nodes at once, waits until all know all, and runs on for `seconds`.
    ///
    /// - Parameters:
    ///   - count: How many nodes.
    ///   - seconds: Virtual time of the measured, quiet part.
    ///   - seed: Decides everything but the wall time.
    /// - Returns: What it cost.
    package static func run(nodes count: Int, seconds: Int, seed: UInt64) -> SimulatorSpeed {
        let clock = ContinuousClock()
        let began = clock.now
        let cluster = Simulator(count, seed: seed, seeds: 3)
        cluster.startAll()
        let joined = cluster.run(until: \.areViewsEqual, atMost: .seconds(60))
        // What is still being told.
        _ = cluster.run(until: \.isQuiet, atMost: .seconds(60))
        let settled = clock.now
        let (events, packets, bytes) = (cluster.events, cluster.packets, cluster.bytes)
        cluster.run(for: .seconds(seconds))
        let ended = clock.now
        let sent = cluster.packets - packets
        let sentBytes = cluster.bytes - bytes
        let handled = cluster.events - events
        let bare = clock.measure {
            run(events: handled, packets: sent, of: sentBytes / max(1, sent), depth: 3 * count)
        }
        return SimulatorSpeed(
            nodes: count,
            virtualSeconds: Double(seconds),
            joinedAfter: joined?.inSeconds,
            joinWallSeconds: (settled - began).inSeconds,
            wallSeconds: (ended - settled).inSeconds,
            events: handled,
            packets: sent,
            bytes: sentBytes,
            bareWallSeconds: bare.inSeconds
        )
    }

    /// An event loop that knows no protocol: each event is taken from the heap, and one comes in
    /// its place; a packet's bytes are copied when it is sent and when it arrives.
    private static func run(events: Int, packets: Int, of size: Int, depth: Int) {
        var agenda = Agenda<(node: Int, life: Int, bytes: [UInt8])>()
        var chance = SeededGenerator(seed: 1)
        for node in 0..<depth {
            agenda.add((node, 0, []), at: Int64(chance.next() % 500_000_000))
        }
        let body = [UInt8](repeating: 7, count: size)
        var sent = 0
        var sum = 0
        for _ in 0..<events {
            guard let (due, entry) = agenda.pop() else { return }
            var arrived: [UInt8] = []
            arrived.append(contentsOf: entry.bytes)
            sum &+= arrived.count
            var next: [UInt8] = []
            if sent < packets {
                next.append(contentsOf: body)
                sent += 1
            }
            agenda.add((entry.node, 0, next), at: due + Int64(chance.next() % 500_000_000))
        }
        precondition(sum >= 0)
    }
}
