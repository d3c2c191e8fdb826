// A member of a race: a copy of the list, gossip on loopback, and a feed.

internal import Gossip
internal import HTTPService
internal import JobList
internal import LockLease
internal import Platform
internal import RaceWords
internal import Sealing
internal import Vocabulary

/// One process with a copy of the list.
///
/// It prints where it can be reached, `gossip http`; when the copy gets to `--goal` it prints how
/// many milliseconds after boot that was, and how much memory it ever had, in MB. It ends when it
/// is told to.
struct RaceMember {
    static let clusterID = "race"

    private let name: String
    private let path: String
    private let seeds: [String]
    private let goal: Revision?
    private let key: SecretKey

    init(_ words: Words) throws {
        name = try words.neededText("name")
        path = try words.neededText("path")
        seeds = words.text("seed").map { [$0] } ?? []
        goal = words.text("goal").flatMap { Revision($0) }
        key = try RaceMember.key(words)
    }

    static func key(_ words: Words) throws -> SecretKey {
        try SecretKey(base64: try words.neededText("key"))
    }

    func run() async throws {
        let signals = StopSignals()
        let replica = try Replica(ReplicaSettings(path: path))
        let gossip = try Self.gossip(name, path: path, seeds: seeds, key: key, list: replica)
        let (moves, queue) = AsyncStream.makeStream(of: Position.self)
        replica.observe { queue.yield($0) }
        let feed = ChangeFeed(replica)
        let server = try HTTPServer(settings: HTTPServerSettings()) { request in
            await Self.answer(request, feed)
        }
        await gossip.start()
        say("\(gossip.boundPort) \(server.port)")
        if let goal {
            for await position in moves {
                await gossip.listAdvanced(to: position)
                if position.revision >= goal { break }
            }
            say("\(SystemClock.monotonic.sinceBoot.milliseconds) \(try Self.peakMegabytes())")
        }
        for await _ in signals.requests { break }
        await gossip.stop()
        server.stop()
    }

    static func gossip(
        _ name: String,
        path: String,
        seeds: [String],
        key: SecretKey,
        list: any ReplicatedList,
        store: StoreTailer? = nil
    ) throws -> GossipDriver {
        var settings = GossipSettings(
            name: NodeName(name),
            role: .node,
            clusterID: clusterID,
            bootEpochFile: path + ".boot",
            membersFile: path + ".members"
        )
        settings.bindAddress = "127.0.0.1:0"
        settings.key = key
        settings.seeds = seeds
        return try GossipDriver(
            settings: settings,
            list: list,
            store: store,
            log: DaemonLog(name: name, lowest: .warning),
            onChange: { _ in }
        )
    }

    private static func answer(_ request: HTTPRequest, _ feed: ChangeFeed) async -> HTTPResponse {
        let since = request.parameter("since").flatMap { Revision($0) }
        let mode = request.parameter("mode").flatMap(FeedMode.init(rawValue:)) ?? .every
        do throws(FeedError) {
            return try await FeedBody.open(feed, since: since, mode: mode, form: .lines).response
        } catch {
            return HTTPResponse(status: 410, headers: [], body: .bytes(Array("\(error)".utf8)))
        }
    }

    static func peakMegabytes() throws -> Int {
        let text = String(decoding: try FileStore.read("/proc/self/status"), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").compactMap { Int($0) }.first ?? 0) / 1_024
    }
}
