// The other contestant: Debian's serf, sealed as ours is.

internal import Platform
internal import Sealing
internal import Synchronization
internal import Vocabulary

/// A cluster of `serf agent` processes, each with one connection to the collector.
final class SerfCluster: Contestant {
    static let program = "/usr/bin/serf"

    private struct State {
        var processes: [RaceProcess] = []
        var links: [SerfLink] = []
        var nextNumber: UInt64 = 1
        var failed: [Set<Int>] = []
    }

    let ledger: Ledger
    private let places: Places
    private let loop: EventLoop
    private let key = SecretKey.random()
    private let state = Mutex(State())

    init(_ places: Places, on loop: EventLoop) {
        self.places = places
        self.loop = loop
        ledger = Ledger(nodes: places.nodes)
    }

    var processes: [RaceProcess] { state.withLock { $0.processes } }
    private var links: [SerfLink] { state.withLock { $0.links } }

    /// The first one has a start of its own: an agent that cannot join anybody gives up.
    func start() async throws {
        try await launch(0)
        try await link(0)
        for node in 1..<nodes { try await launch(node) }
        for node in 1..<nodes { try await link(node) }
    }

    private func launch(_ node: Int) async throws {
        var words = [
            Self.program, "agent", "-node=n\(node)", "-bind=\(places.address(of: node))",
            "-rpc-addr=\(places.control(of: node))", "-profile=lan", "-encrypt=\(key.base64)",
            "-log-level=err", "-tag=zone=a",
        ]
        if node > 0 { words.append("-join=\(places.address(of: 0))") }
        let ledger = ledger
        let process = try await RaceProcess.start(places.words(words, for: node), on: loop) {
            if $0.contains("[ERR]") { ledger.complain("serf n\(node): \($0)") }
        }
        state.withLock { $0.processes.append(process) }
    }

    private func link(_ node: Int) async throws {
        let link = try await SerfLink(to: places.control(of: node), on: loop)
        state.withLock { $0.links.append(link) }
        let ledger = ledger
        try await link.subscribe("user,member-failed") { body, _ in
            guard let body else { return ledger.up(node) }
            Self.read(body, of: node, into: ledger)
        }
    }

    private static func read(_ event: PackedValue, of node: Int, into ledger: Ledger) {
        switch event["Event"]?.text {
        case "user":
            let digits = event["Payload"]?.text?.prefix(10) ?? ""
            if let number = UInt64(digits) { ledger.arrived(number...number, at: node) }
        case "member-failed":
            for member in event["Members"]?.elements ?? [] {
                if let victim = self.node(member) { ledger.failed(victim, at: node) }
            }
        case _: break
        }
    }

    private static func node(_ member: PackedValue) -> Int? {
        (member["Name"]?.text?.dropFirst()).flatMap { Int($0) }
    }

    func change(_ count: Int, bytes: Int, at node: Int) async throws -> ClosedRange<UInt64> {
        let first = state.withLock { state in
            defer { state.nextNumber += UInt64(count) }
            return state.nextNumber
        }
        let numbers = first...(first + UInt64(count) - 1)
        for number in numbers {
            let digits = String(number)
            let text = String(repeating: "0", count: 10 - digits.count) + digits
            let filling = [UInt8](repeating: 0x78, count: max(0, bytes - 10))
            try await links[node].event("e", payload: Array(text.utf8) + filling)
        }
        return numbers
    }

    /// Asks whoever does not see everybody, and waits a little for the answers.
    func look() async {
        let ledger = ledger
        for node in ledger.incomplete where node < links.count {
            try? await links[node].members { body, _ in
                let members = body?["Members"]?.elements ?? []
                let alive = members.count { $0["Status"]?.text == "alive" }
                let failed = members.filter { $0["Status"]?.text == "failed" }
                ledger.view(of: node, alive: alive, failed: Set(failed.compactMap(Self.node)))
            }
        }
        try? await Task.sleep(for: .milliseconds(100))
    }

    /// As `serf join` by hand would.
    func nudge() async throws {
        for node in ledger.incomplete where node > 0 {
            try await links[node].join(places.address(of: (node + 7) % nodes))
        }
    }

    /// Forgets what was seen, so that ``look()`` asks everybody again.
    func lookAfresh() {
        for node in 0..<nodes { ledger.view(of: node, alive: 0, failed: []) }
    }

    func stop() async {
        for link in links { link.close(on: loop) }
        for process in processes { process.signal(9) }
        for process in processes { await process.end() }
    }
}
