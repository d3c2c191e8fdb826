// What the list says about a node: whether it is to take no more runs.

internal import Documents
package import Vocabulary

/// The body of a `node` object.
package enum NodeDocument {
    /// Where the wishes about the node called `name` are kept.
    package static func key(of name: NodeName) -> ObjectKey {
        ObjectKey(tenant: "system", kind: .node, name: name.text)
    }

    package static func body(isDraining: Bool) -> [UInt8] {
        JSON.bytes(["draining": .bool(isDraining)])
    }

    package static func isDraining(_ body: [UInt8]) -> Bool {
        (try? JSON.parse(body))?["draining"]?.bool ?? false
    }
}
