import Foundation
import TestSupport
import Testing

/// Tasks outlive their node: it is killed, and they end as if nothing had happened.
@Suite(.serialized) struct `Tasks of a node that is killed` {
    /// Set by `make soak-runner`.
    static let kills = Int(ProcessInfo.processInfo.environment["ROTA_NODE_KILLS"] ?? "") ?? 4
    static var tasks: Int { kills > 60 ? 200 : 12 }

    @Test(.tags(.integration), .timeLimit(.minutes(60)))
    func `go on, and every exit code is recorded once it starts again`() async throws {
        let cluster = try await TestCluster(nodes: 1, term: "10s", nodeOptions: ["--slots", "400"])
        defer { cluster.end() }
        let (starts, gate) = (cluster.path("starts"), cluster.path("gate"))
        let command = """
            echo "$ROTA_RUN_ID" >> \(starts)
            while [ ! -e \(gate) ]; do sleep \(Self.kills > 60 ? 3 : 0.2); done
            exit $((3 + ${ROTA_FENCE} % 50))
            """
        try Self.add("long", "--shell", command, to: cluster)
        for _ in 0..<Self.tasks { #expect(try cluster.rota("job", "run", "long").code == 0) }
        await eventually("all have started") { lines(starts).count == Self.tasks }
        try Self.add("short", "--schedule", "* * * * * *", "--shell", "exit 3", to: cluster)
        for _ in 0..<Self.kills {
            let moment = Date(timeIntervalSinceNow: .random(in: 0..<0.4))
            await eventually("some moment comes") { Date() > moment }
            cluster.crash("n1")
            try await cluster.start("n1")
        }
        #expect(try cluster.rota("job", "pause", "short").code == 0)
        try cluster.write("", to: "gate")
        try await eventually("all have ended", within: .seconds(60)) {
            try cluster.rota("run", "list", "--state", "running", "-o", "name").lines.isEmpty
        }
        let runs = try Self.runs(of: "long", in: cluster)
        #expect(runs.count == Self.tasks)
        for run in runs {
            let code = 3 + run.fence % 50
            #expect(run.state == "failed" && run.code == code, "\(run)")
        }
        #expect(Set(lines(starts)).count == Self.tasks)
        #expect(lines(starts).count == Self.tasks)
        let others = try Self.runs(of: "short", in: cluster)
        let bad = others.filter { $0.code != 3 && !$0.reason.hasPrefix("not started") }
        #expect(bad.isEmpty)
        let unstarted = others.count { $0.state == "lost" }
        print("kills \(Self.kills), tasks \(runs.count) + \(others.count), lost \(unstarted)")
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `end before anybody may start them elsewhere, if it stays dead`() async throws {
        let cluster = try await TestCluster(nodes: 2, term: "3s")
        defer { cluster.end() }
        let story = cluster.path("story")
        let command = """
            trap 'echo "$ROTA_ATTEMPT end" >> \(story); exit 1' TERM
            echo "$ROTA_ATTEMPT start $ROTA_NODE" >> \(story)
            while :; do sleep 0.05; done
            """
        let added = try cluster.rota(
            "job",
            "add",
            "single",
            "--shell",
            command,
            "--node-loss",
            "retry:1"
        )
        #expect(added.code == 0, "\(added.err)")
        #expect(try cluster.rota("job", "run", "single").code == 0)
        await eventually("it runs") { !lines(story).isEmpty }
        let first = try #require(lines(story).first?.split(separator: " ").last.map(String.init))
        cluster.crash(first)
        await eventually("it runs elsewhere") { lines(story).contains { $0.hasPrefix("2 start") } }
        let other = first == "n1" ? "n2" : "n1"
        #expect(lines(story).prefix(3) == ["1 start \(first)", "1 end", "2 start \(other)"])
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `are lost and gone if what runs them is killed as well`() async throws {
        let cluster = try await TestCluster(nodes: 1)
        defer { cluster.end() }
        let (story, daemon) = (cluster.path("story"), cluster.path("daemon"))
        // One leaves the session and the environment, and loses its parent.
        let command = """
            setsid sh -c 'setsid env -i /bin/sh -c "
                echo \\$\\$ > \(daemon); exec /bin/sleep 300" & exit 0' &
            while [ ! -s \(daemon) ]; do sleep 0.02; done
            echo $$ >> \(story); sleep 300 & sleep 300
            """
        #expect(try cluster.rota("job", "add", "long", "--shell", command).code == 0)
        #expect(try cluster.rota("job", "run", "long").code == 0)
        await eventually("it runs") { !lines(story).isEmpty }
        let leader = try #require(lines(story).first.flatMap { Int32($0) })
        let runner = try #require(cluster.runner(of: "n1"))
        kill(runner, SIGKILL)
        try await eventually("it is lost") {
            try Self.runs(of: "long", in: cluster).first?.state == "lost"
        }
        #expect(Self.living(inSession: leader).isEmpty)
        let hidden = try #require(lines(daemon).first.flatMap { Int32($0) })
        #expect(Self.living(inSession: hidden).isEmpty)
        #expect(cluster.cgroup(of: "n1").map(Self.groups) ?? [] == [])
        #expect(try cluster.rota("job", "run", "long").code == 0)
        await eventually("the next one runs") { lines(story).count == 2 }
        #expect(cluster.runner(of: "n1") != runner)
    }

    private static func add(_ words: String..., to cluster: TestCluster) throws {
        let output = try cluster.run("rota", ["job", "add"] + words + ["--overlap", "allow"])
        #expect(output.code == 0, "\(output.err)")
    }

    // MARK: Reading

    /// The processes of a session that have not ended, reaped or not.
    private static func living(inSession leader: Int32) -> [String] {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return folders.filter { folder in
            let text = try? String(contentsOfFile: "/proc/\(folder)/stat", encoding: .utf8)
            let fields = text?.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 3 && fields[3] == "\(leader)" && fields[0] != "Z"
        }
    }

    /// The cgroups below one, which are those of runs.
    private static func groups(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { name in
            FileManager.default.fileExists(atPath: "\(folder)/\(name)/cgroup.procs")
        }
    }

    private struct Run {
        let state: String
        let code: Int?
        let reason: String
        let fence: Int
    }

    private static func runs(of job: String, in cluster: TestCluster) throws -> [Run] {
        let output = try cluster.rota(
            "run",
            "list",
            "--job",
            job,
            "--limit",
            "1000",
            "-o",
            "json"
        )
        let decoded = try JSONSerialization.jsonObject(with: Data(output.out.utf8))
        let rows = (decoded as? [String: Any])?["items"] as? [[String: Any]] ?? []
        return rows.map { row in
            Run(
                state: row["state"] as? String ?? "",
                code: (row["exit"] as? [String: Any])?["value"] as? Int,
                reason: row["reason"] as? String ?? "",
                fence: (row["fence"] as? Int) ?? Int(row["fence"] as? String ?? "") ?? 0
            )
        }
    }

    private func lines(_ path: String) -> [String] {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
            .map(String.init)
    }
}
