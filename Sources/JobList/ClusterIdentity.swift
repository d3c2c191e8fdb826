// Which cluster a member belongs to.

package import Sealing

/// The cluster's name on the wire: the same for all who hold its key, and telling nothing of it.
package enum ClusterIdentity {
    package static func text(of key: SecretKey) -> String {
        String(Hashing.derive(key, purpose: "cluster identity").base64.prefix(16))
    }
}
