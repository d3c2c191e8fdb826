// The bytes of a batch's records in the replica's log.

internal import Vocabulary

/// Writes and reads the records of one batch: lengths and numbers as base-128 varints.
enum BatchForm {
    private static let format: UInt8 = 1

    static func bytes(_ records: [ObjectRecord]) -> [UInt8] {
        var writer = FormWriter()
        writer.bytes.reserveCapacity(records.reduce(16) { $0 + $1.body.count + 160 })
        writer.bytes.append(format)
        writer.append(UInt64(records.count))
        for record in records {
            writer.append(record.key.tenant)
            writer.append(record.key.kind.rawValue)
            writer.append(record.key.name)
            writer.append(record.uid.text)
            writer.append(UInt64(bitPattern: record.version.rawValue))
            writer.append(record.isDeleted ? 1 : 0)
            writer.append(record.body)
            writer.append(fixed: record.digest.high)
            writer.append(fixed: record.digest.low)
            writer.append(UInt64(bitPattern: record.createdAt.unixMilliseconds))
            writer.append(UInt64(bitPattern: record.updatedAt.unixMilliseconds))
            writer.append(record.author)
        }
        return writer.bytes
    }

    /// The records of a batch that took `revision`, or `nil` if `bytes` are no batch.
    static func records(_ bytes: [UInt8], revision: Revision) -> [ObjectRecord]? {
        var reader = FormReader(bytes)
        guard reader.byte() == format, let count = reader.number(), count <= bytes.count else {
            return nil
        }
        var records: [ObjectRecord] = []
        records.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let record = record(&reader, revision: revision) else { return nil }
            records.append(record)
        }
        return reader.isAtEnd ? records : nil
    }

    private static func record(_ reader: inout FormReader, revision: Revision) -> ObjectRecord? {
        guard let tenant = reader.text(),
            let kind = reader.text().flatMap(ObjectKind.init(rawValue:)),
            let name = reader.text(), let uid = reader.text(), let version = reader.number(),
            let deleted = reader.number(), deleted <= 1, let body = reader.block(),
            let high = reader.fixed(), let low = reader.fixed(), let created = reader.number(),
            let updated = reader.number(), let author = reader.text()
        else { return nil }
        return ObjectRecord(
            key: ObjectKey(tenant: tenant, kind: kind, name: name),
            uid: UID(uid),
            version: Version(Int64(bitPattern: version)),
            revision: revision,
            isDeleted: deleted == 1,
            body: body,
            digest: Digest(high: high, low: low),
            createdAt: Instant(unixMilliseconds: Int64(bitPattern: created)),
            updatedAt: Instant(unixMilliseconds: Int64(bitPattern: updated)),
            author: author
        )
    }
}

extension Digest {
    /// 16 bytes, the high half first.
    var bytes: [UInt8] {
        var writer = FormWriter()
        writer.append(fixed: high)
        writer.append(fixed: low)
        return writer.bytes
    }

    init?(bytes: [UInt8]) {
        var reader = FormReader(bytes)
        guard let high = reader.fixed(), let low = reader.fixed(), reader.isAtEnd else {
            return nil
        }
        self.init(high: high, low: low)
    }
}

private struct FormWriter {
    var bytes: [UInt8] = []

    mutating func append(_ number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func append(_ block: [UInt8]) {
        append(UInt64(block.count))
        bytes.append(contentsOf: block)
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(fixed number: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }
}

private struct FormReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { place == bytes.count }

    mutating func byte() -> UInt8? {
        guard place < bytes.count else { return nil }
        defer { place += 1 }
        return bytes[place]
    }

    mutating func number() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard let byte = byte(), shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    mutating func fixed() -> UInt64? {
        guard bytes.count - place >= 8 else { return nil }
        defer { place += 8 }
        return bytes[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func block() -> [UInt8]? {
        guard let count = number(), count <= UInt64(bytes.count - place) else { return nil }
        defer { place += Int(count) }
        return [UInt8](bytes[place..<place + Int(count)])
    }

    mutating func text() -> String? {
        guard let block = block() else { return nil }
        return String(validating: block, as: UTF8.self)
    }
}
