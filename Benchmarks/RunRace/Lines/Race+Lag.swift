// From the instant to the first line of a lone job's program, beside Debian's cron and Quartz.

internal import Platform
internal import Vocabulary

extension Race {
    /// A second's job for a minute; cron, which knows minutes only, for three.
    func raceLag() async throws {
        let cron = try await startCron()
        let ours = try await ownLag()
        let quartz = try await quartzLag()
        report("rota", ours)
        if let quartz { report("quartz", quartz) }
        let cronLag = try await cron?.lag(isShort ? 1 : 3)
        if let cronLag { report("cron", cronLag) }
        bench("start-lag-p99-goal", ours.at(0.99) * 1_000, 20, "ms")
        if let quartz {
            bench("start-lag-p50-quartz", ours.median * 1_000, quartz.median * 1_000, "ms")
            bench("start-lag-p99-quartz", ours.at(0.99) * 1_000, quartz.at(0.99) * 1_000, "ms")
        }
        if let cronLag {
            bench("start-lag-p50-cron", ours.median * 1_000, cronLag.median * 1_000, "ms")
        }
    }

    private func report(_ name: String, _ lag: Samples) {
        say(
            """
            # start lag of \(name), ms: median \(rounded(lag.median * 1_000)) \
            99% \(rounded(lag.at(0.99) * 1_000)) worst \(rounded(lag.worst * 1_000)) \
            of \(lag.count)
            """
        )
    }

    private var lagSeconds: Int { isShort ? 15 : 60 }

    private func ownLag() async throws -> Samples {
        var lags: [Double] = []
        try await with(nodes: 3) { cluster in
            let evidence = Evidence(path: "\(cluster.folder)/evidence")
            let spec = RaceJobs.spec("* * * * * *", stamping(evidence.path))
            try await cluster.add([("lone", RaceJobs.uid(), spec)])
            let begin = RaceJobs.second(in: .seconds(5))
            try await sleep(until: begin.advanced(by: .seconds(lagSeconds + 2)))
            lags = Self.lags(evidence.stamps, from: begin, seconds: lagSeconds)
        }
        return Samples(lags)
    }

    /// The lags of what was due from `begin` on; what is missing counts as a whole second.
    private static func lags(_ stamps: [Stamp], from begin: Instant, seconds: Int) -> [Double] {
        (0..<seconds).map { second in
            let due = begin.advanced(by: .seconds(second))
            return stamps.first { $0.instant == due }?.lag(after: due) ?? 1
        }
    }

    private func quartzLag() async throws -> Samples? {
        guard FileStore.exists("\(tools)/Lag.class") else { return nil }
        let evidence = Evidence(path: "\(folder)/quartz")
        _ = try Terminal.run("rm -f \"$1\"", arguments: [evidence.path])
        let loop = EventLoop(name: "quartz")
        defer { loop.stop() }
        let classes = "\(tools):/usr/share/java/quartz2.jar:/usr/share/java/slf4j-api.jar"
        let process = try await NodeProcess.start(
            [
                "/usr/bin/java", "-cp", classes, "Lag", "\(lagSeconds + 12)",
                stamping(evidence.path),
            ],
            on: loop
        )
        // Java has its first seconds for itself.
        let begin = RaceJobs.second(in: .seconds(8))
        try await process.wait(within: .seconds(lagSeconds + 60))
        let stamps = evidence.stamps
        let lags = (0..<lagSeconds).compactMap { second -> Double? in
            let due = begin.advanced(by: .seconds(second))
            return stamps.first { $0.instant == due }?.lag(after: due)
        }
        return lags.isEmpty ? nil : Samples(lags)
    }

    /// Debian's cron with a crontab of its own, in a mount namespace, where that is allowed.
    private func startCron() async throws -> CronRival? {
        guard FileStore.exists("/usr/sbin/cron") else { return nil }
        let evidence = Evidence(path: "\(folder)/cron")
        _ = try Terminal.run("rm -f \"$1\"", arguments: [evidence.path])
        let table = "\(folder)/crontab"
        let line = "* * * * * root \(stamping(evidence.path))\n"
        try FileStore.replace(table, with: Array(line.utf8))
        let script = """
            mount -t tmpfs none /var/spool/cron && mkdir -p /var/spool/cron/crontabs &&
            mount -t tmpfs none /etc/cron.d && cp "$1" /etc/cron.d/race &&
            : > /etc/cron.d/none && mount --bind /etc/cron.d/none /etc/crontab &&
            mount -t tmpfs none /run && rm /etc/cron.d/none && exec cron -f
            """
        let loop = EventLoop(name: "cron")
        let process = try await NodeProcess.start(
            [
                "/usr/bin/unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh",
                "-c", script, "sh", table,
            ],
            on: loop
        )
        return CronRival(process: process, loop: loop, evidence: evidence)
    }
}

/// A cron daemon at work.
private struct CronRival {
    let process: NodeProcess
    let loop: EventLoop
    let evidence: Evidence

    /// How long after the full minute it started its command, so many times; then it ends.
    func lag(_ count: Int) async throws -> Samples? {
        let limit = Duration.seconds(60 * count + 10)
        let stamps = try await evidence.wait(for: count, within: limit)
        await process.end()
        loop.stop()
        let lags = stamps.map { Double($0.nanoseconds % 60_000_000_000) / 1e9 }
        if lags.isEmpty { say("# cron started nothing: \(process.lastWords)") }
        return lags.isEmpty ? nil : Samples(lags)
    }
}
