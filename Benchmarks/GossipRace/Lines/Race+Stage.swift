// What one running cluster after the other is measured by: idling, events, bursts, a crash.

internal import Platform
internal import RaceWords
internal import Vocabulary

/// What one cluster's time on the stage has shown.
struct StageFigures {
    var idleBytes = Samples()
    var idlePackets = Samples()
    var idleProcessor = Samples()
    var resident = Samples()
    var proportional = Samples()
    var threads = Samples()
    var events = Samples()
    var missing = 0
    var burst = Samples()
    var share = Samples()
    var burstProcessor = Samples()
    var crash = Samples()
    var falseFailures = 0
}

extension Race {
    static let bytes = 205
    private static let burstCount = 1_000

    func raceStage(_ lines: Set<RaceLine>) async throws {
        var (mine, theirs) = (StageFigures(), StageFigures())
        for _ in 0..<rounds {
            try await with(ours()) { try await measure($0, lines, events: 60, into: &mine) }
            guard hasSerf else { continue }
            try await with(serf()) { try await measure($0, lines, events: 15, into: &theirs) }
        }
        report(lines, mine, theirs)
    }

    private func measure(
        _ cluster: some Contestant,
        _ lines: Set<RaceLine>,
        events: Int,
        into figures: inout StageFigures
    ) async throws {
        let began = SystemClock.monotonic
        let name = cluster is SerfCluster ? "serf" : "ours"
        func progress(_ what: String) {
            let seconds = tenths(began.duration(to: SystemClock.monotonic).inSeconds)
            say("# \(seconds) s, \(name): \(what)")
        }
        try await cluster.settle(patience: .seconds(10))
        progress("everybody sees everybody")
        // What joining has set off dies down.
        try await Task.sleep(for: .seconds(lines.contains(.idle) ? 12 : 2))
        if lines.contains(.idle) { try await measureIdle(cluster, into: &figures) }
        if lines.contains(.event) {
            try await measureEvents(cluster, events, into: &figures)
            progress("events, median so far \(tenths(figures.events.median)) ms")
        }
        if lines.contains(.burst) {
            try await measureBurst(cluster, into: &figures)
            let (share, last) = (figures.share.values.last, figures.burst.values.last)
            progress("burst, \(tenths(share ?? 0)) % in \(tenths(last ?? 0)) ms")
        }
        if lines.contains(.crash) {
            try await measureCrash(cluster, into: &figures)
            progress("crash known in \(tenths(figures.crash.values.last ?? 0)) ms")
        }
    }

    private func measureIdle(
        _ cluster: some Contestant,
        into figures: inout StageFigures
    ) async throws {
        let seconds = 15
        let before = NetworkCounters.loopback
        let processor = await cluster.processorTime()
        try await Task.sleep(for: .seconds(seconds))
        let after = NetworkCounters.loopback
        let perNode = Double(seconds * nodes)
        figures.idleBytes.add(Double(after.bytes - before.bytes) / perNode)
        figures.idlePackets.add(Double(after.packets - before.packets) / perNode)
        let used = await cluster.processorTime() - processor
        figures.idleProcessor.add(used.inSeconds / perNode * 100)
        for process in await cluster.processes {
            let (resident, proportional) = process.memory
            figures.resident.add(Double(resident) / 1e6)
            figures.proportional.add(Double(proportional) / 1e6)
            figures.threads.add(Double(process.threads))
        }
    }

    private func measureEvents(
        _ cluster: some Contestant,
        _ count: Int,
        into figures: inout StageFigures
    ) async throws {
        for round in 0..<count {
            let began = SystemClock.monotonic
            let number = try await cluster.change(1, bytes: Self.bytes, at: round * 17 % nodes)
                .lowerBound
            let last = await until(within: .seconds(6)) { cluster.ledger.last(number) }
            if let last {
                figures.events.add(began.duration(to: last))
            } else {
                figures.missing += 1
            }
            // Neither is measured while it still repeats the last one.
            try await Task.sleep(for: .milliseconds(cluster is SerfCluster ? 700 : 60))
        }
    }

    private func measureBurst(
        _ cluster: some Contestant,
        into figures: inout StageFigures
    ) async throws {
        try await Task.sleep(for: .seconds(1))
        let processor = await cluster.processorTime()
        let began = SystemClock.monotonic
        let numbers = try await cluster.change(Self.burstCount, bytes: Self.bytes, at: 3 % nodes)
        // Until nothing has come for a while; serf takes half a minute and more.
        let limit = Duration.seconds(60)
        let quiet = Duration.seconds(5)
        _ = await until(within: limit, every: .milliseconds(50)) { () -> Bool? in
            let (counts, last) = cluster.ledger.delivered(numbers)
            if counts.allSatisfy({ $0 == Self.burstCount }) { return true }
            guard let last else { return nil }
            return last.duration(to: SystemClock.monotonic) > quiet ? true : nil
        }
        let (counts, last) = cluster.ledger.delivered(numbers)
        figures.burst.add(began.duration(to: last ?? began))
        let all = Double(counts.reduce(0, +)) / Double(Self.burstCount * nodes)
        figures.share.add(all * 100)
        figures.burstProcessor.add((await cluster.processorTime() - processor).inSeconds)
    }

    private func measureCrash(
        _ cluster: some Contestant,
        into figures: inout StageFigures
    ) async throws {
        try await Task.sleep(for: .seconds(1))
        let victim = nodes - 2
        let others = (0..<nodes).filter { $0 != victim }
        let before = cluster.ledger.failures(of: Set(others), at: Set(others))
        let began = SystemClock.monotonic
        await cluster.processes[victim].signal(9)
        let known = await until(within: .seconds(30)) {
            cluster.ledger.failureKnown(victim, to: others)
        }
        figures.crash.add(known.map { began.duration(to: $0) } ?? .seconds(30))
        figures.falseFailures += cluster.ledger.failures(of: Set(others), at: Set(others)) - before
    }

    private func report(_ lines: Set<RaceLine>, _ mine: StageFigures, _ theirs: StageFigures) {
        func tell(_ name: String, _ unit: String, _ of: KeyPath<StageFigures, Samples>) {
            let (one, other) = (mine[keyPath: of], theirs[keyPath: of])
            say(
                """
                # \(name), \(unit): ours median \(tenths(one.median)) worst \(tenths(one.worst)), \
                serf median \(tenths(other.median)) worst \(tenths(other.worst)), \
                of \(one.values.count) and \(other.values.count)
                """
            )
        }
        if lines.contains(.idle) {
            tell("idle bytes per node", "B/s", \.idleBytes)
            tell("idle packets per node", "1/s", \.idlePackets)
            tell("idle processor per node", "%", \.idleProcessor)
            tell("idle memory, resident", "MB", \.resident)
            tell("idle memory, proportional", "MB", \.proportional)
            tell("threads", "each", \.threads)
            bench("gossip-idle-bytes", mine.idleBytes.median, theirs.idleBytes.median, "B/s")
            bench("gossip-idle-memory", mine.resident.median, theirs.resident.median, "MB")
        }
        if lines.contains(.event) {
            tell("event to the last node", "ms", \.events)
            say("# events not with everybody after 6 s: \(mine.missing), serf \(theirs.missing)")
            bench("gossip-event-p50", mine.events.median, theirs.events.median, "ms")
            bench("gossip-event-p99", mine.events.at(0.99), theirs.events.at(0.99), "ms")
        }
        if lines.contains(.burst) {
            tell("burst, last arrival", "ms", \.burst)
            tell("burst, delivered", "%", \.share)
            tell("burst, processor time", "s", \.burstProcessor)
            let least = mine.share.values.min() ?? 0
            bench("gossip-burst-1000", mine.burst.worst, theirs.burst.worst, "ms")
            bench("gossip-burst-share", least, theirs.share.values.min() ?? 0, "%", more: true)
        }
        if lines.contains(.crash) {
            tell("crash known to all", "ms", \.crash)
            say(
                "# others held for failed meanwhile: \(mine.falseFailures), \(theirs.falseFailures)"
            )
            bench("gossip-crash", mine.crash.worst, theirs.crash.worst, "ms")
        }
    }
}

/// What has gone over the loopback card of this network namespace.
struct NetworkCounters {
    var bytes = 0
    var packets = 0

    /// From `/proc/self/net/dev`: `/sys/class/net/lo` shows the host's counters.
    static var loopback: Self {
        let file = (try? FileStore.read("/proc/self/net/dev", limit: 65_536)) ?? []
        for line in String(decoding: file, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.first == "lo:", words.count > 10 else { continue }
            return Self(bytes: Int(words[9]) ?? 0, packets: Int(words[10]) ?? 0)
        }
        return Self()
    }
}
