// How two members compare their copies of the list.

package import Vocabulary

/// One live row, as far as comparing goes.
package struct RowMark: Equatable, Sendable {
    package var key: ObjectKey
    package var revision: Revision
    package var digest: Digest

    package init(key: ObjectKey, revision: Revision, digest: Digest) {
        self.key = key
        self.revision = revision
        self.digest = digest
    }
}

package enum AuditQuestion: Equatable, Sendable {
    /// Is this what your copy comes to at this position?
    case root(Digest, at: Position)
    /// What rows do you have in these buckets?
    case marks([Int])
}

package enum AuditAnswer: Equatable, Sendable {
    case same
    /// The copy stands elsewhere, or moved while it was read; ask again when both are at rest.
    case elsewhere(Position)
    /// It is not: these are the sums of all buckets, in a form that only keepers of copies read.
    case sums([UInt8])
    case marks([RowMark], at: Position)
}

extension ByteWriter {
    mutating func question(_ value: AuditQuestion) {
        switch value {
        case .root(let root, let position):
            byte(1)
            digest(root)
            self.position(position)
        case .marks(let buckets):
            byte(2)
            number(buckets.count)
            for bucket in buckets { number(bucket) }
        }
    }

    mutating func answer(_ value: AuditAnswer) {
        switch value {
        case .same: byte(1)
        case .elsewhere(let position):
            byte(2)
            self.position(position)
        case .sums(let bytes):
            byte(3)
            block(bytes)
        case .marks(let marks, let position):
            byte(4)
            self.position(position)
            number(marks.count)
            for mark in marks {
                key(mark.key)
                revision(mark.revision)
                digest(mark.digest)
            }
        }
    }

    mutating func chunk(_ value: SnapshotChunk) {
        position(value.position)
        revision(value.tombFloor)
        byte(value.isLast ? 1 : 0)
        number(value.count)
        digest(value.digest)
        block(value.rows)
    }

    private mutating func digest(_ value: Digest) {
        word(value.high)
        word(value.low)
    }
}

extension ByteReader {
    mutating func question() throws(GossipCodecError) -> AuditQuestion {
        let code = try byte()
        switch code {
        case 1: return .root(try digest(), at: try position())
        case 2:
            var buckets: [Int] = []
            for _ in 0..<(try count("buckets", upTo: WireLimit.buckets)) {
                buckets.append(Int(try number("a bucket", upTo: UInt64(WireLimit.buckets - 1))))
            }
            return .marks(buckets)
        case _: throw fault(.outOfRange("a question", value: "\(code)"))
        }
    }

    mutating func answer() throws(GossipCodecError) -> AuditAnswer {
        let code = try byte()
        switch code {
        case 1: return .same
        case 2: return .elsewhere(try position())
        case 3: return .sums(try block("sums", upTo: WireLimit.buckets * 24))
        case 4:
            let position = try position()
            var marks: [RowMark] = []
            for _ in 0..<(try count("rows", upTo: WireLimit.records)) {
                marks.append(
                    RowMark(key: try key(), revision: try revision(), digest: try digest())
                )
            }
            return .marks(marks, at: position)
        case _: throw fault(.outOfRange("an answer", value: "\(code)"))
        }
    }

    mutating func chunk() throws(GossipCodecError) -> SnapshotChunk {
        let position = try position()
        let tombFloor = try revision()
        let isLast = try byte() & 1 != 0
        let count = Int(try number("rows", upTo: UInt64(WireLimit.records)))
        let digest = try digest()
        return SnapshotChunk(
            position: position,
            tombFloor: tombFloor,
            count: count,
            isLast: isLast,
            digest: digest,
            rows: try block("rows", upTo: StreamCodec.messageLimit)
        )
    }
}
