// YAML to and from values.

package import Vocabulary

/// Reads and writes the part of YAML 1.2 that says what JSON says.
package enum YAML {
    /// Reads every document of the text; one that is empty is left out.
    ///
    /// Plain `true`, `null`, `12`, `0x1F`, `1.5` are what they look like; `yes`, `off`, `12:30`,
    /// `2026-01-01` and `0644` are text. Anchors, aliases, tags and equal keys are refused.
    ///
    /// At most `limit` bytes are read, and 64 levels of nesting.
    ///
    /// - SeeAlso: YAML 1.2.2, section 10.3, the core schema.
    package static func parse(
        _ bytes: [UInt8],
        limit: Int = 4 << 20
    ) throws(DocumentError) -> [Value] {
        guard bytes.count <= limit else {
            throw DocumentError(.tooLarge(bytes: bytes.count, limit: limit))
        }
        var reader = YAMLReader(bytes)
        return try reader.documents()
    }

    /// The text of `value` in block style, which ``parse(_:limit:)`` reads back as `value`.
    ///
    /// The keys of `keyOrder` come first, in this order, in every mapping; the rest are sorted. A
    /// number that is not finite is written as `null`.
    package static func text(_ value: Value, keyOrder: [String] = []) -> String {
        var writer = YAMLWriter(keyOrder: keyOrder)
        return writer.document(value)
    }
}
