// A ring as the store keeps it: readable for the members it was sealed to, and for nobody else.

internal import Documents
package import Sealing
package import Vocabulary

/// The body of the `keyring` object.
///
/// The ring is sealed once, under a key made for it alone, and that key once to each member's
/// identity. What a person may see of the keys stands beside it in the clear.
package struct SealedRing: Equatable, Sendable {
    /// What may be known of a key.
    package struct Label: Equatable, Sendable {
        package let id: KeyID
        package let fingerprint: String
        package let addedAt: Instant
        package let author: String
    }

    private struct Letter: Equatable, Sendable {
        let identity: PublicIdentity
        let box: [UInt8]
    }

    package static let key = ObjectKey(tenant: "system", kind: .keyring, name: "gossip")

    package let version: Int64
    package let used: KeyID
    /// The cluster's fingerprint.
    package let cluster: String
    package let labels: [Label]
    private let sealed: [UInt8]
    private let letters: [NodeName: Letter]

    /// Seals `ring` to `recipients`.
    package init(_ ring: KeyRing, to recipients: [NodeName: PublicIdentity]) {
        version = ring.version
        used = ring.used
        cluster = ring.clusterFingerprint
        labels = ring.entries.map {
            Label(
                id: $0.id,
                fingerprint: $0.key.fingerprint,
                addedAt: $0.addedAt,
                author: $0.author
            )
        }
        let once = SecretKey.random()
        let nonce = SecureRandom.bytes(Sealer.nonceLength)
        sealed = Sealer.seal(
            Array(ring.text.utf8),
            behind: nonce,
            nonce: nonce,
            additional: Self.binding(version, cluster),
            key: once
        )
        letters = recipients.compactMapValues { identity in
            identity.seal(Array(once.base64.utf8)).map { Letter(identity: identity, box: $0) }
        }
    }

    /// To whom the ring was sealed.
    package var recipients: [NodeName: PublicIdentity] { letters.mapValues(\.identity) }

    /// The ring, opened by the member called `name`.
    ///
    /// - Returns: `nil` if it was not sealed to that identity.
    package func opened(
        by identity: Identity,
        of name: NodeName
    ) throws(KeyRingError) -> KeyRing? {
        guard let letter = letters[name], letter.identity == identity.publicHalf else { return nil }
        guard let text = identity.open(letter.box),
            let once = try? SecretKey(base64: String(decoding: text, as: UTF8.self)),
            sealed.count > Sealer.nonceLength,
            let plain = Sealer.open(
                sealed[Sealer.nonceLength...],
                nonce: Array(sealed[..<Sealer.nonceLength]),
                additional: Self.binding(version, cluster),
                key: once
            )
        else { throw .unreadable("the store's ring is damaged") }
        let ring = try KeyRing(text: String(decoding: plain, as: UTF8.self))
        guard ring.version == version, ring.clusterFingerprint == cluster else {
            throw .unreadable("the store's ring is not what it says it is")
        }
        return ring
    }

    private static func binding(_ version: Int64, _ cluster: String) -> [UInt8] {
        Array("rota ring \(version) \(cluster)".utf8)
    }

    // As a document.

    package var body: [UInt8] {
        var boxes: [String: Value] = [:]
        for (name, letter) in letters {
            boxes[name.text] = [
                "identity": .string(letter.identity.base64),
                "box": .string(Base64.text(letter.box)),
            ]
        }
        let keys = labels.map { label -> Value in
            [
                "id": .integer(Int64(label.id.rawValue)),
                "fingerprint": .string(label.fingerprint),
                "added": .integer(label.addedAt.unixMilliseconds), "by": .string(label.author),
            ]
        }
        return JSON.bytes([
            "version": .integer(version), "use": .integer(Int64(used.rawValue)),
            "cluster": .string(cluster), "keys": .array(keys),
            "sealed": .string(Base64.text(sealed)), "letters": .object(boxes),
        ])
    }

    package init(body: [UInt8]) throws(KeyRingError) {
        guard let value = try? JSON.parse(body), let version = value["version"]?.integer,
            let used = value["use"]?.integer.flatMap(UInt8.init(exactly:)),
            let cluster = value["cluster"]?.string,
            let sealed = value["sealed"]?.string.flatMap(Base64.bytes)
        else { throw .unreadable("the store's ring is of another form; run one release") }
        self.version = version
        self.used = KeyID(used)
        self.cluster = cluster
        self.sealed = sealed
        labels = (value["keys"]?.array ?? []).compactMap { key in
            guard let id = key["id"]?.integer.flatMap(UInt8.init(exactly:)) else { return nil }
            return Label(
                id: KeyID(id),
                fingerprint: key["fingerprint"]?.string ?? "",
                addedAt: Instant(unixMilliseconds: key["added"]?.integer ?? 0),
                author: key["by"]?.string ?? ""
            )
        }
        var letters: [NodeName: Letter] = [:]
        for (name, letter) in value["letters"]?.object ?? [:] {
            guard
                let identity = letter["identity"]?.string.flatMap(PublicIdentity.init(base64:)),
                let box = letter["box"]?.string.flatMap(Base64.bytes)
            else { continue }
            letters[NodeName(name)] = Letter(identity: identity, box: box)
        }
        self.letters = letters
    }
}
