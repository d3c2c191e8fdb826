// JSON to and from values.

package import Vocabulary

/// Reads JSON strictly and writes it canonically.
package enum JSON {
    /// Reads exactly one JSON value.
    ///
    /// Whole numbers stay exact or are refused; a member that appears twice is refused, so that
    /// two readers can never see two things. A byte order mark at the start is skipped.
    ///
    /// At most `limit` bytes are read, and 64 levels of nesting.
    ///
    /// - Complexity: O(bytes), about 10 ns each.
    /// - SeeAlso: RFC 8259.
    package static func parse(
        _ bytes: [UInt8],
        limit: Int = 4 << 20
    ) throws(DocumentError) -> Value {
        guard bytes.count <= limit else {
            throw DocumentError(.tooLarge(bytes: bytes.count, limit: limit))
        }
        var reader = JSONReader(bytes)
        return try reader.document()
    }

    /// The bytes of `value`: members sorted by name, no escaped slashes, no white space.
    ///
    /// Equal values give equal bytes. A number that is whole is written without a fraction, and
    /// one that JSON cannot say (infinite, not a number) as `null`.
    package static func bytes(_ value: Value, pretty isPretty: Bool = false) -> [UInt8] {
        var writer = JSONWriter(isPretty: isPretty)
        writer.write(value)
        return writer.bytes
    }
}
