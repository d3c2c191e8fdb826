// A running node: starts its parts, carries news between them, and ends them in good order.

internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import LogSink
package import Platform
internal import Scheduler
internal import Vocabulary

/// One `rota-node`, from its first thread to its last.
package struct Node: Sendable {
    let parts: NodeParts
    let server: HTTPServer
    let gate: RouterGate

    /// Opens files and sockets; nothing is claimed before ``run(until:)``.
    ///
    /// - Throws: The first thing that could not be opened, as a sentence.
    package static func make(_ settings: NodeSettings, log: DaemonLog) async throws -> Node {
        // The port must be known before others are told of it; requests wait for the router.
        let gate = RouterGate()
        let server = try HTTPServer(settings: HTTPServerSettings(listen: settings.listen)) {
            await gate.answer($0)
        }
        let address = MemberAddress.http(
            listen: settings.listen,
            port: server.port,
            advertise: settings.advertise
        )
        let parts = try await NodeParts.make(settings, address: address, log: log)
        let authorizer = Authorizer(replica: parts.replica, keys: parts.keys.keys)
        gate.open(
            NodeAPI(node: parts).router { request async throws(Problem) in
                try await authorizer.principal(of: request)
            }
        )
        return Node(parts: parts, server: server, gate: gate)
    }

    /// Where this node serves HTTP.
    package var port: Int { server.port }
    package var gossipPort: Int { parts.gossip.boundPort }

    /// Takes part in the cluster until `stopping` yields, then ends in good order.
    ///
    /// The ladder: claim nothing more, let runs finish for `grace`, end the rest, record every
    /// outcome, close the session, leave gossip.
    package func run(until stopping: AsyncStream<Void>, grace: Duration) async {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in stopping { break }
                await parts.runner.stopWaiting()
                return true
            }
            if await parts.runner.open() {
                await parts.keys.look()
                await parts.gossip.start()
                for job in work {
                    group.addTask {
                        await job()
                        return false
                    }
                }
                for await isToldToStop in group where isToldToStop { break }
                await end(grace: grace)
            } else {
                // Nothing was begun; a runner that is still on its way leaves by itself.
                await parts.runner.close()
            }
            group.cancelAll()
        }
        server.stop()
        parts.log.info("node.stopped")
    }

    private var work: [@Sendable () async -> Void] {
        let parts = parts
        return [
            { await parts.completions.run() },
            { await parts.dispatcher.run() },
            { await parts.keepSession() },
            { await parts.carryNews() },
            { await parts.follower.run() },
            { await parts.watch.run() },
            { await parts.keys.run() },
            { await parts.keepStanding() },
            { await parts.prune() },
            { await parts.copier?.run() },
            { await parts.examineStore() },
        ]
    }

    private func end(grace: Duration) async {
        parts.log.info("node.stopping")
        await parts.dispatcher.drain(true)
        await parts.tellStanding()
        await parts.runner.stop(grace: grace)
        await parts.dispatcher.allEnded(within: .seconds(5))
        await parts.completions.finish()
        let deadline = SystemClock.monotonic.advanced(by: .seconds(5))
        while await parts.completions.count > 0, SystemClock.monotonic < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await parts.sessions.close()
        await parts.runner.close()
        await parts.gossip.leave()
        parts.switchboard.close()
    }
}

extension NodeParts {
    var follower: ListFollower {
        ListFollower(
            replica: replica,
            feed: feed,
            holder: dispatcher,
            me: settings.name,
            log: log
        )
    }

    var watch: StoreWatch {
        let parts = self
        return StoreWatch(
            store: store,
            tailer: tailer,
            replica: replica,
            isTailer: {
                TailerChoice.includes(
                    parts.settings.name,
                    among: parts.gossip.members.filter { $0.state == .alive }.map(\.name)
                )
            },
            log: log
        ) { news in
            switch news {
            case .triggers(let triggers): await parts.dispatcher.triggers(triggers)
            case .kills: await parts.sessions.hurry()
            case .stale(let isStale): await parts.noteStale(isStale)
            }
        }
    }

    /// Hands every piece of news to those it concerns, one at a time and in order.
    ///
    /// A slow store must not hold up what has nothing to do with it: without news of the session's
    /// trust the runner ends every run. So what has to be asked of the store is an errand.
    func carryNews() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await triggerErrand.run { await fetchTriggers() } }
            group.addTask { await noteErrand.run { await noteSession($0) } }
            defer {
                triggerErrand.end()
                noteErrand.end()
            }
            for await item in switchboard.news {
                if case .refresh = item {
                    group.addTask { _ = await tailer.catchUp() }
                } else {
                    await carry(item)
                }
            }
        }
    }

    private func carry(_ news: Switchboard.News) async {
        switch news {
        case .gossip(let news): await carry(news)
        case .session(let news): await carry(news)
        case .runner(.known(let orders)):
            for order in orders { copier?.track(order) }
            await dispatcher.adopt(orders)
        case .runner(.report(let report)):
            counters.note(report.state)
            copier?.ended(report.run)
            await dispatcher.ended(report)
        case .settle(let notes):
            await gossip.send(
                .settled(notes.map { SettledShard(shard: $0.shard, through: $0.through) }),
                to: nil
            )
        case .pass(let notes):
            await gossip.send(
                .passed(notes.map { SettledShard(shard: $0.shard, through: $0.through) }),
                to: nil
            )
        case .place(let placements): await gossip.send(.ran(placements), to: nil)
        case .refresh: break
        case .finish(let item): await completions.add(item)
        }
    }

    private func carry(_ news: GossipNews) async {
        switch news {
        case .members(let members): await enter(members)
        case .signal(.kill(let order), from: _):
            await runner.kill(order)
        case .signal(.settled(let shards), from: _):
            await dispatcher.settled(
                shards.map { SettledNote(shard: $0.shard, through: $0.through) }
            )
        case .signal(.passed(let shards), from: let name):
            await dispatcher.passed(
                shards.map { SettledNote(shard: $0.shard, through: $0.through) },
                by: name
            )
        case .signal(.ran(let placements), from: _): await dispatcher.ran(placements)
        case .signal(.triggers, from: _): triggerErrand.wish(())
        }
    }

    private func fetchTriggers() async {
        do throws(StoreError) {
            let triggers = try await store.dueTriggers(limit: StoreWatch.triggerLimit)
            await dispatcher.triggers(triggers)
        } catch {
            log.debug("triggers.unavailable", ["error": "\(error)"])
        }
    }

    private func carry(_ news: SessionKeeper.News) async {
        switch news {
        case .trusted(let session, let until):
            await runner.rely(on: trust(in: session, until: until))
            await dispatcher.trusted(session, until: until)
            if let session { noteErrand.wish(session) }
        case .renewal(let renewal):
            for order in renewal.kills { await runner.kill(order) }
        case .tookOver(let lost):
            for run in lost {
                log.warning(
                    "run.lost",
                    ["run": run.id.text, "job": run.name.name, "node": run.node.text]
                )
            }
        case .nameInUse(let error):
            log.error("node.name-in-use", ["error": "\(error)"])
        }
    }

    private func trust(in session: SessionID?, until: MonotonicInstant?) -> SessionTrust? {
        guard let session, let until else { return nil }
        return SessionTrust(session: session, until: until, term: settings.session.term)
    }

    /// Tells what the store's own health asks people to do.
    func examineStore() async {
        while !Task.isCancelled {
            do {
                for warning in try await store.examine() {
                    log.warning("store.health", ["warning": warning])
                }
            } catch {
                log.warning("store.examine-failed", ["error": "\(error)"])
            }
            try? await Task.sleep(for: .seconds(60))
        }
    }

    /// Applies retention to logs here and to the store's records, once in a while.
    func prune() async {
        let retention = settings.retention
        while !Task.isCancelled {
            try? await Task.sleep(for: retention.interval)
            guard !Task.isCancelled else { return }
            let policy = LogRetention(
                age: retention.age,
                runsPerJob: retention.runsPerJob,
                totalBytes: retention.totalBytes,
                now: SystemClock.wall
            )
            do {
                await runner.prune(policy)
                _ = try await copies?.prune(at: policy.now)
                // One node at a time is enough for the store: the first of the tailers.
                let alive = gossip.members.filter { $0.state == .alive }.map(\.name)
                let rows =
                    TailerChoice.includes(settings.name, among: alive)
                    ? try await store.prune(StoreRetention()) : 0
                if rows > 0 { log.info("pruned", ["rows": "\(rows)"]) }
            } catch {
                log.warning("prune.failed", ["error": "\(error)"])
            }
        }
    }
}
