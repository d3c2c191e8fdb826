// Texts of a job with places for what differs from run to run.

/// A text with names in double braces, such as `{{instant}}`.
///
/// A template is read when a job is edited, so that a name that nobody knows is found then and not
/// by night. What is filled in is never read as a template again.
package struct TaskTemplate: Hashable, Sendable {
    private enum Piece: Hashable {
        case text(String)
        case name(String)
        case secret(String)
    }

    /// Names of what a run can say about itself.
    package static let names = [
        "job", "tenant", "run", "instant", "attempt", "fence", "shard", "node",
    ]
    /// What stands for two braces themselves.
    private static let braces = "open"
    private static let secretPrefix = "secret."

    private var pieces: [Piece] = []

    /// Why a text is no template, with what to write instead.
    package struct Flaw: Error, Equatable, Sendable {
        package let detail: String

        package init(detail: String) {
            self.detail = detail
        }
    }

    package init(_ text: String) throws(Flaw) {
        var rest = text[...]
        while let start = rest.firstRange(of: "{{") {
            if start.lowerBound > rest.startIndex {
                pieces.append(.text(String(rest[..<start.lowerBound])))
            }
            let inner = rest[start.upperBound...]
            guard let end = inner.firstRange(of: "}}") else {
                throw Flaw(
                    detail: "{{ has no }} behind it; write {{open}} where two braces are meant"
                )
            }
            try append(String(inner[..<end.lowerBound].filter { $0 != " " }))
            rest = inner[end.upperBound...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
    }

    private mutating func append(_ name: String) throws(Flaw) {
        if name == Self.braces {
            pieces.append(.text("{{"))
        } else if Self.names.contains(name) {
            pieces.append(.name(name))
        } else if name.hasPrefix(Self.secretPrefix), name.count > Self.secretPrefix.count {
            pieces.append(.secret(String(name.dropFirst(Self.secretPrefix.count))))
        } else {
            let known = Self.names.map { "{{\($0)}}" }.joined(separator: ", ")
            throw Flaw(
                detail: "{{\(name.prefix(40))}} stands for nothing; write one of \(known), "
                    + "{{secret.NAME}}, or {{open}} for two braces"
            )
        }
    }

    /// The secrets it asks for.
    package var secrets: Set<String> {
        Set(
            pieces.compactMap {
                if case .secret(let name) = $0 { name } else { nil }
            }
        )
    }

    /// Whether it is the same text for every run.
    package var isPlain: Bool {
        pieces.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// The text with `values` in its places; those of secrets are named `secret.NAME`.
    ///
    /// `escape` is done to each value, not to the text around it. Throws what has no value.
    package func filled(
        with values: [String: String],
        escape: (String) -> String = { $0 }
    ) throws(Flaw) -> String {
        var text = ""
        for piece in pieces {
            let name: String
            switch piece {
            case .text(let plain):
                text += plain
                continue
            case .name(let own): name = own
            case .secret(let own): name = Self.secretPrefix + own
            }
            guard let value = values[name] else {
                throw Flaw(detail: "{{\(name)}} has no value on this node")
            }
            text += escape(value)
        }
        return text
    }

    /// `values` as ``filled(with:escape:)`` wants secrets to be called.
    package static func secretValues(_ values: [String: String]) -> [String: String] {
        Dictionary(uniqueKeysWithValues: values.map { (secretPrefix + $0.key, $0.value) })
    }

    /// `value` with nothing in it that means something in a URL.
    ///
    /// - SeeAlso: RFC 3986, section 2.3.
    package static func escapedForURL(_ value: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in value.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte)
                || (0x61...0x7A).contains(byte) || "-._~".utf8.contains(byte)
            bytes += isPlain ? [byte] : [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Substring {
    /// Where `text`, of two ASCII characters, comes first.
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        let wanted = Array(text.utf8)
        var index = startIndex
        while index < endIndex {
            let next = utf8.index(after: index)
            if next < endIndex, utf8[index] == wanted[0], utf8[next] == wanted[1] {
                return index..<utf8.index(after: next)
            }
            index = next
        }
        return nil
    }
}
