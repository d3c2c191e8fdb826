import Foundation
import TestSupport
import Testing

/// A store that is taken back to a backup behind its members' backs.
@Suite(.serialized) struct `A restored store` {
    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `starts nothing again, and after it is accepted everything new`() async throws {
        let cluster = try await TestCluster(nodes: 2)
        defer { cluster.end() }
        let command = "echo \"$ROTA_SCHEDULED_AT\" >> \(cluster.path("evidence"))"
        let added = try cluster.rota(
            "job",
            "add",
            "tick",
            "--schedule",
            "* * * * * *",
            "--shell",
            command
        )
        #expect(added.code == 0, "\(added.err)")
        await eventually("it runs") { lines(cluster).count >= 2 }
        let kept = cluster.path("backup.db")
        let backup = try cluster.run(
            "rota-master",
            ["store", "backup", "--store", cluster.storeURL, "--to", kept]
        )
        #expect(backup.code == 0, "\(backup.err)")
        let count = lines(cluster).count
        await eventually("it goes on running") { lines(cluster).count > count + 3 }
        for name in cluster.members.keys { cluster.crash(name) }
        let before = lines(cluster)

        try restore(kept, in: cluster)
        for name in cluster.members.keys.sorted() { try cluster.launch(name) }
        await eventually("every node refuses it") {
            cluster.nodes.allSatisfy { cluster.read("\($0).log").contains("store.refused") }
        }
        let refused = Date()
        await eventually("some instants pass") { Date().timeIntervalSince(refused) > 3 }
        #expect(lines(cluster) == before)

        let accepted = try cluster.run(
            "rota-master",
            ["store", "accept", "--store", cluster.storeURL, "--yes"]
        )
        #expect(accepted.code == 0, "\(accepted.err)")
        await eventually("it runs again") { lines(cluster).count > before.count + 2 }
        let all = lines(cluster)
        #expect(Set(all).count == all.count, "started twice: \(all)")
        let lost = try #require(before.last)
        let why = try cluster.rota("why", "tick", "--at", lost)
        #expect(why.out.contains("the store was restored"), "\(why.out)\(why.err)")
    }

    private func lines(_ cluster: TestCluster) -> [String] {
        cluster.read("evidence").split(separator: "\n").map(String.init)
    }

    private func restore(_ backup: String, in cluster: TestCluster) throws {
        let files = FileManager.default
        for suffix in ["", "-wal", "-shm"] {
            try? files.removeItem(atPath: cluster.path("store.db\(suffix)"))
        }
        try files.copyItem(atPath: backup, toPath: cluster.path("store.db"))
    }
}
