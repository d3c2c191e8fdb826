// What is done to the racers and to the store, and when.

internal import Platform
internal import Vocabulary

/// Kills, stops and restarts, a few seconds apart.
struct SoakFaults {
    private enum Fault: CaseIterable {
        case killRacer
        case stopRacer
        case killServer
        case stopServer
    }

    private let server: PrivateStore
    private let racers: [RacerProcess]
    private var random: SeededGenerator
    private var next: MonotonicInstant
    /// What ends a fault, and when.
    private var pending: [(at: MonotonicInstant, end: () throws -> Void)] = []
    private(set) var counts: [String: Int] = [:]

    init(seed: UInt64, server: PrivateStore, racers: [RacerProcess]) {
        self.server = server
        self.racers = racers
        random = SeededGenerator(seed: seed)
        next = SystemClock.monotonic.advanced(by: .seconds(3))
    }

    mutating func step() async throws {
        let now = SystemClock.monotonic
        let over = pending.filter { $0.at <= now }
        pending.removeAll { $0.at <= now }
        for fault in over { try fault.end() }
        guard now >= next else { return }
        next = now.advanced(by: .milliseconds(Int64.random(in: 1_000...5_000, using: &random)))
        try begin(at: now)
    }

    private mutating func begin(at now: MonotonicInstant) throws {
        guard let racer = racers.randomElement(using: &random) else { return }
        let length = Duration.milliseconds(Int64.random(in: 200...5_000, using: &random))
        let faults: [Fault] =
            server.kind == .sqlite ? [.killRacer, .stopRacer] : Fault.allCases
        switch faults.randomElement(using: &random) ?? .killRacer {
        case .killRacer where racer.isAlive:
            racer.crash()
            pending.append((now.advanced(by: length / 4), { try racer.start() }))
            counts["kills", default: 0] += 1
        case .stopRacer where racer.isAlive && !racer.isStopped:
            racer.pause()
            pending.append((now.advanced(by: length), { racer.goOn() }))
            counts["stops", default: 0] += 1
        case .killServer where Int.random(in: 0..<3, using: &random) == 0:
            try server.kill()
            pending.append((now.advanced(by: length / 4), { [server] in try server.restart() }))
            next = next.advanced(by: .seconds(3))
            counts["server-kills", default: 0] += 1
        case .stopServer where Int.random(in: 0..<3, using: &random) == 0:
            try server.stop()
            pending.append((now.advanced(by: length / 4), { [server] in try server.restart() }))
            next = next.advanced(by: .seconds(3))
            counts["server-restarts", default: 0] += 1
        case .killRacer, .stopRacer, .killServer, .stopServer: break
        }
    }

    /// Ends every fault at once.
    mutating func heal() throws {
        for fault in pending { try fault.end() }
        pending = []
        for racer in racers {
            racer.goOn()
            try racer.start()
        }
        try server.restart()
    }
}
