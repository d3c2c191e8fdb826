// Whether all nodes read the same time zone database.

package import Vocabulary

/// Notices nodes whose time zone database is of another release than one's own.
///
/// Two releases may name different instants for one schedule; each would be claimed, rightly.
package struct ZoneDataWatch: Sendable {
    /// The tag under which every node tells its release.
    package static let tag = "tzdata"

    private let own: String
    private var known: [NodeName: String] = [:]

    package init(own: String) {
        self.own = own
    }

    /// The nodes that differ and did not so when last asked, in the order of their names.
    ///
    /// Nodes that do not tell are passed over.
    package mutating func newlyDiffering(
        among alive: [(name: NodeName, tags: [String: String])]
    ) -> [(name: NodeName, release: String)] {
        var differing: [NodeName: String] = [:]
        for node in alive {
            if let release = node.tags[Self.tag], release != own { differing[node.name] = release }
        }
        let news = differing.filter { known[$0.key] != $0.value }
        known = differing
        return news.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}
