// Who goes first: 1,024 virtual shards, ranked over nodes by rendezvous hashing.

/// The unit of who goes first, never of who may.
package struct VirtualShard: Hashable, Comparable, Sendable {
    package static let count = 1_024

    package let number: Int

    package init(number: Int) {
        precondition((0..<Self.count).contains(number), "virtual shard \(number)")
        self.number = number
    }

    /// The shard of a job; stable for ever.
    package init(of job: UID) {
        var hash = StableHash()
        hash.add(job.text)
        self.init(of: hash)
    }

    /// The same of a job whose uid was added to `hash`.
    package init(of hash: StableHash) {
        self.init(number: Int(hash.value % UInt64(Self.count)))
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.number < rhs.number }

    /// `nodes` in the order in which they go first, the same on every machine.
    ///
    /// - SeeAlso: Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998.
    package func ranked(_ nodes: [NodeName]) -> [NodeName] {
        nodes.map { (weight: StableHash.of("\(number)/\($0.text)"), name: $0) }
            .sorted { ($0.weight, $0.name) > ($1.weight, $1.name) }
            .map(\.name)
    }
}

/// A hash that is the same in every process and release, unlike `Hasher`'s.
///
/// It takes bytes one by one, so that what begins alike need not be hashed twice.
package struct StableHash: Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    package init() {}

    package mutating func add(_ byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
    }

    /// Adds the bytes of `word`, the lowest first.
    mutating func add(eight word: UInt64) {
        for place in UInt64(0)..<8 { add(UInt8(truncatingIfNeeded: word >> (8 * place))) }
    }

    /// As ``add(eight:)``, for four hashes and a word for each.
    static func add(_ words: InlineArray<4, UInt64>, to hashes: inout InlineArray<4, Self>) {
        for place in UInt64(0)..<8 {
            for lane in 0..<4 {
                hashes[lane].add(UInt8(truncatingIfNeeded: words[lane] >> (8 * place)))
            }
        }
    }

    package mutating func add(_ text: String) {
        for byte in text.utf8 { add(byte) }
    }

    /// The hash of what was added so far.
    package var value: UInt64 {
        var hash = (state ^ (state >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }

    /// FNV-1a over the UTF-8 bytes, finished with a 64-bit mixer.
    ///
    /// - SeeAlso: RFC draft-eastlake-fnv; Appleby's fmix64.
    package static func of(_ text: String) -> UInt64 {
        var hash = Self()
        hash.add(text)
        return hash.value
    }
}
