// Who is there: a cold start, starved processes, a cut cable.

internal import Platform
internal import RaceWords
internal import Vocabulary

extension Race {
    /// From the first process's start until the last member sees everybody.
    func raceColdStart() async throws {
        var (mine, theirs) = (Samples(), Samples())
        let repeats = isLong ? 20 : 5
        for round in 0..<repeats {
            mine.add(try await coldStart(ours(), within: .seconds(30)))
            // Serf's slow starts end at its full comparison, once a minute.
            guard hasSerf, round < (isLong ? 5 : 1) else { continue }
            theirs.add(try await coldStart(serf(), within: .seconds(isLong ? 120 : 75)))
        }
        say(
            """
            # cold start, ms: ours median \(tenths(mine.median)) worst \(tenths(mine.worst)) \
            of \(repeats), serf median \(tenths(theirs.median)) worst \(tenths(theirs.worst)) \
            of \(theirs.values.count)
            """
        )
        bench("gossip-coldstart", mine.worst, theirs.worst, "ms")
    }

    private func coldStart(
        _ cluster: some Contestant,
        within limit: Duration
    ) async throws
        -> Duration
    {
        let began = SystemClock.monotonic
        return try await with(cluster) {
            guard let complete = await $0.completed(within: limit) else { return limit }
            return began.duration(to: complete)
        }
    }

    /// Healthy members held for failed by healthy members while some others hardly run.
    func raceStarved() async throws {
        let seconds = isLong ? 300 : 30
        let mine = try await with(ours()) { try await starve($0, for: .seconds(seconds)) }
        var theirs = 0
        if hasSerf {
            theirs = try await with(serf()) { try await starve($0, for: .seconds(seconds)) }
        }
        bench("gossip-false-deaths", Double(mine), Double(theirs), "deaths", isCount: true)
    }

    /// Every sixth member stands still for 4 of 6 seconds, each from another instant on.
    private func starve(_ cluster: some Contestant, for length: Duration) async throws -> Int {
        try await cluster.settle(patience: .seconds(10))
        try await Task.sleep(for: .seconds(3))
        let starved = (0..<8).map { $0 * 6 + 1 }.filter { $0 < nodes }
        let healthy = Set(0..<nodes).subtracting(starved)
        let before = cluster.ledger.failures(of: healthy, at: healthy)
        let processes = await cluster.processes
        let deadline = SystemClock.monotonic.advanced(by: length)
        await withDiscardingTaskGroup { group in
            for (place, node) in starved.enumerated() {
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(700 * place))
                    while SystemClock.monotonic < deadline {
                        processes[node].signal(StopSignal.stop)
                        try? await Task.sleep(for: .seconds(4))
                        processes[node].signal(StopSignal.goOn)
                        try? await Task.sleep(for: .seconds(2))
                    }
                }
            }
        }
        let all = cluster.ledger.failures(of: healthy, at: healthy) - before
        let ofStarved = cluster.ledger.failures(of: Set(starved), at: healthy)
        say(
            """
            # \(cluster is SerfCluster ? "serf" : "ours"), \(starved.count) starved for \
            \(length.components.seconds) s: healthy held for failed \(all) times, starved \
            \(ofStarved) times
            """
        )
        return all
    }

    /// From the mending of a cut cable until everybody sees everybody.
    func raceHeal() async throws {
        guard isAlone else {
            return say("# heal is left out: it takes a network namespace, and so root")
        }
        let seconds = isLong ? 600 : 20
        let yard = try await SplitYard(on: loop)
        do {
            let mine = try await with(ours(yard)) { try await heal($0, yard, seconds) }
            var theirs = Duration.zero
            if hasSerf {
                theirs = try await with(serf(yard)) { try await heal($0, yard, seconds) }
            }
            bench("gossip-heal", mine.inSeconds * 1_000, theirs.inSeconds * 1_000, "ms")
        } catch {
            await yard.end()
            throw error
        }
        await yard.end()
    }

    private func heal(
        _ cluster: some Contestant,
        _ yard: SplitYard,
        _ seconds: Int
    ) async throws -> Duration {
        try await cluster.settle(patience: .seconds(10))
        try await Task.sleep(for: .seconds(3))
        try yard.cut()
        try await Task.sleep(for: .seconds(seconds))
        let other = nodes - 1
        let known = cluster.ledger.failureKnown(other, to: Array(0..<(nodes / 2)))
        if known == nil { say("# the cut of \(seconds) s was not noticed by everybody") }
        (cluster as? SerfCluster)?.lookAfresh()
        let began = SystemClock.monotonic
        try yard.mend()
        let limit = Duration.seconds(120)
        let whole = await cluster.completed(within: limit)
        let healed = whole.map { began.duration(to: $0) } ?? limit
        let name = cluster is SerfCluster ? "serf" : "ours"
        say("# \(name): whole \(tenths(healed.inSeconds * 1_000)) ms after a cut of \(seconds) s")
        guard let cluster = cluster as? OurCluster else { return healed }
        let number = try await cluster.change(1, bytes: Race.bytes, at: 0).lowerBound
        let last = await until(within: .seconds(10)) { cluster.ledger.last(number) }
        say("# a change made then is \(last == nil ? "not " : "")with everybody")
        return healed
    }
}
