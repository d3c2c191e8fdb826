// From a commit in the store to the watcher of the last member; and what a node itself takes.

internal import Platform
internal import RaceWords
internal import Sealing
internal import Vocabulary

/// The signals that stop and continue a process.
enum StopSignal {
    static let stop: Int32 = 19
    static let goOn: Int32 = 18
}

extension Race {
    /// 100 edits a second, told to gossip by who committed them, and then found by tailers alone.
    func raceCommit() async throws {
        let seconds = isLong ? 60 : 10
        var spread = Samples()
        var tailed = Samples()
        for _ in 0..<(isLong ? 3 : 1) {
            spread.add(try await commits(seconds, isSpread: true))
            tailed.add(try await commits(seconds, isSpread: false))
        }
        for (name, samples) in [("spread", spread), ("tailed", tailed)] {
            say(
                """
                # commit to the last watcher, \(name), ms: median \(tenths(samples.median)) \
                99% \(tenths(samples.at(0.99))) worst \(tenths(samples.worst)) \
                of \(samples.values.count)
                """
            )
        }
        bench("gossip-commit-to-watch-p50", spread.median, 20, "ms")
        bench("gossip-commit-to-watch-p99", spread.at(0.99), 100, "ms")
        bench("gossip-tail-to-watch-p50", tailed.median, 20, "ms")
        bench("gossip-tail-to-watch-p99", tailed.at(0.99), 100, "ms")
    }

    private func commits(_ seconds: Int, isSpread: Bool) async throws -> Samples {
        try await with(ours(hasStore: true)) { cluster in
            try await cluster.settle(patience: .seconds(30))
            try await Task.sleep(for: .seconds(2))
            // A list that is there already: a fresh copy would first be filled by a snapshot.
            try cluster.commit(1, bytes: Self.bytes, perSecond: 1, isSpread: true, at: 5)
            try await Task.sleep(for: .seconds(4))
            let early = Set(cluster.ledger.committedNumbers)
            let before = await cluster.processorTime()
            try cluster.commit(
                100 * seconds,
                bytes: Self.bytes,
                perSecond: 100,
                isSpread: isSpread,
                at: 5
            )
            try await Task.sleep(for: .seconds(seconds))
            let used = await cluster.processorTime() - before
            let done = await until(within: .seconds(20)) { () -> Bool? in
                let numbers = cluster.ledger.committedNumbers.filter { !early.contains($0) }
                guard numbers.count == 100 * seconds else { return nil }
                return numbers.allSatisfy { cluster.ledger.last($0) != nil } ? true : nil
            }
            if done == nil { say("# not everything that was committed came to everybody") }
            say("# processor time of all members in \(seconds) s: \(tenths(used.inSeconds)) s")
            var samples = Samples()
            for number in cluster.ledger.committedNumbers where !early.contains(number) {
                guard let commit = cluster.ledger.commit(number),
                    let last = cluster.ledger.last(number)
                else { continue }
                samples.add(commit.duration(to: last))
            }
            return samples
        }
    }

    /// What one idle `rota-node` is resident with, beside the programs of this race.
    func measureNode() async throws {
        let program = Terminal.environment["ROTA_RACE_NODE"] ?? ""
        guard FileStore.exists(program) else {
            return say("# rota-node's memory is left out: ROTA_RACE_NODE names no program")
        }
        let folder = "\(folder)/node"
        _ = try Terminal.run("rm -rf \"$1\"; mkdir -p \"$1\"", arguments: [folder])
        let key = "\(folder)/key"
        try FileStore.replace(key, with: Array((SecretKey.random().base64 + "\n").utf8))
        let process = try await RaceProcess.start(
            [
                program, "--name", "n0", "--data", "\(folder)/data", "--store",
                "sqlite://\(folder)/store.db", "--cluster-key-file", key,
            ],
            on: loop,
            read: { _ in }
        )
        try await Task.sleep(for: .seconds(8))
        let (resident, proportional) = process.memory
        let threads = process.threads
        await process.end()
        say(
            """
            # rota-node idle: \(tenths(Double(resident) / 1e6)) MB resident, \
            \(tenths(Double(proportional) / 1e6)) MB proportional, \(threads) threads
            """
        )
        guard resident > 0 else { throw RaceFailure("rota-node did not stay") }
        bench("node-idle-memory", Double(resident) / 1e6, 12, "MB")
    }
}
