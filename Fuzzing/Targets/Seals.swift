// Bytes from the network before anybody is known: packets, greetings, and the text of a ring.

internal import Sealing
internal import Vocabulary

@testable internal import JobList

/// What was sealed is opened again; whatever else comes in is refused, and nothing traps.
@_cdecl("LLVMFuzzerTestOneInput")
package func fuzzSeals(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = unsafe input(start, count)
    guard let choice = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch choice % 4 {
    case 0: openForeign(rest)
    case 1: openDamaged(rest)
    case 2: greet(rest)
    case _: readRing(rest)
    }
    return 0
}

private let key: SecretKey = {
    guard let key = SecretKey(bytes: [UInt8](1...32)) else { fatalError("32 bytes are a key") }
    return key
}()

private func seal(_ session: UInt64) -> PacketSeal {
    PacketSeal(keys: GossipKeys(key: key, clusterID: "fuzz"), session: session)
}

private func openForeign(_ bytes: [UInt8]) {
    var receiver = seal(1)
    // Also behind a header that is right, so that what follows it is reached.
    for packet in [bytes, [0x53, 0x47, 1, 1] + bytes] {
        check(isRefused(receiver.open(packet)), "a stranger was believed")
    }
}

/// The first bytes say where a packet is damaged, and how; the rest is what was sealed.
private func openDamaged(_ bytes: [UInt8]) {
    guard bytes.count >= 3 else { return }
    let plain = Array(bytes.dropFirst(3))
    var sender = seal(1)
    var receiver = seal(2)
    let packet = sender.seal(plain)
    var damaged = packet
    damaged[(Int(bytes[0]) << 8 | Int(bytes[1])) % packet.count] ^= bytes[2]
    let opening = receiver.open(damaged)
    guard bytes[2] != 0 else {
        check(opening == .packet(plain, under: .first), "a packet was lost")
        return check(receiver.open(packet) == .refused(.replayed), "a packet came twice")
    }
    check(isRefused(opening), "a changed packet was believed")
    // And it did not stand in the way of the true one.
    check(receiver.open(packet) == .packet(plain, under: .first), "the true packet was lost")
}

private func isRefused(_ opening: PacketSeal.Opening) -> Bool {
    guard case .refused = opening else { return false }
    return true
}

private func greet(_ bytes: [UInt8]) {
    let length = StreamGreeting.length
    for candidate in [bytes, [0x53, 0x67, 2, 0] + bytes, Array(bytes.prefix(length))] {
        guard let greeting = StreamGreeting(candidate) else { continue }
        check(greeting.bytes == candidate, "a greeting is read as another")
        check(greeting.clusterFingerprint.utf8.count == 16, "a short mark")
        _ = EphemeralKey().shared(with: greeting.ephemeral)
    }
    // The header that a guest sends next, and its first frame.
    let header = Array(bytes.prefix(FrameSealer.headerLength))
    guard var opener = FrameOpener(key: key, header: header) else { return }
    let frame = Array(bytes.dropFirst(FrameSealer.headerLength))
    check(opener.open(frame) == nil, "a stranger's frame was opened")
}

private func readRing(_ bytes: [UInt8]) {
    guard let ring = try? KeyRing(text: String(decoding: bytes, as: UTF8.self)) else { return }
    let again = try? KeyRing(text: ring.text)
    check(again?.used == ring.used && again?.clusterID == ring.clusterID, "another ring")
    check(again?.entries.map(\.id) == ring.entries.map(\.id), "other keys")
}
