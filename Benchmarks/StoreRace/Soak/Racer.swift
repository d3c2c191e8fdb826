// One racing process: a node without cron, gossip or tasks, with all that it asks of a store.

internal import Foundation
internal import LockLease
internal import Platform
internal import RaceWords
internal import Vocabulary

/// Claims, starts, finishes, renews, and takes over from the dead, until it is told to stop.
actor Racer {
    struct Session: Equatable {
        let id: SessionID
        var trustedUntil: MonotonicInstant
    }

    let name: String
    let term: Duration
    let store: any LeaseStore
    let evidence: EvidenceFile
    var random = SystemRandomNumberGenerator()

    private(set) var session: Session?
    var isStopping = false
    /// Runs under way here, and whether somebody wants them ended.
    var running: [RunID: Bool] = [:]
    var completions: [(session: SessionID, completion: Completion)] = []
    private var beats: [SessionID: (beat: Beat, since: MonotonicInstant)] = [:]

    init(_ words: Words) throws {
        name = try words.neededText("name")
        term = .milliseconds(Int64(try words.neededNumber("term")))
        let folder = try words.neededText("folder")
        store = try openStore(
            try words.neededText("url"),
            witness: HistoryWitness(path: "\(folder)/history-\(name)")
        )
        evidence = try EvidenceFile(path: "\(folder)/evidence/\(name)")
    }

    /// Races until TERM, then lets runs end and closes the session.
    func run() async throws {
        let stopping = StopSignals()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.live() }
            group.addTask { await self.observe() }
            group.addTask { await self.race() }
            group.addTask { await self.report() }
            for await _ in stopping.requests { break }
            stop()
            await group.waitForAll()
        }
        guard let session else { return }
        for _ in 0..<50 {
            if (try? await store.closeSession(session.id)) != nil { return }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func stop() { isStopping = true }

    /// Whether a run that was won may be started: our session is still to be relied on.
    func trusts(_ id: SessionID) -> Bool {
        guard let session, session.id == id else { return false }
        return SystemClock.monotonic < session.trustedUntil
    }

    // MARK: Our own life

    private func live() async {
        while !isStopping || !running.isEmpty || !completions.isEmpty {
            let sentAt = SystemClock.monotonic
            do throws(StoreError) {
                if let session {
                    let renewal = try await store.renew(session.id)
                    trust(session.id, from: sentAt)
                    for order in renewal.kills where running[order.run] != nil {
                        running[order.run] = true
                    }
                } else if !isStopping {
                    trust(try await store.openSession(identity, term: term), from: sentAt)
                }
            } catch {
                if error == .sessionLost { lose() }
                if case .historyRegressed = error { complain(error) }
            }
            try? await Task.sleep(for: term / 4)
        }
    }

    private func trust(_ id: SessionID, from sentAt: MonotonicInstant) {
        session = Session(id: id, trustedUntil: sentAt.advanced(by: term * 0.6))
    }

    private func lose() {
        session = nil
        // A lost session ends every run that it had.
        for run in running.keys { running[run] = true }
    }

    func complain(_ error: StoreError) {
        Terminal.write(Array("\(name): \(error)\n".utf8), to: .errors)
    }

    private var identity: NodeIdentity {
        NodeIdentity(
            name: NodeName(name),
            bootID: BootIdentity.current,
            processID: Machine.processID,
            address: ""
        )
    }

    // MARK: The death of others

    private func observe() async {
        while !isStopping {
            if let session {
                do throws(StoreError) {
                    for dead in judge(try await store.sessions(), at: SystemClock.monotonic) {
                        try await bury(dead, by: session.id)
                    }
                } catch {}
            }
            try? await Task.sleep(for: term / 4)
        }
    }

    private func bury(_ dead: SessionView, by session: SessionID) async throws(StoreError) {
        if dead.isLive {
            guard try await store.expire(dead.id, observed: dead.beat) else { return }
        }
        while try await store.takeOver(dead.id, by: session, limit: 50).count == 50 {}
    }

    /// Sessions that are gone, whose beat has stood still for 1.2 terms, or that left runs behind.
    private func judge(_ views: [SessionView], at now: MonotonicInstant) -> [SessionView] {
        var dead: [SessionView] = []
        for view in views where view.id != session?.id {
            guard view.isLive else {
                if view.openRuns > 0 { dead.append(view) }
                continue
            }
            if let seen = beats[view.id], seen.beat == view.beat {
                let isStill = seen.since.duration(to: now) > view.term * 1.2
                if isStill || view.isGone { dead.append(view) }
            } else {
                beats[view.id] = (view.beat, now)
            }
        }
        return dead
    }
}
