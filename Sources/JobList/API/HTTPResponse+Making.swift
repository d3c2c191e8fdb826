// Ordinary answers.

internal import Documents
package import HTTPService
package import Vocabulary

extension HTTPResponse {
    /// A JSON document, ending in a newline.
    package static func json(
        _ value: Value,
        status: Int = 200,
        headers: [(name: String, value: String)] = []
    ) -> Self {
        Self(
            status: status,
            headers: [(name: "Content-Type", value: "application/json")] + headers,
            body: .bytes(JSON.bytes(value) + [0x0A])
        )
    }

    package static func text(_ text: String) -> Self {
        Self(
            status: 200,
            headers: [(name: "Content-Type", value: "text/plain; charset=utf-8")],
            body: .bytes(Array(text.utf8))
        )
    }
}
