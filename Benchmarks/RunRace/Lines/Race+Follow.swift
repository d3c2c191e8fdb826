// Somebody who looks on: how old a line is when it is seen, and how soon a long log begins.

internal import LockLease
internal import Platform
internal import Vocabulary

extension Race {
    private static let ageLimit = 100.0

    /// How old lines are when a follower prints them, beside `tail -f` on a file.
    func raceFollow() async throws {
        let ticker = "\(tools)/ticker \(isShort ? 100 : 400) 50"
        let file = "\(folder)/ticks"
        let tail = try await ages(
            ofLinesFrom: Reader(
                words: [
                    "/bin/sh", "-c",
                    "> \(file); tail -n +1 -f \(file) & \(ticker) >> \(file); sleep 1; kill $!",
                ]
            )
        )
        try await with(nodes: 1, slots: 4) { cluster in
            let job = try await cluster.add("ticker", RaceJobs.spec(RaceJobs.soon(), ticker))
            let run = try await cluster.run(of: job, within: .seconds(30))
            let ours = try await ages(ofLinesFrom: reader(of: run, in: cluster, "-f"))
            say(
                "# \(ours.count) lines, the oldest \(rounded(ours.worst)) ms; tail -f: half "
                    + "\(rounded(tail.median)) ms, the oldest \(rounded(tail.worst)) ms"
            )
            bench("log-follow-p50", ours.median, Self.ageLimit, "ms")
            bench("log-follow-p99", ours.at(0.99), Self.ageLimit, "ms")
        }
    }

    /// Until the first line of a million is printed, beside the same of a log with one line; and
    /// how fast the rest follows.
    func raceFirstLine() async throws {
        let bytes = 80_000_000
        try await with(nodes: 1, slots: 4) { cluster in
            var first: [Double] = []
            var all = 0.0
            for (name, command) in [
                ("short", "\(tools)/ticker 1 0"), ("long", "\(tools)/printer \(bytes)"),
            ] {
                var spec = RaceJobs.spec(RaceJobs.soon(), command)
                spec.keep.logBytes = 2 * bytes
                let job = try await cluster.add(name, spec)
                let record = try await cluster.end(of: job, within: .seconds(120))
                var times: [Double] = []
                for _ in 0..<5 {
                    let begin = SystemClock.monotonic
                    let reading = try await reader(of: record.id, in: cluster).read()
                    let seen = reading.chunks.first.map { begin.duration(to: $0.at).inSeconds }
                    times.append((seen ?? .nan) * 1_000)
                    all = begin.duration(to: SystemClock.monotonic).inSeconds
                    guard name == "short" || reading.byteCount == bytes else {
                        let seen = reading.byteCount
                        throw RaceFailure("\(seen) bytes of \(bytes): \(reading.complaint)")
                    }
                }
                first.append(Samples(times).median)
            }
            say("# a million lines: \(rounded(all)) s, \(rounded(Double(bytes) / 1e6 / all)) MB/s")
            bench("log-first-line", first[1], first[0], "ms")
        }
    }

    private func reader(of run: RunID, in cluster: NodeCluster, _ more: String...) -> Reader {
        Reader(
            words: [rota, "run", "logs", run.text] + more,
            environment: ["ROTA_URL": cluster.url(of: 0), "ROTA_TOKEN": cluster.tokenText]
        )
    }

    /// Ages in milliseconds of lines that say when they were printed; what was printed before the
    /// reader's first words had no chance.
    private func ages(ofLinesFrom reader: Reader) async throws -> Samples {
        let reading = try await reader.read()
        let begin = reading.chunks.first?.at
        var ages: [Double] = []
        var rest: [UInt8] = []
        for chunk in reading.chunks {
            var lines = (rest + chunk.bytes).split(
                separator: 0x0A,
                omittingEmptySubsequences: false
            )
            rest = lines.popLast().map(Array.init) ?? []
            guard chunk.at != begin else { continue }
            for line in lines {
                guard let printed = Double(String(decoding: line, as: UTF8.self)) else { continue }
                ages.append(Double(chunk.wall) - printed / 1e6)
            }
        }
        guard ages.count > 50 else {
            throw RaceFailure("only \(ages.count) lines were seen: \(reading.complaint)")
        }
        return Samples(ages)
    }
}
