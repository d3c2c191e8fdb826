// `list-race bench`: our lists between processes beside bare loops, in the same run.

internal import Foundation
internal import Platform
internal import RaceWords
internal import Sealing
internal import Vocabulary

/// Ours and the bare loop alternate, several laps each; the medians count.
struct ListBench {
    let jobs: Int
    let laps: Int
    let only: String?

    private let key = SecretKey.random().base64
    private let folder = RaceFolder()

    init(jobs: Int, laps: Int, only: String?) {
        self.jobs = jobs
        self.laps = laps
        self.only = only
    }

    func run() async throws {
        try folder.make()
        defer { folder.remove() }
        if wants("bootstrap") { try bootstrap() }
        if wants("import") { try importing() }
        if wants("feed") { try resuming() }
    }

    private func wants(_ name: String) -> Bool { only == nil || only == name }

    // A new member.

    private func bootstrap() throws {
        let source = folder.path("full.db")
        try RaceChild.run(["/proc/self/exe", "fill", "--path", source, "--jobs", "\(jobs)"])
        let goal = "1.\(max(1, jobs / RaceJobs.perRevision))"
        var (ours, bare, memory): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<laps {
            let sender = try member("sender", path: source)
            defer { sender.end() }
            let address = "127.0.0.1:\(Int(try sender.line()[0]))"
            let begin = Self.now
            let path = folder.path("joiner.db")
            let joiner = try member("joiner", path: path, seed: address, goal: goal)
            _ = try joiner.line()
            let end = try joiner.line()
            ours.append((end[0] - begin) / 1_000)
            memory.append(end[1])
            joiner.end()
            sender.end()
            folder.remove("joiner.db")
            bare.append(try copied(source, times: 1))
        }
        report("list-bootstrap-\(Self.short(jobs))", ours, bare)
        let most = memory.max() ?? 0
        say("BENCH list-bootstrap-rss \(most) 96 MB \(Self.ratio(96, most))")
    }

    /// How long the bare loop takes to bring all rows of `source` to so many files.
    private func copied(_ source: String, times: Int) throws -> Double {
        let sender = try RaceChild([".build/bare/bare-list", "send", source, "\(times)"])
        defer { sender.end() }
        let port = "\(Int(try sender.line()[0]))"
        let begin = Self.now
        let receivers = try (0..<times).map { number in
            try RaceChild([
                ".build/bare/bare-list", "take", port, folder.path("bare-\(number).db"),
            ])
        }
        let end = try receivers.map { try $0.line()[0] }.max() ?? 0
        for number in 0..<times { folder.remove("bare-\(number).db") }
        return (end - begin) / 1_000
    }

    // An import.

    private func importing() throws {
        let count = 100_000
        let members = 3
        var (ours, bare): ([Double], [Double]) = ([], [])
        for lap in 0..<laps {
            let master = try RaceChild([
                "/proc/self/exe", "import", "--store", "sqlite://\(folder.path("store-\(lap).db"))",
                "--path", folder.path("master.db"), "--jobs", "\(count)", "--members", "\(members)",
                "--key", key,
            ])
            defer { master.end() }
            let address = "127.0.0.1:\(Int(try master.line()[0]))"
            let goal = "1.\(count / RaceJobs.perRevision)"
            let nodes = try (0..<members).map { number in
                try member(
                    "node-\(number)",
                    path: folder.path("node-\(number).db"),
                    seed: address,
                    goal: goal
                )
            }
            defer { for node in nodes { node.end() } }
            for node in nodes { _ = try node.line() }
            let begin = try master.line()[0]
            let end = try nodes.map { try $0.line()[0] }.max() ?? 0
            ours.append((end - begin) / 1_000)
            for node in nodes { node.end() }
            master.end()
            bare.append(try copied(folder.path("master.db"), times: members))
            for name in ["master.db", "store-\(lap).db"] { folder.remove(name) }
            for number in 0..<members { folder.remove("node-\(number).db") }
        }
        report("list-import-100k", ours, bare)
    }

    // A watcher that comes back.

    private func resuming() throws {
        let source = folder.path("log.db")
        let count = 100_000
        try RaceChild.run(["/proc/self/exe", "log", "--path", source, "--revisions", "\(count)"])
        var (every, latest, bare): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<laps {
            let server = try member("server", path: source)
            let port = "\(Int(try server.line()[1]))"
            for mode in ["every", "latest"] {
                let reader = try RaceChild([
                    ".build/bare/bare-list", "watch", port, "/?since=0.0&mode=\(mode)",
                    "\"rev\":\"1.\(count)\"",
                ])
                let seconds = try reader.line()[0]
                if mode == "every" { every.append(seconds) } else { latest.append(seconds) }
            }
            server.end()
            let sender = try RaceChild([".build/bare/bare-list", "sendlog", source, "1"])
            let drain = try RaceChild([
                ".build/bare/bare-list", "drain", "\(Int(try sender.line()[0]))",
            ])
            bare.append(try drain.line()[0])
            sender.end()
        }
        report("feed-resume-100k", every, bare)
        report("feed-resume-latest-100k", latest, bare)
    }

    // All of them.

    private func member(
        _ name: String,
        path: String,
        seed: String? = nil,
        goal: String? = nil
    ) throws -> RaceChild {
        var words = ["/proc/self/exe", "member", "--name", name, "--path", path, "--key", key]
        if let seed { words += ["--seed", seed] }
        if let goal { words += ["--goal", goal] }
        return try RaceChild(words)
    }

    private static var now: Double { Double(SystemClock.monotonic.sinceBoot.milliseconds) }

    private func report(_ name: String, _ ours: [Double], _ bare: [Double]) {
        let (ours, bare) = (Self.median(ours), Self.median(bare))
        say("BENCH \(name) \(ours) \(bare) s \(Self.ratio(bare, ours))")
    }

    private static func median(_ numbers: [Double]) -> Double {
        (numbers.sorted()[numbers.count / 2] * 1_000).rounded() / 1_000
    }

    private static func ratio(_ one: Double, _ other: Double) -> Double {
        other > 0 ? (one / other * 100).rounded() / 100 : 0
    }

    private static func short(_ count: Int) -> String {
        switch count {
        case let count where count % 1_000_000 == 0: "\(count / 1_000_000)M"
        case let count where count % 1_000 == 0: "\(count / 1_000)k"
        case let count: "\(count)"
        }
    }
}
