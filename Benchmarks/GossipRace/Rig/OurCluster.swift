// Our contestant: agents that report by themselves.

internal import Platform
internal import RaceWords
internal import Sealing
internal import Synchronization
internal import Vocabulary

/// A cluster of `gossip-race agent` processes.
final class OurCluster: Contestant {
    private struct State {
        var processes: [RaceProcess] = []
        var nextNumber: UInt64 = 1
    }

    let ledger: Ledger
    private let places: Places
    private let folder: String
    private let loop: EventLoop
    private let storeURL: String?
    private let key = SecretKey.random()
    private let state = Mutex(State())

    /// `folder` is made afresh; with `hasStore`, the members share an SQLite store in it.
    init(_ places: Places, folder: String, on loop: EventLoop, hasStore: Bool = false) throws {
        self.places = places
        self.folder = folder
        self.loop = loop
        storeURL = hasStore ? "sqlite://\(folder)/store.db" : nil
        ledger = Ledger(nodes: places.nodes)
        _ = try Terminal.run("rm -rf \"$1\"; mkdir -p \"$1\"", arguments: [folder])
        for node in 0..<places.nodes {
            try FileStore.makeFolder(home(of: node))
            try AgentOrders.make(in: home(of: node))
        }
    }

    var processes: [RaceProcess] { state.withLock { $0.processes } }

    private func home(of node: Int) -> String { "\(folder)/n\(node)" }

    func start() async throws {
        for node in 0..<nodes { try await launch(node) }
    }

    private func launch(_ node: Int) async throws {
        let seeds = (0..<min(3, nodes)).map(places.address(of:)).joined(separator: ",")
        var words = [
            "/proc/self/exe", "agent", "--name", "n\(node)", "--folder", home(of: node),
            "--bind", places.address(of: node), "--seeds", seeds, "--key", key.base64,
        ]
        words[0] = try Self.program
        if let storeURL { words += ["--store", storeURL] }
        let ledger = ledger
        let process = try await RaceProcess.start(places.words(words, for: node), on: loop) {
            Self.read($0, of: node, into: ledger)
        }
        state.withLock { $0.processes.append(process) }
    }

    /// This very program, by its path.
    private static var program: String {
        get throws {
            guard let first = CommandLine.arguments.first, first.hasPrefix("/") else {
                throw RaceFailure("call gossip-race by its absolute path")
            }
            return first
        }
    }

    private static func read(_ line: Substring, of node: Int, into ledger: Ledger) {
        let words = line.split(separator: " ")
        let numbers = words.dropFirst().compactMap { UInt64($0) }
        switch words.first {
        case "up": ledger.up(node)
        case "at" where numbers.count == 2 && numbers[0] <= numbers[1]:
            ledger.arrived(numbers[0]...numbers[1], at: node)
        case "view" where numbers.count >= 1:
            let failed = words.dropFirst(2).compactMap { Int($0.dropFirst()) }
            ledger.view(of: node, alive: Int(numbers[0]), failed: Set(failed))
        case "committed" where numbers.count == 1: ledger.committed(numbers[0])
        case _: ledger.complain("n\(node): \(line)")
        }
    }

    func change(_ count: Int, bytes: Int, at node: Int) async throws -> ClosedRange<UInt64> {
        let first = state.withLock { state in
            defer { state.nextNumber += UInt64(count) }
            return state.nextNumber
        }
        try AgentOrders.give(.publish(count: count, bytes: bytes), in: home(of: node))
        return first...(first + UInt64(count) - 1)
    }

    /// Commits to the store, at `node`, `perSecond` edits each second.
    func commit(
        _ count: Int,
        bytes: Int,
        perSecond: Int,
        isSpread: Bool,
        at node: Int
    ) throws {
        try AgentOrders.give(
            .commit(count: count, bytes: bytes, perSecond: perSecond, isSpread: isSpread),
            in: home(of: node)
        )
    }

    func look() async {}
    func nudge() async throws {}

    func stop() async {
        for process in processes { process.signal(9) }
        for process in processes { await process.end() }
        _ = try? Terminal.run("rm -rf \"$1\"", arguments: [folder])
    }
}
