import Foundation
import Gossip
import JobList
import Platform
import Sealing
import Synchronization
import Vocabulary

/// Where tasks wait while a test holds it closed.
final class Gate: Sendable {
    private struct State {
        var isClosed = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var waiting: Int { state.withLock(\.waiting.count) }

    func close() {
        state.withLock { $0.isClosed = true }
    }

    func open() {
        let waiting = state.withLock { state in
            defer { state = State() }
            return state.waiting
        }
        for task in waiting { task.resume() }
    }

    func pass() async {
        await withCheckedContinuation { task in
            let mayPass = state.withLock { state in
                if state.isClosed { state.waiting.append(task) }
                return !state.isClosed
            }
            if mayPass { task.resume() }
        }
    }
}

/// A copy of the list in memory that remembers when it got where.
final class MemoryList: ReplicatedList {
    /// Whoever reads a page of the whole list passes here.
    let pages = Gate()

    private struct State {
        var log: [ChangeBatch] = []
        var records: [ObjectKey: ObjectRecord] = [:]
        var position = Position.start
        var floor = Revision.zero
        var arrivals: [Revision: MonotonicInstant] = [:]
        var fresh: MemoryInstallation?
    }

    private let state = Mutex(State())

    var arrivals: [Revision: MonotonicInstant] { state.withLock(\.arrivals) }
    var current: Position { state.withLock(\.position) }
    var records: [ObjectKey: ObjectRecord] { state.withLock(\.records) }

    func position() async -> Position { current }

    func apply(_ batches: [ChangeBatch]) async throws(ReplicaError) -> ApplyOutcome {
        state.withLock { state in
            for batch in batches {
                if batch.position.revision <= state.position.revision { continue }
                if batch.previous.revision > state.position.revision {
                    return .gap(have: state.position, next: batch.previous)
                }
                guard batch.previous == state.position else {
                    return .diverged(have: state.position)
                }
                state.log.append(batch)
                for record in batch.records { state.records[record.key] = record }
                state.position = batch.position
                state.arrivals[batch.position.revision] = SystemClock.monotonic
            }
            return .applied(state.position)
        }
    }

    func changes(
        after revision: Revision,
        limit: Int
    ) async throws(ReplicaError) -> [ChangeBatch] {
        let (floor, found) = state.withLock { state in
            (state.floor, state.log.filter { $0.position.revision > revision }.prefix(limit))
        }
        guard revision >= floor else { throw .compacted(floor: floor) }
        return Array(found)
    }

    func snapshot(
        after key: ObjectKey?,
        limit: Int
    ) async throws(ReplicaError) -> (records: [ObjectRecord], position: Position) {
        await pages.pass()
        return state.withLock { state in
            let rest = state.records.values.sorted { $0.key < $1.key }.filter { record in
                key.map { record.key > $0 } ?? true
            }
            return (Array(rest.prefix(limit)), state.position)
        }
    }

    func take(_ batches: [ChangeBatch]) async throws(ReplicaError) -> ApplyOutcome {
        try await apply(batches)
    }

    func beginInstallation() async throws(ReplicaError) -> any ListInstallation {
        if let copy = state.withLock(\.fresh) { return copy }
        let copy = MemoryInstallation()
        state.withLock { $0.fresh = copy }
        return copy
    }

    func pauseInstallation() async {}

    func dropInstallation() async {
        state.withLock { $0.fresh = nil }
    }

    func finishInstallation() async throws(ReplicaError) -> Position {
        guard let copy = state.withLock(\.fresh),
            case .finished(let position) = await copy.progress().next
        else { throw .refused("nothing is complete") }
        let records = await copy.records
        state.withLock { state in
            state.records = records
            state.log = []
            state.floor = position.revision
            state.position = position
            state.arrivals[position.revision] = SystemClock.monotonic
            state.fresh = nil
        }
        return position
    }

    func compact() {
        state.withLock { state in
            state.log = []
            state.floor = state.position.revision
        }
    }

    /// What a store would commit next, given this copy.
    func next(bodyLength: Int = 200) -> ChangeBatch {
        let have = current
        let revision = Revision(epoch: 1, sequence: have.revision.sequence + 1)
        let name = "job-\(revision.sequence)"
        let body = [UInt8](repeating: 0x20, count: bodyLength)
        let record = ObjectRecord(
            key: ObjectKey(tenant: "default", kind: .job, name: name),
            uid: UID(name),
            version: Version(1),
            revision: revision,
            isDeleted: false,
            body: body,
            digest: Hashing.digest(body),
            createdAt: .epoch,
            updatedAt: .epoch,
            author: "test"
        )
        let digest = Digest(
            high: SeededGenerator.mixed(have.digest.high ^ revision.sequence),
            low: 1
        )
        return ChangeBatch(
            previous: have,
            position: Position(revision: revision, digest: digest),
            records: [record]
        )
    }
}

/// A list on its way into a ``MemoryList``.
actor MemoryInstallation: ListInstallation {
    private var done = InstallProgress()
    private(set) var records: [ObjectKey: ObjectRecord] = [:]

    func progress() -> InstallProgress { done }

    func add(_ chunk: SnapshotChunk) throws(ReplicaError) {
        let rows = try chunk.records()
        try done.took(chunk, lastKey: rows.last?.key)
        for row in rows { records[row.key] = row }
    }

    func amend(_ batches: [ChangeBatch]) {
        for batch in batches {
            for record in batch.records { records[record.key] = record }
            done.amended(to: batch.position)
        }
    }
}

/// Everything a driver told its shell.
final class NewsLog: Sendable {
    private let news = Mutex<[GossipNews]>([])

    var all: [GossipNews] { news.withLock(\.self) }

    func add(_ item: GossipNews) {
        news.withLock { $0.append(item) }
    }

    var signals: [Signal] {
        all.compactMap { item in
            guard case .signal(let signal, _) = item else { return nil }
            return signal
        }
    }
}

/// One peer on loopback with files of its own.
struct Peer {
    let name: NodeName
    let driver: GossipDriver
    let list: MemoryList
    let news: NewsLog

    var address: String { "127.0.0.1:\(driver.boundPort)" }
}

/// Peers of one test, in a folder that goes with it.
final class Yard {
    let folder: String
    let key = SecretKey.random()
    private(set) var peers: [Peer] = []

    init() throws {
        folder = NSTemporaryDirectory() + "gossip-" + UUID().uuidString
        try FileStore.makeFolder(folder)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    func settings(_ name: String, key: SecretKey? = nil, seeds: [String]) -> GossipSettings {
        var settings = GossipSettings(
            name: NodeName(name),
            role: .node,
            clusterID: "test",
            bootEpochFile: "\(folder)/\(name).boot",
            membersFile: "\(folder)/\(name).members"
        )
        settings.bindAddress = "127.0.0.1:0"
        settings.key = key ?? self.key
        settings.seeds = seeds
        return settings
    }

    @discardableResult
    func start(
        _ name: String,
        key: SecretKey? = nil,
        seeds: [String]? = nil,
        list: MemoryList = MemoryList(),
        adjust: (inout GossipSettings) -> Void = { _ in }
    ) async throws -> Peer {
        let known = seeds ?? peers.first.map { [$0.address] } ?? []
        let news = NewsLog()
        var settings = settings(name, key: key, seeds: known)
        adjust(&settings)
        let driver = try GossipDriver(
            settings: settings,
            list: list,
            log: DaemonLog(name: name, lowest: .error),
            onChange: { news.add($0) }
        )
        let peer = Peer(name: NodeName(name), driver: driver, list: list, news: news)
        await driver.start()
        peers.append(peer)
        return peer
    }

    func stopAll() async {
        for peer in peers { await peer.driver.stop() }
    }
}

/// Whether `condition` comes true within `limit`; looks again whenever others have run.
func eventually(
    within limit: Duration = .seconds(20),
    _ condition: () async -> Bool
) async -> Bool {
    let deadline = SystemClock.monotonic.advanced(by: limit)
    while SystemClock.monotonic < deadline {
        if await condition() { return true }
        // Two milliseconds of somebody else's turn; the deadline, not this, decides.
        await withCheckedContinuation { continuation in
            Clockwork.loop.call(at: SystemClock.monotonic.advanced(by: .milliseconds(2))) {
                continuation.resume()
            }
        }
    }
    return await condition()
}

private enum Clockwork {
    static let loop = EventLoop(name: "test-clock")
}

func alive(_ peer: Peer) -> [String] {
    peer.driver.members.filter { $0.state == .alive }.map(\.name.text)
}
