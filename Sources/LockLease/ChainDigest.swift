// The digest that chains one commit to the one before it, the same at the store and at every copy.

internal import Sealing
package import Vocabulary

/// Computes and checks the digests of the list's history.
package enum ChainDigest {
    /// The digest of the history up to and including the commit `revision`.
    ///
    /// Covers, in a canonical byte form, `previous`, the revision, and every field of each record,
    /// its body by the digest alone. Times are covered too: where a job's cursor starts depends on
    /// when it was made. The order of `records` counts: a commit keeps the order of its edits.
    ///
    /// - Complexity: O(bytes of the keys and uids); bodies enter by their digest alone.
    package static func next(
        after previous: Digest,
        revision: Revision,
        records: [ObjectRecord]
    ) -> Digest {
        var form = CanonicalForm()
        form.append(previous)
        form.append(UInt64(revision.epoch))
        form.append(revision.sequence)
        form.append(UInt64(records.count))
        for record in records {
            form.append(record.key.tenant)
            form.append(record.key.kind.rawValue)
            form.append(record.key.name)
            form.append(record.uid.text)
            form.append(UInt64(bitPattern: record.version.rawValue))
            form.append(record.isDeleted ? 1 : 0)
            form.append(record.digest)
            form.append(UInt64(bitPattern: record.createdAt.unixMilliseconds))
            form.append(UInt64(bitPattern: record.updatedAt.unixMilliseconds))
            form.append(record.author)
        }
        return Hashing.digest(form.bytes)
    }

    /// What an ``ObjectRecord/digest`` is to be for this body; a deleted object has an empty body.
    package static func digest(ofBody body: [UInt8]) -> Digest {
        Hashing.digest(body)
    }

    /// The same of a part of an array.
    package static func digest(ofBody body: ArraySlice<UInt8>) -> Digest {
        Hashing.digest(body)
    }
}

/// Bytes that two different sequences of fields never share: every text carries its length.
private struct CanonicalForm {
    var bytes: [UInt8] = []

    mutating func append(_ number: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }

    mutating func append(_ text: String) {
        append(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ digest: Digest) {
        append(digest.high)
        append(digest.low)
    }
}
