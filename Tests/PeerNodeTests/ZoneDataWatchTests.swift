// Nodes whose time zone databases differ are told of once.

import PeerNode
import Testing
import Vocabulary

@Suite struct `Time zone databases` {
    private func node(_ name: String, _ release: String?) -> (NodeName, [String: String]) {
        (NodeName(name), release.map { [ZoneDataWatch.tag: $0] } ?? [:])
    }

    @Test func `a node that differs is told of once, and again when it changes`() {
        var watch = ZoneDataWatch(own: "2026b")
        let alive = [
            node("n1", "2026b"), node("n3", "2025b"), node("n2", "2025a"), node("n4", nil),
        ]
        #expect(watch.newlyDiffering(among: alive).map(\.name.text) == ["n2", "n3"])
        #expect(watch.newlyDiffering(among: alive).isEmpty)
        let updated = [node("n2", "2026a"), node("n3", "2026b")]
        #expect(watch.newlyDiffering(among: updated).map(\.release) == ["2026a"])
        #expect(watch.newlyDiffering(among: [node("n2", "2026b")]).isEmpty)
        #expect(watch.newlyDiffering(among: [node("n2", "2026a")]).map(\.name.text) == ["n2"])
    }
}
