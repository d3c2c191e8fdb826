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
        let plan = MemberGround.Plan(
            name: settings.name,
            role: .master,
            folder: settings.dataFolder,
            storeURL: settings.storeURL,
            keyRing: settings.keyRing,
            gossip: settings.gossip,
            join: settings.join,
            advertise: settings.advertise,
            httpAddress: address
        )
        let ground = try await MemberGround.open(plan, log: log) { _ in }
        ground.replica.observe { moved($0) }
        let zones = ZoneCatalog(load: ZoneInfoFiles.bytes(named:))
        let schedules = JobSchedules(
            calendars: CalendarShelf(replica: ground.replica),
            zones: zones
        )
        return MasterParts(
            settings: settings,
            log: log,
            store: ground.store,
            replica: ground.replica,
            feed: ground.feed,
            tailer: ground.tailer,
            gossip: ground.gossip,
            client: HTTPClient(),
            editor: Editor(
                store: ground.store,
                replica: ground.replica,
                feed: ground.feed,
                gossip: ground.gossip,
                zones: zones
            ),
            keys: ground.keys,
            requests: RequestCounters(),
            schedules: schedules,
            upcoming: UpcomingJobs(feed: ground.feed, replica: ground.replica, schedules: schedules)
        )
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
