// Where a server is and as whom to connect, from what people write.

internal import CPostgres

/// A connection string, read: one or several hosts, and what goes for all of them.
///
/// Anything that libpq takes may be in it. Its description has no password.
/// <https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-CONNSTRING>
package struct ServerAddress: Equatable, Sendable {
    /// One host of the list.
    struct Host: Equatable, Sendable {
        var name: String?
        var address: String?
        var port: String?
    }

    let hosts: [Host]
    /// Everything but the hosts, by libpq's own names.
    private(set) var settings: [String: String]

    /// Reads `text`, a URL or `key=value` words.
    ///
    /// - Parameters:
    ///   - text: What people wrote.
    ///   - defaults: Used where `text` does not say otherwise.
    /// - Throws: ``PostgresError/Kind/misconfigured``, with nothing of `text` in it.
    package init(_ text: String, defaults: [String: String] = [:]) throws(PostgresError) {
        var given = try Self.parse(text)
        let names = Self.list(given.removeValue(forKey: "host"))
        let addresses = Self.list(given.removeValue(forKey: "hostaddr"))
        let ports = Self.list(given.removeValue(forKey: "port"))
        let count = max(1, names.count, addresses.count)
        let isWhole = [names, addresses].allSatisfy { $0.isEmpty || $0.count == count }
        guard isWhole, ports.count <= 1 || ports.count == count else {
            throw PostgresError(
                kind: .misconfigured,
                message: "it lists \(count) hosts and \(ports.count) ports. Write a port for each",
                work: "reading the connection string"
            )
        }
        hosts = (0..<count).map { index in
            Host(
                name: names.isEmpty ? nil : names[index],
                address: addresses.isEmpty ? nil : addresses[index],
                port: ports.count > 1 ? ports[index] : ports.first ?? nil
            )
        }
        settings = given.merging(defaults) { said, _ in said }
    }

    package var user: String? { settings["user"] }
    package var database: String? { settings["dbname"] ?? settings["user"] }

    /// How long to try one host, where the text says so; nothing for 0, which means for ever.
    var hostLimit: Duration? {
        settings["connect_timeout"].flatMap { Int64($0) }.flatMap { $0 > 0 ? .seconds($0) : nil }
    }

    private static func list(_ text: String?) -> [String?] {
        guard let text else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? nil : String($0) }
    }

    private static func parse(_ text: String) throws(PostgresError) -> [String: String] {
        var complaint: UnsafeMutablePointer<CChar>?
        let found = unsafe PQconninfoParse(text, &complaint)
        defer {
            unsafe PQfreemem(complaint)
            unsafe PQconninfoFree(found)
        }
        guard var option = unsafe found else {
            // libpq quotes the text as it is, so its words are kept only where they do not.
            let words = unsafe complaint.map { unsafe String(cString: $0) } ?? "out of memory"
            throw PostgresError(
                kind: .misconfigured,
                message: words.contains("://") || words.contains(text)
                    ? "it cannot be read" : words.onOneLine,
                work: "reading the connection string"
            )
        }
        var given: [String: String] = [:]
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val {
                unsafe given[String(cString: keyword)] = String(cString: value)
            }
            unsafe option += 1
        }
        return given
    }
}

extension ServerAddress: CustomStringConvertible {
    package var description: String {
        let places = hosts.map { "\($0)" }.joined(separator: ",")
        return "\(places)/\(database ?? "")"
    }
}

extension ServerAddress.Host: CustomStringConvertible {
    var description: String { "\(name ?? address ?? "localhost"):\(port ?? "5432")" }
}
