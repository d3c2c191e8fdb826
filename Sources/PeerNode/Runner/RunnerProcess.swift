// The process that runs tasks: it outlives its node, and a restarted node finds it again.

internal import HTTPClient
internal import LogSink
package import Platform
internal import Vocabulary

/// One runner, from its start to its end.
///
/// It is a process of its own so that a node that crashes, is updated or is killed takes no task
/// with it: the runner goes on reading their output, holds their deadlines, and keeps what became
/// of them until a node has passed it on. It needs no node for ending them once their session can
/// be trusted no longer.
package enum RunnerProcess {
    /// Serves until it is told to stop, or nobody needs it any more; answers the exit code.
    ///
    /// Does nothing if another runner serves the same folder already.
    ///
    /// - Throws: ``SystemError`` or the log store's error, if its folder cannot be used.
    package static func run(_ settings: RunnerSettings, log: DaemonLog) async throws -> Int32 {
        try FileStore.makeFolder(settings.doorFolder, mode: 0o700)
        let lock = try FileLock(path: RunnerPlace.lock(in: settings.dataFolder))
        guard try lock.tryLock() else { return 0 }
        defer { lock.unlock() }
        try FileStore.rewrite(
            RunnerPlace.processFile(in: settings.dataFolder),
            with: Array("\(Machine.processID)\n".utf8)
        )
        let stopping = StopSignals()
        let loop = EventLoop(name: "rota-runner")
        defer { loop.stop() }
        let sink = try settings.logStore.sink()
        let host = try host(settings, log)
        defer { host.cgroups?.remove() }
        let door = RunnerDoor(loop: loop, settings: settings, sink: sink, log: log)
        try ChildReaper.adoptOrphans()
        let keeper = try RunKeeper(
            loop: loop,
            sink: sink,
            http: HTTPClient(),
            host: host,
            dataFolder: settings.dataFolder,
            reapsStrays: true,
            log: log,
            report: { [weak door] report in door?.assumeIsolated { $0.tell(report) } }
        )
        log.info("runner.started", ["pid": "\(Machine.processID)"])
        await keeper.adoptOrphans()
        try await door.open(keeper)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await door.ended() }
            group.addTask {
                for await _ in stopping.requests { break }
                if !Task.isCancelled { await keeper.stopAll(grace: .zero) }
            }
            await group.next()
            group.cancelAll()
        }
        await door.close()
        log.info("runner.stopped", ["unrecorded": "\(await keeper.reported.count)"])
        return 0
    }

    private static func host(_ settings: RunnerSettings, _ log: DaemonLog) throws -> TaskHost {
        var host = TaskHost()
        // Read once in vain rather than by the first run.
        _ = try settings.host.readRule()
        host.rules = .host(settings.host)
        if !settings.host.secretFolders.isEmpty {
            host.secrets = SecretResolver(folders: settings.host.secretFolders)
        }
        host.addresses = try AddressRule(settings.host.addresses)
        do throws(SystemError) {
            let cgroups = try CgroupRoot(named: "rota-\(settings.name)", of: settings.dataFolder)
            host.cgroups = cgroups
            try FileStore.rewrite(
                RunnerPlace.cgroupFile(in: settings.dataFolder),
                with: Array("\(cgroups.path)\n".utf8)
            )
        } catch {
            log.info("runner.no-cgroups", ["error": "\(error)"])
        }
        return host
    }
}
