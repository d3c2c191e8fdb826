// Sums over the list by which two copies, or a copy and its disk, are compared.

internal import Sealing
package import Vocabulary

/// How many rows a bucket has, and the sum of their digests modulo 2^128.
///
/// A sum and not an exclusive or, so that a row which is there twice does not vanish; and it can be
/// kept while rows come and go, which a digest over all of them could not.
package struct BucketSum: Equatable, Sendable {
    package var count: Int64 = 0
    package var sum: UInt128 = 0

    package init(count: Int64 = 0, sum: UInt128 = 0) {
        self.count = count
        self.sum = sum
    }

    mutating func add(_ digest: Digest) {
        count &+= 1
        sum &+= digest.number
    }

    mutating func remove(_ digest: Digest) {
        count &-= 1
        sum &-= digest.number
    }
}

/// All buckets of one copy.
///
/// Tombstones count nowhere: members drop them at their own time.
package struct BucketSums: Equatable, Sendable {
    package static let count = 4_096

    package private(set) var buckets: [BucketSum]

    package init() {
        buckets = Array(repeating: BucketSum(), count: Self.count)
    }

    package subscript(bucket: Int) -> BucketSum {
        get { buckets[bucket] }
        set { buckets[bucket] = newValue }
    }

    /// One digest over all; two copies with the same rows have the same.
    ///
    /// - Complexity: O(``count``), about 0.1 ms.
    package var root: Digest { Hashing.digest(bytes) }

    /// 24 bytes for each bucket: its count, then its sum.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.count * 24)
        for bucket in buckets { bytes.append(bucket) }
        return bytes
    }

    /// `nil` unless they are ``bytes`` of some sums.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.count * 24 else { return nil }
        let numbers = stride(from: 0, to: bytes.count, by: 8).map { place in
            bytes[place..<place + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        buckets = (0..<Self.count).map { bucket in
            BucketSum(
                count: Int64(bitPattern: numbers[3 * bucket]),
                sum: UInt128(numbers[3 * bucket + 1]) << 64 | UInt128(numbers[3 * bucket + 2])
            )
        }
    }

    /// The buckets in which two copies differ, in order.
    package func differences(from other: BucketSums) -> [Int] {
        buckets.indices.filter { buckets[$0] != other.buckets[$0] }
    }

    /// The bucket of an object: FNV-1a over its key, mixed.
    static func bucket(of key: ObjectKey) -> Int {
        var hash = FowlerNollVo()
        hash.add(key.tenant.utf8)
        hash.add(key.kind.rawValue.utf8)
        hash.add(key.name.utf8)
        return hash.bucket
    }

    static func bucket(of row: RawRow, in bytes: [UInt8]) -> Int {
        var hash = FowlerNollVo()
        for field in [row.tenant, row.kind, row.name] { hash.add(bytes[field]) }
        return hash.bucket
    }
}

private struct FowlerNollVo {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        // A byte that is in no UTF-8 keeps "a" and "bc" apart from "ab" and "c".
        state = (state ^ 0xFF) &* 0x100_0000_01B3
    }

    var bucket: Int { Int(SeededGenerator.mixed(state) % UInt64(BucketSums.count)) }
}

extension Digest {
    fileprivate var number: UInt128 { UInt128(high) << 64 | UInt128(low) }
}

extension [UInt8] {
    fileprivate mutating func append(_ bucket: BucketSum) {
        let numbers = [
            UInt64(bitPattern: bucket.count), UInt64(truncatingIfNeeded: bucket.sum >> 64),
            UInt64(truncatingIfNeeded: bucket.sum),
        ]
        for number in numbers {
            for shift in stride(from: UInt64(56), through: 0, by: -8) {
                append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
    }
}
