// JSON and YAML as this program reads and writes them.

internal import Documents
internal import Vocabulary

/// Documents to and from masters and people.
enum Wire {
    /// The JSON value of `bytes`, or `nil` if they are none.
    static func value(_ bytes: [UInt8]) -> Value? {
        try? JSON.parse(bytes)
    }

    static func bytes(_ value: Value) -> [UInt8] {
        JSON.bytes(value, pretty: false)
    }

    static func json(_ value: Value) -> String {
        String(decoding: JSON.bytes(value, pretty: false), as: UTF8.self)
    }

    /// Over several lines, ending with a newline.
    static func pretty(_ value: Value) -> String {
        let text = String(decoding: JSON.bytes(value, pretty: true), as: UTF8.self)
        return text.hasSuffix("\n") ? text : text + "\n"
    }

    static func yaml(_ value: Value) -> String {
        let text = YAML.text(value, keyOrder: SpecDocument.keyOrder)
        return text.hasSuffix("\n") ? text : text + "\n"
    }

    /// The documents of a manifest: JSON if it begins like it, YAML otherwise.
    ///
    /// A list, or a mapping with nothing but `items`, counts as the documents in it.
    static func manifests(_ bytes: [UInt8], from source: String) throws(Failure) -> [Value] {
        let documents: [Value]
        do {
            let first = bytes.first { !" \t\r\n".utf8.contains($0) }
            let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
            documents = isJSON ? [try JSON.parse(bytes)] : try YAML.parse(bytes)
        } catch {
            throw Failure(.failed, "\(source) cannot be read", why: "\(error)".plain)
        }
        return documents.flatMap { document -> [Value] in
            if let items = document.array { return items }
            if let items = document["items"]?.array, document["kind"] == nil { return items }
            return document == .null ? [] : [document]
        }
    }
}
