import Foundation
import TestSupport
import Testing

/// What `rota why` tells of a real cluster.
@Suite(.serialized) struct `Verdicts` {
    /// The record behind `rota why`.
    private struct Why: Decodable {
        struct Run: Decodable {
            let node: String
            let cause: String
        }

        struct Place: Decodable {
            let node: String
            let obstacle: String?
        }

        let at: String
        let verdict: String
        let setting: String?
        let text: [String]
        let mend: [String]
        let runs: [Run]
        let places: [Place]
    }

    private static func text(_ date: Date) -> String {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        return ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: seconds))
    }

    private func why(_ job: String, at time: String, in cluster: TestCluster) throws -> Why {
        let output = try cluster.rota("why", job, "--at", time, "-o", "json")
        try #require(output.code == 0, "\(output.err)")
        return try JSONDecoder().decode(Why.self, from: Data(output.out.utf8))
    }

    private func add(_ name: String, _ words: String..., to cluster: TestCluster) throws {
        let added = try cluster.run("rota", ["job", "add", name] + words)
        try #require(added.code == 0, "\(added.err)")
    }

    /// Waits until one of the seconds from `start` on has this verdict, and answers it.
    private func instant(
        of job: String,
        from start: Date,
        called verdict: String,
        in cluster: TestCluster
    ) async throws -> Why {
        var found: Why?
        var told: [String] = []
        let isFound = try await eventually("\(job) is \(verdict)", within: .seconds(30)) {
            var second = start
            told = []
            while found == nil, second < Date().addingTimeInterval(-1) {
                let why = try why(job, at: Self.text(second), in: cluster)
                told.append(why.verdict)
                if why.verdict == verdict { found = why }
                second += 1
            }
            return found != nil
        }
        #expect(isFound, "\(told)")
        return try #require(found)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(4)))
    func `tell what ran, was late, was skipped, is paused and is to come`() async throws {
        let cluster = try await TestCluster(nodes: 3)
        defer { cluster.end() }
        let everySecond = "* * * * * *"
        try add(
            "tick",
            "--schedule",
            everySecond,
            "--overlap",
            "allow",
            "--shell",
            "true",
            to: cluster
        )
        try add("slow", "--schedule", everySecond, "--shell", "sleep 4", to: cluster)
        try add("held", "--schedule", everySecond, "--shell", "true", to: cluster)
        try add("nightly", "--schedule", "0 3 * * *", "--shell", "true", to: cluster)
        let start = Date().addingTimeInterval(1)

        let ran = try await instant(of: "tick", from: start, called: "ran", in: cluster)
        let first = try #require(ran.places.first?.node)
        #expect(ran.runs.first?.node == first)

        let skipped = try await instant(of: "slow", from: start, called: "skipped", in: cluster)
        #expect(skipped.setting == "overlap=forbid")
        #expect(skipped.text.contains { $0.contains("was under way, and overlap: forbid") })
        #expect(skipped.mend.contains { $0.contains("overlap=queue") })

        #expect(try cluster.rota("job", "pause", "held", "--reason", "a test").code == 0)
        let tomorrow = Self.text(Date().addingTimeInterval(86_400)).prefix(10)
        let held = try why("held", at: "\(tomorrow)T03:00:00Z", in: cluster)
        #expect(held.verdict == "paused")
        #expect(held.mend == ["rota job resume held"])
        let paused = Date().addingTimeInterval(1)
        // What fell into a pause gets its verdict when the pause ends.
        _ = try await instant(of: "held", from: paused, called: "paused", in: cluster)
        #expect(try cluster.rota("job", "resume", "held").code == 0)
        let over = try await instant(of: "held", from: paused, called: "skipped", in: cluster)
        #expect(over.text.contains { $0.contains("the job was paused then, until") })

        let coming = try why("nightly", at: "\(tomorrow)T03:00:00Z", in: cluster)
        #expect(coming.verdict == "to-come")
        #expect(coming.text.contains { $0.contains("would run on") && $0.contains("(first of 3)") })
        let between = try why("nightly", at: "\(tomorrow)T03:30:00Z", in: cluster)
        #expect(between.verdict == "not-due")
        #expect(between.text.contains { $0.contains("\(tomorrow)T03:00:00Z before") })

        let upcoming = try cluster.rota("next", "--match", "nightly", "-o", "json")
        let expected = try #require(coming.places.first { $0.obstacle == nil }?.node)
        #expect(upcoming.out.contains("\"\(expected)\""), "\(upcoming.out)\(upcoming.err)")

        let crash = Date()
        cluster.crash(first)
        let late = try await instant(of: "tick", from: crash, called: "late", in: cluster)
        #expect(late.runs.first?.node != first)
        #expect(late.text.contains { $0.hasPrefix("turn      \(first) goes first") })
    }

    @Test(.tags(.integration), .timeLimit(.minutes(3)), arguments: ClusterStore.allCases)
    func `of the past change when it is backfilled, and nothing runs twice`(
        _ store: ClusterStore
    ) async throws {
        let cluster = try await TestCluster(nodes: 2, store: store)
        defer { cluster.end() }
        let evidence = cluster.path("evidence")
        let command = "echo $ROTA_SCHEDULED_AT >> \(evidence)"
        try add("etl", "--schedule", "0 * * * *", "--shell", command, to: cluster)
        let words = [
            "job", "backfill", "etl", "--from", "2026-01-01T00:00:00Z", "--to",
            "2026-01-01T05:59:00Z",
        ]
        let before = try why("etl", at: "2026-01-01T03:00:00Z", in: cluster)
        #expect(before.verdict == "before-the-job")
        let plan = try cluster.run("rota", words + ["--plan"])
        #expect(plan.out.contains("6 due in"), "\(plan.out)\(plan.err)")
        #expect(try cluster.run("rota", words).code == 9)
        let done = try cluster.run("rota", words + ["--yes"])
        #expect(done.code == 0, "\(done.err)")
        #expect(done.out.contains("will run for 6 instants"), "\(done.out)")
        await eventually("all have run") { lines(cluster).count == 6 }
        // One at a time, the oldest first.
        #expect(lines(cluster) == lines(cluster).sorted())
        await eventually("the last has ended") {
            let again = try? cluster.run("rota", words + ["--yes"])
            return again?.out.contains("they have run") == true && again?.out.contains("6 ") == true
        }
        let after = try why("etl", at: "2026-01-01T03:00:00Z", in: cluster)
        #expect(after.verdict == "late")
        #expect(after.runs.map(\.cause) == ["backfill"])
        #expect(lines(cluster).count == 6)
        let wide = try cluster.rota(
            "job",
            "backfill",
            "etl",
            "--from",
            "2025-01-01",
            "--to",
            "2026-01-01",
            "--plan"
        )
        #expect(wide.code != 0)
        #expect(wide.err.contains("more than 1000 instants"), "\(wide.err)")
    }

    private func lines(_ cluster: TestCluster) -> [String] {
        cluster.read("evidence").split(separator: "\n").map(String.init)
    }

    // MARK: Sleep

    /// Set by `make soak-sleep`; the test's own length is enough for each policy to show.
    private static let sleep =
        Double(ProcessInfo.processInfo.environment["ROTA_SLEEP_SECONDS"] ?? "") ?? 20

    @Test(.tags(.integration), .timeLimit(.minutes(60)))
    func `are given to every instant that all nodes have slept through`() async throws {
        let cluster = try await TestCluster(nodes: 3)
        defer { cluster.end() }
        // Not so often in a long sleep that asking takes longer than sleeping.
        let period = Self.sleep > 60 ? 5 : 1
        let policies: [(job: String, words: [String])] = [
            ("latest", ["--misfire", "latest"]), ("skip", ["--misfire", "skip"]),
            ("five", ["--misfire", "all(5)"]), ("all", ["--misfire", "all(10000)"]),
            ("window", ["--misfire", "all(10000)", "--catch-up", "1s"]),
        ]
        for (job, words) in policies {
            let common = ["--schedule", "*/\(period) * * * * *", "--overlap", "allow", "--shell"]
            let policy = words + ["--start-deadline", "1s"]
            let added = try cluster.run("rota", ["job", "add", job] + common + ["true"] + policy)
            try #require(added.code == 0, "\(added.err)")
            #expect(try cluster.rota("job", "set", job, "keep.runs=10000").code == 0)
        }
        let started = Date()
        await eventually("they run") { Date().timeIntervalSince(started) > 4 }
        for name in cluster.nodes { cluster.crash(name) }
        let asleep = Date().addingTimeInterval(1)
        await eventually("all nodes sleep", within: .seconds(Self.sleep + 60)) {
            Date().timeIntervalSince(asleep) > Self.sleep
        }
        let awake = Date()
        for name in cluster.nodes { try await cluster.start(name) }
        // Those right before the end are on time still, or late by a little.
        let instants = Self.instants(from: asleep, to: awake.addingTimeInterval(-6), each: period)
        for (job, _) in policies {
            let told = try await verdicts(of: job, instants, in: cluster)
            let counts = Dictionary(told.map { ($0.verdict, 1) }, uniquingKeysWith: +)
            print("slept through: \(job) \(counts) of \(instants.count)")
            #expect(told.allSatisfy { !$0.text.isEmpty })
            switch job {
            case "all": #expect(counts == ["late": instants.count])
            case "five":
                // Some may have gone to instants from right before.
                #expect((1...5).contains(counts["late"] ?? 0))
                #expect(counts["missed"] == instants.count - (counts["late"] ?? 0))
            case _: #expect(counts == ["missed": instants.count])
            }
            let settings = Set(told.compactMap(\.setting))
            let setting: Set<String> =
                switch job {
                case "latest": ["misfire=latest"]
                case "skip": ["misfire=skip"]
                case "five": ["misfire=all(5)"]
                case "window": ["catch_up_window=1s"]
                case _: []
                }
            #expect(settings == setting, "\(job)")
        }
    }

    private static func instants(from start: Date, to end: Date, each period: Int) -> [String] {
        var seconds = Int(start.timeIntervalSince1970.rounded(.up))
        seconds += (period - seconds % period) % period
        return stride(from: seconds, through: Int(end.timeIntervalSince1970), by: period)
            .map { text(Date(timeIntervalSince1970: Double($0))) }
    }

    /// The verdicts, once all of them are given.
    private func verdicts(
        of job: String,
        _ instants: [String],
        in cluster: TestCluster
    ) async throws -> [Why] {
        var told: [Why] = []
        for instant in instants {
            var last: Why?
            let isGiven = try await eventually("\(job) \(instant)", within: .seconds(60)) {
                let why = try why(job, at: instant, in: cluster)
                last = why
                return why.verdict != "pending" && why.verdict != "waiting"
            }
            told.append(try #require(last))
            try #require(isGiven)
        }
        return told
    }
}
