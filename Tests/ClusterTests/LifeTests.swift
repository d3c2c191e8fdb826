import Foundation
import TestSupport
import Testing

/// What a person does to jobs and runs, on a real cluster, through the command line.
@Suite(.serialized) struct `On a real cluster` {
    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `a killed run's whole tree is gone when kill returns`() async throws {
        let cluster = try await TestCluster(nodes: 2)
        defer { cluster.end() }
        let mark = "rota-mark-\(Int.random(in: 0..<1_000_000))"
        // A shell and a child of it, both deaf to TERM.
        let added = try cluster.rota("job", "add", "stubborn", "--shell", stubborn(mark))
        #expect(added.code == 0, "\(added.err)")
        let started = try cluster.rota("job", "run", "stubborn")
        #expect(started.code == 0, "\(started.err)")
        await eventually("the task runs") { processes(mark) >= 2 }
        let run = try #require(try cluster.rota("run", "list", "-o", "name").lines.first)
        let killed = try cluster.rota("run", "kill", run, "--grace", "300ms", "--wait", "--yes")
        #expect(killed.code == 0, "\(killed.err)")
        #expect(processes(mark) == 0)
        let show = try cluster.rota("run", "show", run, "-o", "json")
        #expect(show.out.contains("\"killed\""))
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `nothing starts after pause has returned, nor under an old text after edit`() async throws
    {
        let cluster = try await TestCluster(nodes: 3, masters: 2)
        defer { cluster.end() }
        let log = cluster.path("starts")
        let added = try cluster.rota(
            "job",
            "add",
            "tick",
            "--schedule",
            "* * * * * *",
            "--shell",
            "echo one >> \(log)"
        )
        #expect(added.code == 0, "\(added.err)")
        await eventually("it runs") { !cluster.read("starts").isEmpty }
        #expect(try cluster.rota("job", "set", "tick", "shell=echo two >> \(log)").code == 0)
        // The edit is law: whatever was claimed before it may still write, nothing after it may.
        await eventually("the new text runs") { cluster.read("starts").contains("two") }
        let settled = cluster.read("starts").components(separatedBy: "one").count
        #expect(try cluster.rota("job", "pause", "tick").code == 0)
        await eventually("what was claimed before has ended") {
            let open = try? cluster.rota("run", "list", "--state", "running", "-o", "name")
            return open?.lines.isEmpty == true
        }
        let before = cluster.read("starts")
        let paused = Date()
        await eventually("three instants pass") { Date().timeIntervalSince(paused) > 3 }
        #expect(cluster.read("starts") == before)
        #expect(cluster.read("starts").components(separatedBy: "one").count == settled)
        #expect(try cluster.rota("job", "resume", "tick").code == 0)
        await eventually("it runs again") { cluster.read("starts").count > before.count }
        #expect(try cluster.rota("job", "rm", "tick", "--yes").code == 0)
        #expect(try cluster.rota("job", "show", "tick").code == 3)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `every process may restart, in any order, and nothing is forgotten`() async throws {
        let cluster = try await TestCluster(nodes: 3)
        defer { cluster.end() }
        #expect(
            try cluster.rota("job", "add", "once", "--shell", "echo remembered").code == 0
        )
        #expect(
            try cluster.rota(
                "job",
                "add",
                "tick",
                "--schedule",
                "* * * * * *",
                "--misfire",
                "all(100)",
                "--shell",
                "true"
            ).code == 0
        )
        #expect(try cluster.rota("job", "run", "once", "--wait").code == 0)
        let run = try #require(
            try cluster.rota("run", "list", "--job", "once", "-o", "name").lines.first
        )
        let list = try cluster.rota("export").out
        for name in (cluster.nodes + cluster.masters).shuffled() { cluster.crash(name) }
        let asleep = Date()
        await eventually("the cluster sleeps a while") { Date().timeIntervalSince(asleep) > 4 }
        for name in (cluster.nodes + cluster.masters).shuffled() { try await cluster.start(name) }
        #expect(try cluster.rota("export").out == list)
        #expect(try cluster.rota("run", "logs", run).out.contains("remembered"))
        let formatter = ISO8601DateFormatter()
        let missed = formatter.string(from: asleep.addingTimeInterval(2))
        await eventually("the missed instants have their verdict") {
            let why = try? cluster.rota("why", "tick", "--at", missed, "-o", "json")
            // Skipped if the run that its dead node left open still counts.
            return ["ran", "late", "missed", "skipped"].contains { verdict in
                why?.out.contains("\"\(verdict)\"") == true
            }
        }
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `a node that is told to stop lets its runs finish and records them`() async throws {
        let cluster = try await TestCluster(nodes: 1)
        defer { cluster.end() }
        let file = cluster.path("gate")
        let command = "echo up > \(file); while [ -e \(file) ]; do sleep 0.05; done; echo finished"
        #expect(try cluster.rota("job", "add", "gate", "--shell", command).code == 0)
        #expect(try cluster.rota("job", "run", "gate").code == 0)
        await eventually("the task runs") { !cluster.read("gate").isEmpty }
        cluster.signal("n1", SIGTERM)
        await eventually("the node stops") { cluster.read("n1.log").contains("node.stopping") }
        try FileManager.default.removeItem(atPath: file)
        #expect(cluster.stop("n1") == 0)
        let run = try #require(try cluster.rota("run", "list", "-o", "name").lines.first)
        #expect(try cluster.rota("run", "show", run, "-o", "json").out.contains("\"succeeded\""))
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `jobs fire while every master is down`() async throws {
        let cluster = try await TestCluster(nodes: 2)
        defer { cluster.end() }
        let log = cluster.path("starts")
        _ = try cluster.rota(
            "job",
            "add",
            "tick",
            "--schedule",
            "* * * * * *",
            "--shell",
            "echo . >> \(log)"
        )
        await eventually("it runs") { !cluster.read("starts").isEmpty }
        cluster.crash("m1")
        let before = cluster.read("starts").count
        await eventually("it goes on without masters") { cluster.read("starts").count > before + 6 }
        #expect(try cluster.rota("job", "list").code == 8)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `wrong input gets a sentence and changes nothing`() async throws {
        let cluster = try await TestCluster(nodes: 1)
        defer { cluster.end() }
        #expect(
            try cluster.rota("job", "add", "good", "--schedule", "@daily", "--shell", "true").code
                == 0
        )
        let list = try cluster.rota("export").out
        let wrong: [(arguments: [String], code: Int32, says: String)] = [
            (["job", "add", "bad", "--schedule", "61 * * * *", "--shell", "true"], 1, "61"),
            (
                [
                    "job", "add", "bad", "--schedule", "@daily", "--tz", "Mars/Olympus", "--shell",
                    "true",
                ], 1, "Mars"
            ),
            (["job", "add", "good", "--schedule", "@daily", "--shell", "true"], 5, "good"),
            (["job", "add", "Bad Name", "--shell", "true"], 2, "name"),
            (["job", "set", "good", "retires=3"], 1, "retries"),
            (["job", "show", "god"], 3, "good"),
            (["job", "frobnicate"], 2, "frobnicate"),
        ]
        for attempt in wrong {
            let output = try cluster.run("rota", attempt.arguments)
            #expect(output.code == attempt.code, "\(attempt.arguments): \(output.err)")
            #expect(output.err.contains(attempt.says), "\(attempt.arguments): \(output.err)")
            #expect(output.err.split(separator: "\n").count <= 4, "\(output.err)")
        }
        #expect(try cluster.rota("export").out == list)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)))
    func `a crontab is imported line by line or says why not`() async throws {
        let cluster = try await TestCluster(nodes: 1)
        defer { cluster.end() }
        let crontab = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "examples/crontab").path
        let plan = try cluster.rota("job", "import", "crontab", crontab, "--plan")
        #expect(plan.code == 1)
        #expect(plan.out.contains("@reboot"))
        #expect(try cluster.rota("job", "list", "-o", "name").lines.isEmpty)
        let done = try cluster.rota("job", "import", "crontab", crontab)
        #expect(done.code == 1, "\(done.err)")
        #expect(try cluster.rota("job", "list", "-o", "name").lines.count == 19)
    }

    private func stubborn(_ mark: String) -> String {
        let sleeper = "exec -a \(mark) sleep 300"
        return "exec bash -c \"trap '' TERM; (\(sleeper)) & \(sleeper)\""
    }

    /// How many processes carry `mark` as their name.
    private func processes(_ mark: String) -> Int {
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return folders.count { folder in
            let line = try? Data(contentsOf: URL(filePath: "/proc/\(folder)/cmdline"))
            return line.map { String(decoding: $0, as: UTF8.self).hasPrefix(mark) } ?? false
        }
    }
}
