// A running master: edits the list and issues kills, and holds nothing a node needs.

internal import CronEval
internal import Gossip
internal import HTTPClient
internal import HTTPService
internal import JobList
internal import LockLease
package import Platform
internal import Sealing
internal import Vocabulary

/// One `rota-master`.
package struct Master: Sendable {
    /// How long the store may be asked to wait for something new.
    private static let patience = Duration.seconds(1)

    private let parts: MasterParts
    private let server: HTTPServer
    /// Where the list stands, for gossip to tell.
    private let positions: AsyncStream<Position>

    /// Opens files and sockets.
    ///
    /// - Throws: The first thing that could not be opened, as a sentence.
    package static func make(_ settings: MasterSettings, log: DaemonLog) async throws -> Master {
        let gate = RouterGate()
        let server = try HTTPServer(settings: HTTPServerSettings(listen: settings.listen)) {
            await gate.answer($0)
        }
        let address = MemberAddress.http(
            listen: settings.listen,
            port: server.port,
            advertise: settings.advertise
        )
        let (positions, queue) = AsyncStream.makeStream(
            of: Position.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        let parts = try await make(settings, address: address, log: log) { queue.yield($0) }
        let authorizer = Authorizer(replica: parts.replica, keys: parts.keys.keys)
        let router = MasterAPI.router(parts) { request async throws(Problem) in
            try await authorizer.principal(of: request)
        }
        // Tokens are in the list: without it nobody could sign in.
        _ = await parts.tailer.catchUp()
        gate.open(router)
        return Master(parts: parts, server: server, positions: positions)
    }

    private static func make(
        _ settings: MasterSettings,
        address: String,
        log: DaemonLog,
        moved: @escaping @Sendable (Position) -> Void
    ) async throws -> MasterParts {
        let folder = settings.dataFolder
        try FileStore.makeFolder(folder)
        let store = try await SharedStore.open(settings.storeURL, folder: folder, log: log)
        let replica = try Replica(ReplicaSettings(path: "\(folder)/list.db"))
        let feed = ChangeFeed(replica)
        let tailer = StoreTailer(store: store, list: replica)
        let keys = GossipKeys(try KeyFiles.ring(given: settings.keyRing, folder: folder))
        let gossip = try GossipDriver(
            settings: gossipSettings(settings, keys, address: address),
            list: replica,
            store: tailer,
            log: log,
            onChange: { _ in }
        )
        replica.observe { moved($0) }
        let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
        let schedules = JobSchedules(calendars: CalendarShelf(replica: replica), zones: zones)
        return MasterParts(
            settings: settings,
            log: log,
            store: store,
            replica: replica,
            feed: feed,
            tailer: tailer,
            gossip: gossip,
            client: HTTPClient(),
            editor: Editor(
                store: store,
                replica: replica,
                feed: feed,
                gossip: gossip,
                zones: zones
            ),
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
            requests: RequestCounters(),
            schedules: schedules,
            upcoming: UpcomingJobs(feed: feed, replica: replica, schedules: schedules)
        )
    }

    private static func gossipSettings(
        _ settings: MasterSettings,
        _ keys: GossipKeys,
        address: String
    ) -> GossipSettings {
        var gossip = GossipSettings(
            name: settings.name,
            role: .master,
            keys: keys,
            folder: settings.dataFolder
        )
        gossip.bindAddress = settings.gossip
        gossip.httpAddress = address
        gossip.seeds = settings.join
        gossip.advertise = settings.advertise
        gossip.zoneData = ZoneInfoFiles.version
        gossip.release = rotaVersion
        return gossip
    }

    /// Where the API is served.
    package var port: Int { server.port }
    package var gossipPort: Int { parts.gossip.boundPort }

    /// Serves until `stopping` yields.
    package func run(until stopping: AsyncStream<Void>) async {
        await parts.keys.look()
        await parts.gossip.start()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await follow() }
            group.addTask { await parts.keys.run() }
            group.addTask {
                for await position in positions {
                    parts.gossip.listMoved(to: position)
                }
            }
            for await _ in stopping { break }
            group.cancelAll()
        }
        parts.log.info("master.stopping")
        await parts.gossip.leave()
        server.stop()
    }

    /// Fetches what other masters have committed and gossip has not brought.
    private func follow() async {
        var last: StorePulse?
        while !Task.isCancelled {
            do {
                let pulse =
                    if let last {
                        try await parts.store.pulse(after: last, within: Self.patience)
                    } else { try await parts.store.pulse() }
                last = pulse
                if await parts.replica.position() != pulse.head {
                    _ = await parts.tailer.catchUp()
                }
            } catch {
                try? await Task.sleep(for: Self.patience)
            }
        }
    }
}
