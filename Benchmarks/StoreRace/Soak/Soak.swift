// `store-race soak`: racing processes, somebody who edits, and faults of every kind.

internal import Foundation
internal import LockLease
internal import Platform
internal import RaceWords
internal import Vocabulary

/// One soak on one kind of store.
struct Soak {
    private static let racerCount = 4
    private static let term = Duration.seconds(2)

    private let kind: StoreKind
    private let length: Duration
    private let seed: UInt64

    init(_ kind: StoreKind, length: Duration, seed: UInt64) {
        self.kind = kind
        self.length = length
        self.seed = seed
    }

    /// Answers whether nothing was started twice, lost, or left unexplained.
    func run() async throws -> Bool {
        let folder = try RaceFolder("soak-\(kind.rawValue)")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/evidence",
            withIntermediateDirectories: true
        )
        let server = PrivateStore(kind: kind, folder: folder.path)
        let direct = try server.start()
        defer { try? server.stop() }
        let store = try openStore(direct)
        try await makeJobs(in: store)

        let proxy = try proxy(before: direct)
        let racers = (1...Self.racerCount).map {
            RacerProcess(
                name: "racer-\($0)",
                url: proxy.map { Self.url(direct, through: $0.address) } ?? direct,
                folder: folder.path,
                term: Self.term
            )
        }
        for racer in racers { try racer.start() }
        var faults = SoakFaults(seed: seed, server: server, racers: racers)
        let editor = try SoakEditor(store: store, folder: folder.path)
        var progress = SoakProgress(kind, length: length)
        let end = SystemClock.monotonic.advanced(by: length)
        while SystemClock.monotonic < end {
            try await faults.step()
            await editor.step()
            progress.tell(faults.counts, editor.overlapFaults.count)
            try? await Task.sleep(for: .milliseconds(100))
        }
        try await settle(racers, &faults, store)

        var report = SoakReport()
        report.hurts = faults.counts
        report.hurts["cuts"] = try proxy?.stop()
        report.faults = editor.overlapFaults
        for racer in racers where racer.complaints.contains("behind") {
            report.faults.append("\(racer.name) refused the store: \(racer.complaints)")
        }
        let contents = try await StoreContents(store)
        let evidence = try EvidenceFile.read(folder.path + "/evidence")
        var check = SoakCheck(contents, evidence, report)
        check.check()
        for fault in check.report.faults.prefix(20) { say("FAULT \(fault)") }
        say(check.report.line(kind, seconds: Int(length.components.seconds), seed: seed))
        if check.report.isClean { folder.remove() } else { say("KEPT \(folder.path)") }
        return check.report.isClean
    }

    private func makeJobs(in store: any LeaseStore) async throws {
        let edits = RaceJobs.all.map { RaceJobs.edit($0, isEnabled: true, body: 0) }
        _ = try await store.commit(edits, id: RequestID("jobs-\(seed)"), author: "soak")
    }

    private func proxy(before url: String) throws -> CuttingProxy? {
        guard kind != .sqlite else { return nil }
        return try CuttingProxy(to: Self.address(of: url), perMille: 4)
    }

    /// The `host:port` of a store's setting.
    private static func address(of url: String) -> String {
        let rest = url.split(separator: "//", maxSplits: 1)[1]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        return String(authority.split(separator: "@").last ?? authority)
    }

    private static func url(_ url: String, through address: String) -> String {
        url.replacing(self.address(of: url), with: address)
    }

    /// Ends all faults, lets the racers catch up, and stops them in good order.
    private func settle(
        _ racers: [RacerProcess],
        _ faults: inout SoakFaults,
        _ store: any LeaseStore
    ) async throws {
        try faults.heal()
        try? await Task.sleep(for: Self.term * 4)
        for racer in racers { racer.terminate() }
        for racer in racers { racer.wait() }
        // Whoever lost its session at the very end left runs to be taken over.
        let sweeper = try await open("sweeper", in: store)
        for view in try await store.sessions() where view.id != sweeper {
            if view.isLive { _ = try await store.expire(view.id, observed: view.beat) }
            while try await store.takeOver(view.id, by: sweeper, limit: 100).count == 100 {}
        }
        try await store.closeSession(sweeper)
    }

    private func open(_ name: String, in store: any LeaseStore) async throws -> SessionID {
        for _ in 0..<50 {
            let node = NodeIdentity(
                name: NodeName(name),
                bootID: BootIdentity.current,
                processID: Machine.processID,
                address: ""
            )
            if let session = try? await store.openSession(node, term: Self.term) { return session }
            try await Task.sleep(for: .milliseconds(200))
        }
        throw RaceFailure("the store did not come back")
    }
}

/// Tells on a terminal how far a soak is.
struct SoakProgress {
    private let kind: StoreKind
    private let begin = SystemClock.monotonic
    private let length: Duration
    private var next = Duration.zero

    init(_ kind: StoreKind, length: Duration) {
        self.kind = kind
        self.length = length
    }

    mutating func tell(_ counts: [String: Int], _ faults: Int) {
        let passed = begin.duration(to: SystemClock.monotonic)
        guard passed >= next else { return }
        next = passed + .seconds(30)
        let hurts = counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        let line = """
            \(kind.rawValue): \(passed.components.seconds) of \(length.components.seconds) s, \
            \(hurts.joined(separator: ", ")), faults \(faults)

            """
        Terminal.write(Array(line.utf8), to: .errors)
    }
}
