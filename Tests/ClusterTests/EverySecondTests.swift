import Foundation
import TestSupport
import Testing

/// One job a second on three nodes, through a crash and a stall: nothing twice or unexplained.
@Suite(.serialized) struct `A job every second` {
    /// What the task itself wrote: evidence from outside the scheduler.
    struct Start: Hashable {
        let instant: String
        let attempt: String
        let node: String
        let fence: Int
    }

    /// Set by `make soak`; the test's own length is enough to see every fault once.
    static let length = Int(ProcessInfo.processInfo.environment["ROTA_SOAK_SECONDS"] ?? "") ?? 36

    @Test(.tags(.integration), .timeLimit(.minutes(30)), arguments: ClusterStore.allCases)
    func `starts once a second, whatever happens to nodes and to the store`(
        _ store: ClusterStore
    ) async throws {
        let isSoak = Self.length > 60
        let term = isSoak ? "10s" : "3s"
        let cluster = try await TestCluster(nodes: 3, term: term, store: store)
        defer { cluster.end() }
        let evidence = cluster.path("evidence")
        let command =
            "echo \"$ROTA_SCHEDULED_AT $ROTA_ATTEMPT $ROTA_NODE $ROTA_FENCE\" >> \(evidence)"
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
        let begin = Date()
        await eventually("the first start") { !cluster.read("evidence").isEmpty }

        var plan = FaultPlan(length: Self.length, isSoak: isSoak, store: store)
        await eventually("the run is over", within: .seconds(Self.length + 60)) {
            let busy = Self.starts(cluster.read("evidence")).last?.node ?? "n1"
            try? await plan.perform(on: cluster, at: Date().timeIntervalSince(begin), busy: busy)
            return Date().timeIntervalSince(begin) > Double(Self.length)
        }
        try cluster.startStore()
        for name in cluster.nodes {
            cluster.signal(name, SIGCONT)
            if cluster.members[name]?.process?.isRunning != true { try await cluster.start(name) }
        }
        await eventually("the store is back") {
            (try? cluster.rota("job", "pause", "tick", "--reason", "end of the test"))?.code == 0
        }
        try await check(cluster, since: begin)
    }

    private func check(_ cluster: TestCluster, since begin: Date) async throws {
        let starts = Self.starts(cluster.read("evidence"))
        let keys = starts.map { "\($0.instant) #\($0.attempt)" }
        #expect(Set(keys).count == keys.count, "started twice: \(Self.repeated(keys))")
        let fences = starts.sorted { $0.instant < $1.instant }.map(\.fence)
        #expect(Set(fences).count == fences.count, "a fence was handed out twice")

        let started = Set(starts.map(\.instant))
        let formatter = ISO8601DateFormatter()
        let first = try #require(starts.map(\.instant).min().flatMap(formatter.date(from:)))
        var explained: [String: Int] = [:]
        var silent: [String] = []
        for second in 0..<Self.length - 3 {
            let instant = formatter.string(from: first.addingTimeInterval(Double(second)))
            guard !started.contains(instant) else { continue }
            let why = try cluster.rota("why", "tick", "--at", instant, "-o", "json")
            let verdict = Self.verdict(why.out)
            if ["lost", "skipped", "missed", "ran", "late"].contains(verdict) {
                explained[verdict, default: 0] += 1
            } else {
                silent.append("\(instant): \(verdict) \(why.err)")
            }
        }
        #expect(silent.isEmpty, "no start and no explanation: \(silent)")
        let nodes = Set(starts.map(\.node)).sorted()
        print("evidence: \(starts.count) starts on \(nodes), explained \(explained), doubles 0")
        // Faults touch a few seconds; most must simply have run.
        #expect(starts.count > Self.length / 2)
    }

    private static func starts(_ text: String) -> [Start] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 4, let fence = Int(words[3]) else { return nil }
            return Start(instant: words[0], attempt: words[1], node: words[2], fence: fence)
        }
    }

    private static func repeated(_ keys: [String]) -> [String] {
        Dictionary(grouping: keys) { $0 }.filter { $1.count > 1 }.keys.sorted()
    }

    private static func verdict(_ json: String) -> String {
        let value = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        return value?["verdict"] as? String ?? "unreadable"
    }
}

/// When nodes are hurt: always the one that started the last run, since it is the first in rank.
struct FaultPlan {
    private enum Fault {
        case crash
        case restart
        case stall
        case goOn
        case killStore
        case startStore
    }

    private var due: [(at: Double, fault: Fault)] = []
    private var crashed: String?
    private var stalled: String?

    /// One crash and one stall in the short run; in a soak, one of each every 80 s.
    ///
    /// A store that is a server dies as well, and stays away for longer than a session's term.
    init(length: Int, isSoak: Bool, store: ClusterStore) {
        let round = isSoak ? 80.0 : Double(length)
        let stall = isSoak ? 20.0 : 8.0
        var start = 0.0
        while start + round <= Double(length) + 1 {
            due.append((start + round * 0.15, .crash))
            due.append((start + round * 0.40, .restart))
            due.append((start + round * 0.50, .stall))
            due.append((start + round * 0.50 + stall, .goOn))
            if store != .sqlite {
                due.append((start + round * 0.80, .killStore))
                due.append((start + round * 0.80 + stall / 2, .startStore))
            }
            start += round
        }
    }

    /// Does what has become due after `seconds`; `busy` started the last run.
    mutating func perform(on cluster: TestCluster, at seconds: Double, busy: String) async throws {
        while let next = due.first, next.at <= seconds {
            due.removeFirst()
            switch next.fault {
            case .crash:
                crashed = busy
                cluster.crash(busy)
            case .restart:
                if let crashed { try await cluster.start(crashed) }
            case .stall:
                stalled = busy
                cluster.signal(busy, SIGSTOP)
            case .goOn:
                if let stalled { cluster.signal(stalled, SIGCONT) }
            case .killStore: try cluster.killStore()
            case .startStore: try cluster.startStore()
            }
        }
    }
}
