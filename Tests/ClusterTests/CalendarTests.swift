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

        let day = { (offset: Double) in
            ISO8601DateFormatter().string(from: Date().addingTimeInterval(offset)).prefix(10)
        }
        try apply(cluster, calendar: "include: [\(day(-86_400))..\(day(86_400))]")
        let closed = Date()
        await eventually("some seconds are over", within: .seconds(30)) {
            Date().timeIntervalSince(closed) > 4
        }
        #expect(instants(cluster).filter { $0 > closed } == [])
        let why = try cluster.rota("why", "tick")
        #expect(why.out.contains("freeze"), "\(why.out)\(why.err)")
        #expect(why.out.contains("left out"), "\(why.out)")

        let refused = try cluster.rota("calendar", "rm", "freeze", "--yes")
        #expect(refused.code == 5 && refused.err.contains("tick"), "\(refused.err)")
        #expect(try cluster.rota("calendar", "test", "freeze", String(day(0))).code == 0)
        let explained = try cluster.rota("job", "explain", "tick")
        #expect(explained.out.contains("not on freeze"), "\(explained.out)\(explained.err)")
        let exported = try cluster.rota("export")
        let same = try cluster.rota("apply", "-f", "-", "--plan", input: exported.out)
        #expect(same.code == 0, "\(same.out)\(same.err)")

        let examples = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples")
        let loaded = try cluster.rota(
            "apply",
            "-f",
            examples.appending(path: "calendars").path,
            "-f",
            examples.appending(path: "jobs").path,
            "--plan"
        )
        #expect(loaded.out.contains("+ calendar/cn-workdays"), "\(loaded.out)\(loaded.err)")
        #expect(loaded.out.contains("+ job/morning"), "\(loaded.out)\(loaded.err)")

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
