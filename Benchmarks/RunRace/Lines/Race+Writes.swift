// How often a run is asked for at the store: by real nodes, and by two hundred simulated ones.

internal import Platform
internal import Vocabulary

extension Race {
    private static let goal = 1.2

    /// Twenty jobs every second, on 3 and on 10 nodes.
    func raceWrites() async throws {
        for nodes in [3, 10] {
            try await with(nodes: nodes) { cluster in
                let schedule = "* * * * * *"
                try await cluster.add(
                    (0..<20).map { number in
                        ("tick-\(number)", RaceJobs.uid(), RaceJobs.spec(schedule, ":"))
                    }
                )
                // What is owed since the jobs were made is over.
                try await Task.sleep(for: .seconds(4))
                let before = await figures(cluster)
                try await Task.sleep(for: .seconds(isShort ? 10 : 30))
                let after = await figures(cluster)
                let change = zip(before, after).map { $1 - $0 }
                let (claims, items, lost, runs) = (change[0], change[1], change[2], change[3])
                guard runs > 0 else { throw RaceFailure("nothing ran: \(cluster.complaints)") }
                say(
                    """
                    # \(nodes) nodes: \(Int(runs)) runs, \(Int(claims)) claim transactions with \
                    \(Int(items)) items, \(Int(lost)) of them taken by others
                    """
                )
                bench("writes-per-run-\(nodes)", items / runs, Self.goal, "items")
            }
        }
    }

    private func figures(_ cluster: NodeCluster) async -> [Double] {
        var figures: [Double] = []
        for name in [
            "rota_claims_total", "rota_claim_items_total", "rota_claims_lost_total",
            "rota_runs_total{outcome=\"succeeded\"}",
        ] {
            figures.append(await cluster.sum(name))
        }
        return figures
    }

    /// Two hundred schedulers over a model of the store.
    func raceHerd() async throws {
        var herd = HerdSimulation(nodes: 200, jobs: 200, seed: 1)
        herd.run(seconds: isShort ? 10 : 60)
        let writes = Double(herd.items) / Double(max(1, herd.starts))
        say(
            """
            # herd of 200 schedulers: \(herd.starts) runs, \(herd.claims) claim transactions with \
            \(herd.items) items, \(herd.reads) reads, \(herd.doubles) started twice, worst \
            lateness \(herd.worstLateness) ms
            """
        )
        guard herd.doubles == 0 else { throw RaceFailure("the herd started runs twice") }
        bench("writes-per-run-200", writes, Self.goal, "items")
    }
}
