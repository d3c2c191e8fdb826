// Which neighbour keeps copies of a node's logs.

package import Vocabulary

/// Chooses who keeps copies, the same on every machine that knows the same nodes.
package enum CopyChoice {
    /// `nodes` without `holder`, the one first that keeps copies of the logs of `holder`.
    ///
    /// By rendezvous hashing: when a node comes or goes, only those change their neighbour whose
    /// neighbour it is or was. Cost: O(n log n) in the number of nodes.
    package static func ranked(_ nodes: [NodeName], for holder: NodeName) -> [NodeName] {
        nodes.filter { $0 != holder }
            .map { (weight: StableHash.of("copies/\(holder.text)/\($0.text)"), name: $0) }
            .sorted { ($0.weight, $0.name) > ($1.weight, $1.name) }
            .map(\.name)
    }
}
