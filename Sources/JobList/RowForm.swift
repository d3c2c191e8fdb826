// The bytes of one row of the list, in chunks of snapshots and under the digests of the audit.

internal import LockLease
internal import SQLite
internal import Sealing
internal import Vocabulary

/// Writes rows: a head of all fields but the body, then the body, each with its length before it.
///
/// Two rows have equal heads exactly if they are equal, the body counting by its digest. So the
/// digest of the head is the row's, and a chunk's bytes need no second form to be digested.
enum RowForm {
    /// The columns that ``append(_:to:)`` expects, in order.
    static let columns = """
        tenant, kind, name, uid, version, epoch, sequence, deleted, body, digest, created, \
        updated, author
        """

    static func append(_ record: ObjectRecord, to bytes: inout [UInt8]) {
        let head = head(of: record)
        bytes.append(number: UInt64(head.count))
        bytes += head
        bytes.append(number: UInt64(record.body.count))
        bytes += record.body
    }

    static func head(of record: ObjectRecord) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(160)
        head.append(text: record.key.tenant)
        head.append(text: record.key.kind.rawValue)
        head.append(text: record.key.name)
        head.append(text: record.uid.text)
        head.append(number: UInt64(bitPattern: record.version.rawValue))
        head.append(number: UInt64(record.revision.epoch))
        head.append(number: record.revision.sequence)
        head.append(record.isDeleted ? 1 : 0)
        head += record.digest.bytes
        head.append(number: UInt64(bitPattern: record.createdAt.unixMilliseconds))
        head.append(number: UInt64(bitPattern: record.updatedAt.unixMilliseconds))
        head.append(text: record.author)
        return head
    }

    /// What a live row counts as in its bucket.
    static func digest(of record: ObjectRecord) -> Digest { Hashing.digest(head(of: record)) }

    /// The same of a row with ``columns``; its body is not looked at.
    static func digest(of row: borrowing Row) -> Digest {
        var bytes: [UInt8] = []
        head(of: row, into: &bytes)
        return Hashing.digest(bytes)
    }

    /// The same from a row of `object`, without making a record of it.
    ///
    /// `head` is a place to work in, so that a thousand rows need one.
    static func append(
        _ row: borrowing Row,
        to bytes: inout [UInt8],
        by head: inout [UInt8]
    ) {
        self.head(of: row, into: &head)
        bytes.append(number: UInt64(head.count))
        bytes += head
        bytes.append(number: UInt64(row.byteCount(8)))
        row.append(8, to: &bytes)
    }

    static func head(of row: borrowing Row, into head: inout [UInt8]) {
        head.removeAll(keepingCapacity: true)
        for column in 0..<4 as Range<Int32> { head.append(block: column, of: row) }
        for column in 4..<7 as Range<Int32> {
            head.append(number: UInt64(bitPattern: row.integer(column)))
        }
        head.append(row.integer(7) == 0 ? 0 : 1)
        row.append(9, to: &head)
        head.append(number: UInt64(bitPattern: row.integer(10)))
        head.append(number: UInt64(bitPattern: row.integer(11)))
        head.append(block: 12, of: row)
    }
}

/// Where the fields of one row are in a chunk's bytes; all of them lie within the chunk.
struct RawRow {
    private(set) var head: Range<Int>
    private(set) var tenant: Range<Int>
    private(set) var kind: Range<Int>
    private(set) var name: Range<Int>
    private(set) var uid: Range<Int>
    private(set) var version: Int64
    private(set) var revision: Revision
    private(set) var isDeleted: Bool
    private(set) var digest: Range<Int>
    private(set) var created: Int64
    private(set) var updated: Int64
    private(set) var author: Range<Int>
    private(set) var body: Range<Int>

    /// Reads the row at `place` and moves behind it; `nil` if there is none.
    init?(_ bytes: [UInt8], at place: inout Int) {
        var reader = RowReader(bytes: bytes, place: place)
        guard let head = reader.block(), let body = reader.block() else { return nil }
        place = reader.place
        reader.place = head.lowerBound
        guard let tenant = reader.block(), let kind = reader.block(), let name = reader.block(),
            let uid = reader.block(), let version = reader.number(),
            let epoch = reader.number().flatMap(UInt32.init(exactly:)),
            let sequence = reader.number(), sequence <= UInt64(Int64.max),
            let deleted = reader.number(), deleted <= 1, let digest = reader.fixed(16),
            let created = reader.number(), let updated = reader.number(),
            let author = reader.block(), reader.place == head.upperBound
        else { return nil }
        for text in [tenant, kind, name, uid, author] where !bytes[text].isUTF8 { return nil }
        (self.head, self.body, self.tenant, self.kind) = (head, body, tenant, kind)
        (self.name, self.uid, self.digest, self.author) = (name, uid, digest, author)
        self.version = Int64(bitPattern: version)
        self.revision = Revision(epoch: epoch, sequence: sequence)
        self.isDeleted = deleted == 1
        self.created = Int64(bitPattern: created)
        self.updated = Int64(bitPattern: updated)
    }

    /// The name of the object; `nil` for a kind that this release does not know.
    func key(in bytes: [UInt8]) -> ObjectKey? {
        ObjectKind(rawValue: String(decoding: bytes[kind], as: UTF8.self)).map {
            ObjectKey(
                tenant: String(decoding: bytes[tenant], as: UTF8.self),
                kind: $0,
                name: String(decoding: bytes[name], as: UTF8.self)
            )
        }
    }

    /// Whether this row's key comes after the other's, byte by byte as SQLite orders them.
    func follows(_ other: RawRow, in bytes: [UInt8]) -> Bool {
        for (mine, theirs) in [(tenant, other.tenant), (kind, other.kind)]
        where bytes[mine] != bytes[theirs] {
            return bytes[theirs].lexicographicallyPrecedes(bytes[mine])
        }
        return bytes[other.name].lexicographicallyPrecedes(bytes[name])
    }
}

private struct RowReader {
    let bytes: [UInt8]
    var place: Int

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    mutating func block() -> Range<Int>? {
        guard let count = number(), count <= UInt64(bytes.count - place) else { return nil }
        return fixed(Int(count))
    }

    mutating func fixed(_ count: Int) -> Range<Int>? {
        guard bytes.count - place >= count else { return nil }
        defer { place += count }
        return place..<place + count
    }
}

extension ArraySlice<UInt8> {
    fileprivate var isUTF8: Bool {
        allSatisfy { $0 < 0x80 } || String(validating: self, as: UTF8.self) != nil
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    fileprivate mutating func append(text: String) {
        append(number: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func append(block column: Int32, of row: borrowing Row) {
        append(number: UInt64(row.byteCount(column)))
        row.append(column, to: &self)
    }
}
