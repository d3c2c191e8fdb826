// The two secret files in a member's folder: the ring it goes by, and its identity.

package import Platform
package import Sealing
internal import Vocabulary

/// Reads and writes what only the member itself may read.
package enum KeyFiles {
    /// The ring that a member starts with: the later one of its own file and the operator's.
    ///
    /// The operator's file is not written to. It stays behind when keys change, and that does no
    /// harm: what the member keeps itself is later.
    ///
    /// - Throws: ``KeyRingError/otherCluster(theirs:ours:)`` if the two belong to two clusters.
    package static func ring(
        given: KeyRing,
        folder: String
    ) throws(KeyRingError) -> KeyRing {
        let path = ringPath(in: folder)
        guard FileStore.exists(path) else { return given }
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try FileStore.read(path, limit: KeyRing.fileLimit)
        } catch {
            throw .unreadable("\(error)")
        }
        let kept = try KeyRing(text: String(decoding: bytes, as: UTF8.self))
        guard kept.clusterID == given.clusterID else {
            throw .otherCluster(theirs: given.clusterFingerprint, ours: kept.clusterFingerprint)
        }
        return kept.version >= given.version ? kept : given
    }

    package static func keep(_ ring: KeyRing, in folder: String) throws(SystemError) {
        try FileStore.replace(ringPath(in: folder), with: Array(ring.text.utf8), mode: 0o600)
    }

    /// This member's identity; made at the first start.
    package static func identity(in folder: String) throws(SystemError) -> Identity {
        let path = "\(folder)/identity"
        if let bytes = try? FileStore.read(path, limit: 256),
            let secret = try? SecretKey(base64: String(decoding: bytes, as: UTF8.self))
        {
            return Identity(secret: secret)
        }
        let identity = Identity.random()
        try FileStore.replace(path, with: Array((identity.secretBase64 + "\n").utf8), mode: 0o600)
        return identity
    }

    package static func ringPath(in folder: String) -> String { "\(folder)/keys" }
}
