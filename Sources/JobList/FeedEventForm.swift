// The text of one change in the feed.

internal import Documents
internal import Vocabulary

/// Writes changes as ``ObjectDocument`` and the JSON writer would, by copying where that is sure to
/// be the same.
///
/// A stored body is canonical JSON, so its members are copied as they are; one that is not, is read
/// and written.
struct FeedEventForm {
    /// The text of the day that the last instant fell on.
    private var day: (number: Int64, text: [UInt8]) = (.min, [])

    /// Appends `{"kind":…,"object":{…},"rev":…,"type":…}`.
    mutating func append(
        _ record: ObjectRecord,
        type: String,
        resumable: Revision,
        to bytes: inout [UInt8]
    ) {
        let body = record.isDeleted ? nil : BodyMembers(record.body)
        guard record.isDeleted || body?.isPlain == true else {
            bytes += JSON.bytes(
                .object([
                    "type": .string(type),
                    "kind": .string(record.key.kind.rawValue),
                    "rev": .string(resumable.description),
                    "object": ObjectDocument.value(of: record),
                ])
            )
            return
        }
        bytes.append(contentsOf: #"{"kind":"#.utf8)
        bytes.append(quoted: record.key.kind.rawValue)
        bytes.append(contentsOf: #","object":{"created":"#.utf8)
        append(record.createdAt, to: &bytes)
        if record.isDeleted { bytes.append(contentsOf: #","deleted":true"#.utf8) }
        bytes.append(contentsOf: #","kind":"#.utf8)
        bytes.append(quoted: record.key.kind.rawValue)
        bytes.append(contentsOf: #","name":"#.utf8)
        bytes.append(quoted: record.key.name)
        if let pause = body?["pause"] {
            bytes.append(contentsOf: #","pause":"#.utf8)
            bytes += pause
        }
        bytes.append(contentsOf: #","rev":"#.utf8)
        bytes.append(record.revision)
        if let spec = body?["spec"] {
            bytes.append(contentsOf: #","spec":"#.utf8)
            bytes += spec
        }
        bytes.append(contentsOf: #","tenant":"#.utf8)
        bytes.append(quoted: record.key.tenant)
        bytes.append(contentsOf: #","uid":"#.utf8)
        bytes.append(quoted: record.uid.text)
        bytes.append(contentsOf: #","updated":"#.utf8)
        append(record.updatedAt, to: &bytes)
        bytes.append(contentsOf: #","updated_by":"#.utf8)
        bytes.append(quoted: record.author)
        bytes.append(contentsOf: #","version":"#.utf8)
        bytes.append(decimal: UInt64(clamping: record.version.rawValue))
        bytes.append(contentsOf: #"},"rev":"#.utf8)
        bytes.append(resumable)
        bytes.append(contentsOf: #","type":"#.utf8)
        bytes.append(quoted: type)
        bytes.append(UInt8(ascii: "}"))
    }

    /// RFC 3339, as ``Instant/description`` has it.
    private mutating func append(_ instant: Instant, to bytes: inout [UInt8]) {
        let milliseconds = instant.unixMilliseconds
        guard milliseconds >= 0 else { return bytes.append(quoted: instant.description) }
        let number = milliseconds / 86_400_000
        if day.number != number {
            let midnight = Instant(unixMilliseconds: number * 86_400_000)
            day = (number, Array(midnight.description.utf8.prefix { $0 != UInt8(ascii: "T") }))
        }
        bytes.append(UInt8(ascii: "\""))
        bytes += day.text
        let second = milliseconds / 1_000 % 86_400
        bytes.append(UInt8(ascii: "T"), second / 3_600)
        bytes.append(UInt8(ascii: ":"), second / 60 % 60)
        bytes.append(UInt8(ascii: ":"), second % 60)
        let fraction = milliseconds % 1_000
        if fraction != 0 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(UInt8(0x30 + fraction / 100))
            bytes.append(UInt8(0x30 + fraction / 10 % 10))
            bytes.append(UInt8(0x30 + fraction % 10))
        }
        bytes.append(UInt8(ascii: "Z"))
        bytes.append(UInt8(ascii: "\""))
    }
}

extension [UInt8] {
    /// A JSON string of `text`.
    fileprivate mutating func append(quoted text: String) {
        let isPlain = text.utf8.allSatisfy { byte in
            byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        guard isPlain else { return self += JSON.bytes(.string(text)) }
        append(UInt8(ascii: "\""))
        append(contentsOf: text.utf8)
        append(UInt8(ascii: "\""))
    }

    /// Two digits behind a mark.
    fileprivate mutating func append(_ mark: UInt8, _ part: Int64) {
        append(mark)
        append(UInt8(0x30 + part / 10))
        append(UInt8(0x30 + part % 10))
    }

    fileprivate mutating func append(_ revision: Revision) {
        append(UInt8(ascii: "\""))
        append(decimal: UInt64(revision.epoch))
        append(UInt8(ascii: "."))
        append(decimal: revision.sequence)
        append(UInt8(ascii: "\""))
    }

    fileprivate mutating func append(decimal number: UInt64) {
        let start = count
        var rest = number
        repeat {
            append(UInt8(0x30 + rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}
