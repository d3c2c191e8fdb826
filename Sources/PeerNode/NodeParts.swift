// The parts of a running node, and how they hear of one another.

internal import CronEval
internal import Gossip
internal import HTTPClient
internal import JobList
internal import LockLease
internal import LogSink
internal import Platform
internal import Scheduler
internal import Sealing
internal import Synchronization
internal import Vocabulary

/// Everything a node consists of.
struct NodeParts: Sendable {
    let settings: NodeSettings
    let log: DaemonLog
    let loop: EventLoop
    let store: any LeaseStore
    let replica: Replica
    let feed: ChangeFeed
    let tailer: StoreTailer
    let logs: any LogReader
    /// Copies of other nodes' logs; `nil` where all nodes keep their logs in one place.
    let copies: CopyShelf?
    let copier: LogCopier?
    let runner: RunnerLink
    let completions: Completions
    let dispatcher: Dispatcher
    let gossip: GossipDriver
    let keys: KeyKeeper
    let sessions: SessionKeeper
    let counters: RunCounters
    let switchboard: Switchboard
    let standing = RaceStanding()
    let noted = NotedSession()
    let triggerErrand = Errand<Void>()
    let noteErrand = Errand<SessionID>()
    /// For what people ask of this node and others know; it costs nothing before it is used.
    private let client = HTTPClient()

    /// Logs of other nodes, as far as they are here.
    var shared: any LogReader { copies?.reader ?? logs }

    /// Where any run's log is read, this node's or another's: with all masters down, too.
    var origin: LogOrigin {
        LogOrigin(
            store: store,
            members: { [gossip] in gossip.members },
            client: client,
            memberToken: { [keys] in keys.keys.memberToken }
        )
    }

    /// One condition for taking part in the race.
    struct Check: Sendable {
        let name: String
        let isGood: Bool
    }

    func checks() async -> [Check] {
        let trusted = await dispatcher.isTrusted
        return [
            Check(name: "session", isGood: trusted),
            Check(name: "clock", isGood: !standing.doubts.isClockOff),
            Check(name: "list-fresh", isGood: !standing.doubts.isStale),
            Check(name: "list", isGood: await replica.position().revision > .zero),
            Check(name: "tzdata", isGood: ZoneInfoFiles.bytes(named: "Europe/Berlin") != nil),
        ]
    }

    func memberCounts() -> [(state: String, count: Int)] {
        var counts: [String: Int] = [:]
        for member in gossip.members { counts["\(member.state)", default: 0] += 1 }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// Counts how runs ended here.
final class RunCounters: Sendable {
    private let counts = Mutex<[RunState: Int]>([:])

    func note(_ state: RunState) {
        counts.withLock { $0[state, default: 0] += 1 }
    }

    func outcomes() -> [(outcome: String, count: Int)] {
        let counts = counts.withLock { $0 }
        return RunState.allCases.filter { !$0.isOpen }.map { ($0.rawValue, counts[$0] ?? 0) }
    }
}

/// Carries news from a part to parts that are made after it, in the order they came.
///
/// Gossip, runs and sessions each tell their news from a thread of their own and are made before
/// those who listen; the switchboard is the one place where that knot is tied.
final class Switchboard: Sendable {
    enum News: Sendable {
        case gossip(GossipNews)
        case session(SessionKeeper.News)
        case runner(RunnerLink.News)
        case settle([SettledNote])
        case pass([SettledNote])
        case place([Placement])
        case refresh([UID])
        case finish(Completions.Item)
    }

    let news: AsyncStream<News>
    private let queue: AsyncStream<News>.Continuation

    init() {
        (news, queue) = AsyncStream.makeStream(of: News.self)
    }

    func tell(_ item: News) {
        queue.yield(item)
    }

    func close() {
        queue.finish()
    }
}
