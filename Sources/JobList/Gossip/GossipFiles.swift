// The two small files gossip keeps: its boot epoch and who was there.

internal import Platform
internal import Vocabulary

/// Reads and writes what one life of a peer leaves to the next.
enum GossipFiles {
    static let memberLimit = 1_000

    /// A boot epoch above all earlier ones, stored before it is used.
    static func nextBootEpoch(_ path: String) throws(SystemError) -> UInt64 {
        let stored = (try? FileStore.read(path, limit: 64)).flatMap(number) ?? 0
        let clock = UInt64(max(0, SystemClock.wall.unixMilliseconds))
        // One epoch per restart, and a little room should the file be damaged.
        let epoch = max(min(stored, 1 << 61) + 1, clock)
        try keep(epoch, at: path)
        return epoch
    }

    static func keep(_ epoch: UInt64, at path: String) throws(SystemError) {
        try FileStore.replace(path, with: Array("\(epoch)\n".utf8))
    }

    /// Addresses of the last members; whatever cannot be read is no address.
    static func members(_ path: String) -> [String] {
        guard let bytes = try? FileStore.read(path, limit: 1 << 20) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { SocketAddress($0) != nil }
    }

    static func keep(members: [String], at path: String) throws(SystemError) {
        let text = members.prefix(memberLimit).map { $0 + "\n" }.joined()
        try FileStore.replace(path, with: Array(text.utf8))
    }

    private static func number(_ bytes: [UInt8]) -> UInt64? {
        UInt64(String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self))
    }
}
