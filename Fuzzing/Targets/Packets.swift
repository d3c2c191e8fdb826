// Any bytes as a datagram of gossip, and what was read given to a machine.

internal import Gossip
internal import Vocabulary

private let me = Member(
    name: NodeName("n0"),
    role: .node,
    address: PeerAddress("10.0.0.1:1"),
    standing: Standing(bootEpoch: 5, incarnation: 0, state: .alive)
)

/// A machine that has started; a value, so that each input has a fresh one.
private let started: GossipMachine = {
    var machine = GossipMachine(
        me: me,
        contacts: [PeerAddress("10.0.0.2:1")],
        position: .start,
        seed: 1
    )
    _ = machine.handle(.start, at: MonotonicInstant(sinceBoot: .seconds(1)))
    return machine
}()

@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzPacket(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    guard let frames = try? PacketCodec.decode(bytes) else { return 0 }
    let again = PacketCodec.encode(frames)
    check((try? PacketCodec.decode(again)) == frames, "frames are read otherwise the second time")
    var machine = started
    var now = MonotonicInstant(sinceBoot: .seconds(1))
    for _ in 0..<3 {
        now = now.advanced(by: .milliseconds(700))
        let from = PeerAddress("10.0.0.3:1")
        for action in machine.handle(.packet(frames, from: from), at: now, wallClock: .epoch) {
            guard case .send(let frames, _) = action else { continue }
            check(PacketCodec.encode(frames).count <= 1_190, "a packet is too long")
        }
        _ = machine.handle(.wake, at: now.advanced(by: .milliseconds(300)))
    }
    check(machine.gauges.rumours <= machine.gauges.members + 1, "\(machine.gauges)")
    return 0
}
