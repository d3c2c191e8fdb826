import Foundation
import TestSupport
import Testing

/// A calendar's edit is law from the moment it is acknowledged, on every node.
@Suite(.serialized) struct `A job that goes by a calendar` {
    @Test(.tags(.integration), .timeLimit(.minutes(5)))
    func `stops once the calendar's edit has returned, and starts again after the next`()
        async throws
    {
        let cluster = try await TestCluster(nodes: 3)
        defer { cluster.end() }
        let evidence = cluster.path("evidence")
        try apply(cluster, calendar: "weekdays: []")
        try cluster.write(
            """
            kind: job
            name: tick
            spec:
              schedule: "* * * * * *"
              shell: echo "$ROTA_SCHEDULED_AT" >> \(evidence)
              misfire: all(100)
              overlap: allow
              calendar:
                except: [freeze]
            """,
            to: "job.yaml"
        )
        let added = try cluster.rota("apply", "-f", cluster.path("job.yaml"), "--yes")
        try #require(added.code == 0, "\(added.err)")
        await eventually("the first starts") { instants(cluster).count > 2 }

        try apply(cluster, calendar: "weekdays: [mon, tue, wed, thu, fri, sat, sun]")
        let closed = Date()
        await eventually("some seconds are over", within: .seconds(30)) {
            Date().timeIntervalSince(closed) > 4
        }
        #expect(instants(cluster).filter { $0 > closed } == [])
        let why = try cluster.rota("why", "tick")
        #expect(why.out.contains("freeze"), "\(why.out)\(why.err)")
        #expect(why.out.contains("left out"), "\(why.out)")

        let reopening = Date()
        try apply(cluster, calendar: "weekdays: []")
        let open = Date()
        await eventually("it starts again") { instants(cluster).contains { $0 > open } }
        // What was out stays out, although this job makes up for all it misses.
        let between = instants(cluster).filter { $0 > closed && $0 < reopening }
        #expect(between == [], "started for what was not due")
        let starts = instants(cluster)
        #expect(Set(starts).count == starts.count, "started twice")
    }

    private func apply(_ cluster: TestCluster, calendar spec: String) throws {
        try cluster.write(
            "kind: calendar\nname: freeze\nspec:\n  \(spec)\n",
            to: "calendar.yaml"
        )
        let applied = try cluster.rota("apply", "-f", cluster.path("calendar.yaml"), "--yes")
        try #require(applied.code == 0, "\(applied.err)\(applied.out)")
    }

    /// The instants that were started, as the task itself wrote them down.
    private func instants(_ cluster: TestCluster) -> [Date] {
        let formatter = ISO8601DateFormatter()
        return cluster.read("evidence").split(separator: "\n").compactMap {
            formatter.date(from: String($0))
        }
    }
}
