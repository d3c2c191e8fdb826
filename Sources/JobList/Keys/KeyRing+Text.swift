// A ring as a file: the one an operator makes, and the one a member keeps.

internal import Sealing
internal import Vocabulary

extension KeyRing {
    /// A file is refused beyond this many bytes.
    package static let fileLimit = 4_096

    /// The ring as members keep it; whoever reads it can join the cluster.
    package var text: String {
        var lines = [
            "# The keys of a Rota cluster: whoever has this file can join it.",
            "cluster \(clusterID)", "version \(version)", "use \(used)",
        ]
        for entry in entries {
            let author = String(entry.author.filter { !$0.isWhitespace }.prefix(64))
            let stamp = "\(entry.addedAt.unixMilliseconds)"
            lines.append("key \(entry.id) \(entry.key.base64) \(stamp) \(author)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads ``text``, or a single key as `rota-master key generate` prints it.
    ///
    /// What is wrong is said without the file's contents.
    package init(text: String) throws(KeyRingError) {
        let words = text.split(separator: "\n").map { $0.split(separator: " ") }
            .filter { !$0.isEmpty && $0[0].first != "#" }
        guard words.contains(where: { $0.count > 1 }) else {
            self = try Self.single(words.map { $0.joined() }.joined())
            return
        }
        var cluster: String?
        var version: Int64?
        var used: KeyID?
        var entries: [Entry] = []
        for (number, line) in words.enumerated() {
            switch line[0] {
            case "cluster" where line.count == 2: cluster = String(line[1])
            case "version" where line.count == 2: version = Int64(line[1])
            case "use" where line.count == 2: used = UInt8(line[1]).map { KeyID($0) }
            case "key" where (3...5).contains(line.count): entries.append(try Self.entry(line))
            case _: throw .unreadable("entry \(number + 1) is no cluster, version, use or key")
            }
        }
        guard let cluster, let version, let used,
            let ring = KeyRing(
                clusterID: cluster,
                version: version,
                entries: entries,
                used: used
            )
        else {
            throw .unreadable("it wants cluster, version, use, and 1 to \(Self.limit) keys")
        }
        self = ring
    }

    private static func single(_ text: String) throws(KeyRingError) -> KeyRing {
        do throws(SealingError) {
            return KeyRing(first: try SecretKey(base64: text))
        } catch {
            throw .unreadable("\(error)")
        }
    }

    private static func entry(_ line: [Substring]) throws(KeyRingError) -> Entry {
        guard let id = UInt8(line[1]), id > 0, let key = try? SecretKey(base64: String(line[2]))
        else { throw .unreadable("a key wants a number from 1 to 255 and 44 characters") }
        let added = line.count > 3 ? Int64(line[3]) ?? 0 : 0
        return Entry(
            id: KeyID(id),
            key: key,
            addedAt: Instant(unixMilliseconds: added),
            author: line.count > 4 ? String(line[4]) : ""
        )
    }
}
