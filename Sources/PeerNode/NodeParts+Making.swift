// Building a node from its settings: folders, files, threads, sockets, in that order.

internal import CronEval
internal import Gossip
internal import HTTPClient
internal import JobList
internal import LockLease
internal import LogSink
internal import Platform
internal import Scheduler
internal import Sealing
internal import Vocabulary

extension NodeParts {
    /// Opens everything a node needs; nothing runs yet.
    ///
    /// `address`: Where this node serves HTTP, for the others to know.
    static func make(
        _ settings: NodeSettings,
        address: String,
        log: DaemonLog
    ) async throws -> NodeParts {
        let loop = EventLoop(name: "rota-node")
        let board = Switchboard()
        let ground = try await MemberGround.open(plan(settings, address: address), log: log) {
            board.tell(.gossip($0))
        }
        let (store, gossip) = (ground.store, ground.gossip)
        ground.replica.observe { [weak gossip] in gossip?.listMoved(to: $0) }
        let logs = try openLogs(settings)
        let (copies, copier) = openCopies(settings, logs, ground, log)
        let runner = runnerLink(settings, address: address, loop: loop, board: board, log: log)
        let completions = Completions(
            loop: loop,
            store: store,
            log: log,
            recorded: { run in runner.assumeIsolated { $0.recorded(run) } }
        )
        let sessions = sessionKeeper(
            settings,
            address: address,
            loop: loop,
            store: store,
            board: board,
            log: log
        )
        return NodeParts(
            settings: settings,
            log: log,
            loop: loop,
            store: store,
            replica: ground.replica,
            feed: ground.feed,
            tailer: ground.tailer,
            logs: logs,
            copies: copies,
            copier: copier,
            runner: runner,
            completions: completions,
            dispatcher: dispatcher(
                settings,
                runner,
                loop: loop,
                store: store,
                replica: ground.replica,
                copier: copier,
                board: board,
                log: log
            ),
            gossip: gossip,
            keys: ground.keys,
            sessions: sessions,
            counters: RunCounters(),
            switchboard: board
        )
    }

    private static func runnerLink(
        _ settings: NodeSettings,
        address: String,
        loop: EventLoop,
        board: Switchboard,
        log: DaemonLog
    ) -> RunnerLink {
        var runner = RunnerSettings(name: settings.name, dataFolder: settings.dataFolder)
        runner.host = settings.host
        let arguments = RunnerCommand.arguments(runner, log: log)
        return RunnerLink(
            loop: loop,
            dataFolder: settings.dataFolder,
            address: address,
            log: log,
            launch: { ended throws(SystemError) in
                try DetachedProcess(arguments: arguments, on: loop, ended: ended)
            },
            tell: { board.tell(.runner($0)) }
        )
    }

    private static func sessionKeeper(
        _ settings: NodeSettings,
        address: String,
        loop: EventLoop,
        store: any LeaseStore,
        board: Switchboard,
        log: DaemonLog
    ) -> SessionKeeper {
        SessionKeeper(
            loop: loop,
            store: store,
            identity: NodeIdentity(
                name: settings.name,
                bootID: BootIdentity.current,
                processID: Machine.processID,
                address: address
            ),
            settings: settings.session,
            log: log,
            tell: { board.tell(.session($0)) }
        )
    }

    /// Opens the logs for reading; the runner writes them, and is told here where.
    private static func openLogs(_ settings: NodeSettings) throws -> any LogReader {
        let folder = RunnerPlace.folder(in: settings.dataFolder)
        try FileStore.makeFolder(folder, mode: 0o700)
        try FileStore.rewrite(
            RunnerPlace.logStoreFile(in: settings.dataFolder),
            with: Array((settings.logStore?.text ?? "").utf8),
            mode: 0o600
        )
        return try (settings.logStore ?? .local(in: settings.dataFolder)).reader()
    }

    /// Where copies of others' logs go, and what hands copies of ours to a neighbour; neither where
    /// all nodes keep their logs in one place.
    private static func openCopies(
        _ settings: NodeSettings,
        _ logs: any LogReader,
        _ ground: MemberGround,
        _ log: DaemonLog
    ) -> (CopyShelf?, LogCopier?) {
        if case .postgres = settings.logStore { return (nil, nil) }
        let (gossip, keys, me) = (ground.gossip, ground.keys, settings.name)
        let copier = LogCopier(
            logs: logs,
            token: { keys.keys.memberToken },
            neighbour: {
                let nodes = gossip.members.aliveNodes.filter { !$0.httpAddress.isEmpty }
                let chosen = CopyChoice.ranked(nodes.map(\.name), for: me).first
                return nodes.first { $0.name == chosen }
                    .map { LogCopier.Neighbour(name: $0.name, address: $0.httpAddress) }
            },
            log: log
        )
        do throws(LogError) {
            return (try CopyShelf(dataFolder: settings.dataFolder), copier)
        } catch {
            // A node can do without: it only keeps no copies for others.
            log.error("copies.not-opened", ["error": "\(error)"])
            return (nil, copier)
        }
    }

    private static func plan(_ settings: NodeSettings, address: String) -> MemberGround.Plan {
        var tags = settings.tags
        // Where the databases of two nodes differ, so may the instants of their jobs.
        tags[ZoneDataWatch.tag] = ZoneInfoFiles.version
        return MemberGround.Plan(
            name: settings.name,
            role: .node,
            folder: settings.dataFolder,
            storeURL: settings.storeURL,
            keyRing: settings.keyRing,
            gossip: settings.gossip,
            join: settings.join,
            advertise: settings.advertise,
            httpAddress: address,
            tags: tags
        )
    }

    private static func dispatcher(
        _ settings: NodeSettings,
        _ runner: RunnerLink,
        loop: EventLoop,
        store: any LeaseStore,
        replica: Replica,
        copier: LogCopier?,
        board: Switchboard,
        log: DaemonLog
    ) -> Dispatcher {
        Dispatcher(
            loop: loop,
            me: settings.name,
            machine: SchedulerMachine(
                me: settings.name,
                settings: settings.scheduling,
                zones: ZoneCatalog(
                    release: ZoneInfoFiles.version,
                    load: ZoneInfoFiles.bytes(named:)
                ),
                seed: SecureRandom.seed()
            ),
            slots: settings.slots,
            world: Dispatcher.World(
                store: store,
                definitions: { await definitions(of: $0, in: replica, log) },
                // Both live on this loop: a start waits for nothing else.
                start: { order in
                    runner.assumeIsolated { $0.start(order) }
                    copier?.track(order)
                },
                settle: { board.tell(.settle($0)) },
                pass: { board.tell(.pass($0)) },
                place: { board.tell(.place($0)) },
                refresh: { board.tell(.refresh($0)) },
                finish: { board.tell(.finish($0)) }
            ),
            log: log
        )
    }

    /// What can be read of these jobs; the rest is said so.
    private static func definitions(
        of uids: [UID],
        in replica: Replica,
        _ log: DaemonLog
    ) async -> [UID: JobDefinition] {
        do throws(ReplicaError) {
            let found = try await replica.definitions(of: uids)
            return found.compactMapValues { result -> JobDefinition? in
                switch result {
                case .success(let definition): return definition
                case .failure(let error):
                    log.error("job.unreadable", ["error": "\(error)"])
                    return nil
                }
            }
        } catch {
            log.warning("list.unreadable", ["jobs": "\(uids.count)", "error": "\(error)"])
            return [:]
        }
    }
}
