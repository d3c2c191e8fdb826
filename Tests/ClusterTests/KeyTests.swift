import TestSupport
import Testing

/// Changing the cluster's key on a real cluster, through the command line.
@Suite(.serialized) struct `Keys of a real cluster` {
    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `change while it runs, and a node that was away comes back`() async throws {
        let cluster = try await TestCluster(nodes: 3)
        defer { cluster.end() }
        await eventually("all are well") {
            let status = try? cluster.rota("cluster", "status")
            return status?.code == 0 && status?.out.contains("4 alive") == true
        }
        #expect(cluster.stop("n3") == 0)
        let early = try cluster.rota("cluster", "key", "use", "2")
        #expect(early.code == 3, "\(early.err)")
        let added = try cluster.rota("cluster", "key", "add")
        #expect(added.code == 0 && added.err.contains("Every member has it"), "\(added.err)")
        let inUse = try cluster.rota("cluster", "key", "rm", "1", "--yes")
        #expect(inUse.code == 5, "\(inUse.err)")
        let used = try cluster.rota("cluster", "key", "use", "2")
        #expect(used.code == 0, "\(used.err)")
        await eventually("nobody seals with key 1 any more") {
            (try? cluster.rota("cluster", "key", "rm", "1", "--yes"))?.code == 0
        }
        let listed = try cluster.rota("cluster", "key", "list", "-o", "json")
        #expect(listed.code == 0)

        // It knows key 1 alone, by its own folder and by the operator's file.
        try await cluster.start("n3")
        await eventually("all are well again, under key 2") {
            let status = try? cluster.rota("cluster", "status")
            return status?.code == 0 && status?.out.contains("4 alive") == true
                && status?.out.contains("key 2") == true
        }
        // Members also call one another by it.
        let job = try cluster.rota("job", "add", "hello", "--shell", "echo out loud")
        #expect(job.code == 0, "\(job.err)")
        let ran = try cluster.rota("job", "run", "hello", "--wait")
        #expect(ran.code == 0, "\(ran.err)")
        let keys = cluster.read("n3/keys")
        let secret = try #require(keys.split(separator: "\n").last?.split(separator: " ")[2])
        for name in ["m1", "n1", "n2", "n3"] {
            #expect(!cluster.read("\(name).log").contains(secret))
        }
        #expect(!listed.out.contains(secret))
    }
}
