// Where a database is, in the words of ODBC's connection strings, read with suspicion.

/// The keys and values of a connection string, or the name of a data source alone.
///
/// Stricter than driver managers are: a text that two readers could take differently is a flaw.
///
/// - SeeAlso: ODBC Programmer's Reference, `SQLDriverConnect`, on connection strings and braces.
package struct ConnectionString: Hashable, Sendable {
    /// One `KEY=VALUE`; the key in small letters and without blanks.
    package struct Pair: Hashable, Sendable {
        package let key: String
        package let value: String
    }

    /// Why a text is not taken, with what to write instead; no value is in it.
    package struct Flaw: Error, Equatable, Sendable {
        package let detail: String
    }

    package let pairs: [Pair]

    /// Reads a text in which everything is filled in.
    package init(_ text: String) throws(Flaw) {
        var reader = ConnectionReader(text, templates: false)
        pairs = try reader.read()
        try check()
    }

    /// Reads `template`, with names in double braces for what differs from run to run.
    ///
    /// One that is such a name and nothing else may be anything; only the filled text can be
    /// judged.
    package init(template: String) throws(Flaw) {
        var reader = ConnectionReader(template, templates: true)
        pairs = try reader.read()
        try check()
        guard !pairs.contains(where: { Self.passwords.contains($0.key) }) else {
            throw Flaw(
                detail: "everybody who sees the list would see the password, and what is in it "
                    + "could be read as further keys; leave it out, and write "
                    + "password: {{secret.NAME}}"
            )
        }
    }

    /// Whether it names a data source, a user and a password, and nothing else.
    package var isSourceAlone: Bool {
        pairs.allSatisfy { $0.key == "dsn" || $0.key == "uid" || Self.passwords.contains($0.key) }
    }

    /// The data source it names; `nil`: it names a driver.
    package var source: String? { pairs.first { $0.key == "dsn" }?.value }

    // MARK: What may be in it

    private static let passwords = ["pwd", "password"]
    /// They name files that would be loaded, read or written with the node's rights.
    private static let files = ["filedsn", "savefile", "loadext"]

    private func check() throws(Flaw) {
        for pair in pairs {
            if Self.files.contains(pair.key) || pair.key.hasPrefix("trace") {
                throw Flaw(
                    detail: "\(pair.key) reaches files of the node; leave it out, or let the "
                        + "host's owner write it into /etc/odbc.ini"
                )
            }
            guard pair.key == "driver" else { continue }
            let isName =
                !pair.value.isEmpty && pair.value.utf8.first != UInt8(ascii: ".")
                // What is no name, the driver manager loads from wherever the loader finds it.
                && !pair.value.contains("/") && !pair.value.contains(".so")
                && !pair.value.contains(ConnectionReader.placeholder)
            guard isName else {
                throw Flaw(
                    detail: "driver is no name of a driver; write one of those in "
                        + "/etc/odbcinst.ini, as in Driver=PostgreSQL Unicode"
                )
            }
        }
    }
}

/// Takes a connection string apart.
private struct ConnectionReader {
    /// What stands for a name in double braces.
    static let placeholder: Character = "\u{FFFC}"

    private var rest: Substring
    private let isTemplate: Bool
    private var pairs: [ConnectionString.Pair] = []

    init(_ text: String, templates: Bool) {
        rest = (templates ? Self.withPlaceholders(text) : text)[...]
        isTemplate = templates
    }

    mutating func read() throws(ConnectionString.Flaw) -> [ConnectionString.Pair] {
        if isTemplate, rest == "\(Self.placeholder)" { return [] }
        guard rest.contains("=") else {
            guard !rest.contains(where: { ";{}/".contains($0) }) else {
                throw flaw("the name of a data source has no ; / and braces in it")
            }
            return [ConnectionString.Pair(key: "dsn", value: String(rest))]
        }
        while !rest.isEmpty {
            let lead = rest.prefix { $0 == ";" || $0.isWhitespace }
            rest = rest[lead.endIndex...]
            if !rest.isEmpty { try readPair() }
        }
        return pairs
    }

    private mutating func readPair() throws(ConnectionString.Flaw) {
        let written = rest.prefix { $0 != "=" && $0 != ";" }
        let key = written.filter { $0 != " " }.lowercased()
        let isPlain = key.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D
        }
        guard !key.isEmpty, isPlain, written.endIndex < rest.endIndex, rest[written.endIndex] == "="
        else { throw flaw("each part is KEY=VALUE, a key has letters, digits, _ and - only") }
        rest = rest[rest.index(after: written.endIndex)...]
        guard !pairs.contains(where: { $0.key == key }) else {
            throw flaw("\(key) stands twice; which one counts differs between drivers")
        }
        pairs.append(ConnectionString.Pair(key: key, value: try readValue(of: key)))
    }

    private mutating func readValue(of key: String) throws(ConnectionString.Flaw) -> String {
        rest = rest.drop { $0 == " " }
        guard rest.first == "{" else {
            let value = rest.prefix { $0 != ";" }
            rest = rest[value.endIndex...]
            guard !value.contains(where: { "{}".contains($0) }) else {
                throw flaw("the value of \(key) has braces within; write { before and } behind it")
            }
            return value.trimmed
        }
        rest = rest.dropFirst()
        var value = ""
        while let next = rest.first {
            rest = rest.dropFirst()
            guard next == "}" else {
                value.append(next)
                continue
            }
            guard rest.first == "}" else {
                rest = rest.drop { $0 == " " }
                guard rest.isEmpty || rest.first == ";" else {
                    throw flaw("something follows the } of \(key); write ; behind it")
                }
                return value
            }
            rest = rest.dropFirst()
            value.append("}")
        }
        throw flaw("the { of \(key) has no } behind it")
    }

    private func flaw(_ detail: String) -> ConnectionString.Flaw {
        ConnectionString.Flaw(detail: "this is no connection string: \(detail)")
    }

    private static func withPlaceholders(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let first = rest.first {
            if rest.hasPrefix("{{"), let end = rest.firstIndex(of: "}") {
                result.append(placeholder)
                rest = rest[end...].drop { $0 == "}" }
            } else {
                result.append(first)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
