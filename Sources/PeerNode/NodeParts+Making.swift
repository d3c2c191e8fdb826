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
        let folder = settings.dataFolder
        try FileStore.makeFolder(folder)
        let loop = EventLoop(name: "rota-node")
        let board = Switchboard()
        let store = try await SharedStore.open(settings.storeURL, folder: folder, log: log)
        let replica = try Replica(ReplicaSettings(path: "\(folder)/list.db"))
        let feed = ChangeFeed(replica)
        let tailer = StoreTailer(store: store, list: replica)
        let sink = try SQLiteLogSink(path: "\(folder)/logs.db")
        let completions = Completions(loop: loop, store: store, log: log)
        let runs = try RunKeeper(
            loop: loop,
            sink: sink,
            http: HTTPClient(),
            dataFolder: folder,
            log: log,
            report: { board.tell(.report($0)) }
        )
        let keys = GossipKeys(try KeyFiles.ring(given: settings.keyRing, folder: folder))
        let gossip = try GossipDriver(
            settings: gossipSettings(settings, keys, address: address),
            list: replica,
            store: tailer,
            log: log,
            onChange: { board.tell(.gossip($0)) }
        )
        replica.observe { [weak gossip] in gossip?.listMoved(to: $0) }
        let sessions = SessionKeeper(
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
        return NodeParts(
            settings: settings,
            log: log,
            loop: loop,
            store: store,
            replica: replica,
            feed: feed,
            tailer: tailer,
            sink: sink,
            runs: runs,
            completions: completions,
            dispatcher: dispatcher(
                settings,
                runs,
                loop: loop,
                store: store,
                replica: replica,
                board: board,
                log: log
            ),
            gossip: gossip,
            keys: KeyKeeper(
                place: KeyKeeper.Place(
                    name: settings.name,
                    folder: folder,
                    identity: try KeyFiles.identity(in: folder)
                ),
                store: store,
                replica: replica,
                feed: feed,
                keys: keys,
                gossip: gossip,
                log: log
            ),
            sessions: sessions,
            counters: RunCounters(),
            switchboard: board
        )
    }

    private static func gossipSettings(
        _ settings: NodeSettings,
        _ keys: GossipKeys,
        address: String
    ) -> GossipSettings {
        var gossip = GossipSettings(
            name: settings.name,
            role: .node,
            keys: keys,
            folder: settings.dataFolder
        )
        gossip.bindAddress = settings.gossip
        gossip.httpAddress = address
        gossip.seeds = settings.join
        gossip.advertise = settings.advertise
        gossip.tags = settings.tags
        // Where the databases of two nodes differ, so may the instants of their jobs.
        gossip.tags[ZoneDataWatch.tag] = ZoneInfoFiles.version
        gossip.zoneData = ZoneInfoFiles.version
        gossip.release = rotaVersion
        return gossip
    }

    private static func dispatcher(
        _ settings: NodeSettings,
        _ runs: RunKeeper,
        loop: EventLoop,
        store: any LeaseStore,
        replica: Replica,
        board: Switchboard,
        log: DaemonLog
    ) -> Dispatcher {
        Dispatcher(
            loop: loop,
            me: settings.name,
            machine: SchedulerMachine(
                me: settings.name,
                settings: SchedulerSettings(),
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
                    loop.call { runs.assumeIsolated { $0.start(order) } }
                },
                settle: { board.tell(.settle($0)) },
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
