// One member of our cluster: the library code that nodes and masters run, and a watcher.

internal import Gossip
internal import JobList
internal import LockLease
internal import PeerNode
internal import Platform
internal import RaceWords
internal import Sealing
internal import Vocabulary

/// A real `GossipDriver` with a real `Replica` file and change feed, put together as in a node.
///
/// It prints a line for everything a race is about: `up PORT`, `at FIRST LAST` when its watcher was
/// handed those changes, `view ALIVE NAME...` with the names it holds for failed, `committed N`.
struct RaceAgent {
    private let name: String
    private let settings: GossipSettings
    private let replica: Replica
    private let feed: ChangeFeed
    private let folder: String
    private let storeURL: String?

    init(_ words: Words) throws {
        name = try words.neededText("name")
        folder = try words.neededText("folder")
        storeURL = words.text("store")
        let key = try SecretKey(base64: words.neededText("key"))
        try FileStore.makeFolder(folder)
        var settings = GossipSettings(
            name: NodeName(name),
            role: .node,
            keys: GossipKeys(key: key, clusterID: ClusterIdentity.text(of: key)),
            folder: folder
        )
        settings.bindAddress = try words.neededText("bind")
        settings.seeds = try words.neededText("seeds").split(separator: ",").map(String.init)
        settings.tags = ["zone": "a", "tzdata": ZoneInfoFiles.version]
        settings.release = rotaVersion
        self.settings = settings
        replica = try Replica(ReplicaSettings(path: "\(folder)/list.db"))
        feed = ChangeFeed(replica)
    }

    func run() async throws {
        let (news, queue) = AsyncStream.makeStream(of: GossipNews.self)
        let gossip = try GossipDriver(
            settings: settings,
            list: replica,
            log: DaemonLog(name: name, lowest: .error),
            onChange: { queue.yield($0) }
        )
        replica.observe { [weak gossip] in gossip?.listMoved(to: $0) }
        let orders = try AgentOrders(folder: folder, on: replica.loop)
        let editor = try await editor(gossip)
        await gossip.start()
        say("up \(gossip.boundPort)")
        await withDiscardingTaskGroup { group in
            group.addTask { await watch() }
            group.addTask {
                for await item in news { carry(item) }
            }
            if let watch = editor.storeWatch(isTailer: { isTailer(gossip) }) {
                group.addTask { await watch.run() }
            }
            for await order in orders.all { await editor.carryOut(order) }
        }
    }

    private func editor(_ gossip: GossipDriver) async throws -> AgentEditor {
        let log = DaemonLog(name: name, lowest: .error)
        guard let storeURL else {
            return AgentEditor(replica: replica, gossip: gossip, store: nil, log: log)
        }
        let store = try await SharedStore.open(storeURL, folder: folder, log: log)
        return AgentEditor(replica: replica, gossip: gossip, store: store, log: log)
    }

    private func isTailer(_ gossip: GossipDriver) -> Bool {
        TailerChoice.includes(
            settings.name,
            among: gossip.members.filter { $0.state == .alive }.map(\.name)
        )
    }

    private func carry(_ news: GossipNews) {
        guard case .members(let members) = news else { return }
        let alive = members.count { $0.state == .alive }
        let failed = members.filter { $0.state == .failed }.map(\.name.text)
        say((["view \(alive)"] + failed).joined(separator: " "))
    }

    /// Tells of every change that the feed hands over, a page in one line.
    private func watch() async {
        var cursor = feed.cursor(since: .zero)
        while true {
            do throws(FeedError) {
                try await watch(cursor)
            } catch {
                // A fresh copy is filled by a snapshot, which has no history.
                if case .compacted = error {} else { say("watch-ended \(error)") }
                cursor = feed.cursor(since: nil)
            }
        }
    }

    private func watch(_ cursor: FeedCursor) async throws(FeedError) {
        while true {
            let numbers = try await cursor.next(timeout: .seconds(30)).compactMap {
                item -> UInt64? in
                guard case .put(let record) = item else { return nil }
                return record.revision.sequence
            }
            guard let first = numbers.first, let last = numbers.last else { continue }
            if last >= first, last - first == UInt64(numbers.count - 1) {
                say("at \(first) \(last)")
            } else {
                for number in numbers { say("at \(number) \(number)") }
            }
        }
    }
}
