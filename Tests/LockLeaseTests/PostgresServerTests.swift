import Foundation
import LockLease
import Postgres
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// Servers that stop, lose power, are restored, or wait for a standby: a server for each test.
///
/// What these catch, each tried by breaking it: a store used again without a look at its history;
/// a commit believed that no standby has confirmed; a call without a deadline; a claim that was
/// acknowledged before it was on the disk.
@Suite(.enabled(if: PostgresServer.isPossible)) struct `A PostgreSQL server that` {
    let folder = PostgresServer.folder()
    let url: String

    init() throws {
        url = try PostgresServer.start(in: folder, whileWeLive: true)
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `is down is away at once, and looked at when it is back`() async throws {
        let bench = try PostgresBench(on: url)
        let job = try await bench.put()
        let session = try await bench.other.openSession(Bench.node("a"), term: .seconds(10))
        try PostgresServer.run(["stop", folder])
        let start = ContinuousClock.now
        await expectFailure(\.isUnavailable) { try await bench.other.sessions() }
        for _ in 0..<20 {
            await expectFailure(\.isUnavailable) { try await bench.other.renew(session) }
            await expectFailure(\.isUnavailable) { try await bench.other.identify() }
        }
        #expect(start.duration(to: .now) < .seconds(5))
        try PostgresServer.start(in: folder)
        // It answers again, but nobody has asked yet who answers.
        await expectFailure(\.isUnavailable) { try await bench.other.renew(session) }
        await eventually("it is found") { (try? await bench.other.identify()) != nil }
        #expect(try await bench.other.renew(session).beat == Beat(1))
        #expect(try await bench.other.object(job.key) == job)
        try PostgresServer.run(["remove", folder])
    }

    @Test(.tags(.integration), .timeLimit(.minutes(2)))
    func `is killed again and again forgets nothing that it acknowledged`() async throws {
        let bench = try PostgresBench(on: url)
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(36_000))
        let session = try await bench.other.openSession(Bench.node("a"), term: .seconds(10))
        let progress = Progress()
        let killing = Task { [folder] in
            defer { progress.isDone.store(true, ordering: .relaxed) }
            for round in 1...3 {
                // Some claims in between: what is killed is to be at work.
                await eventually("it is at work") {
                    progress.claims.load(ordering: .relaxed) > round * 30
                }
                try PostgresServer.run(["kill", folder])
                try PostgresServer.start(in: folder)
            }
        }
        var (won, cursor, number) = ([Grant](), Bench.start, 0)
        while !progress.isDone.load(ordering: .relaxed) {
            number += 1
            let item = bench.item(job, from: cursor)
            let id = RequestID("claim-\(number)")
            var outcome: ClaimOutcome?
            while outcome == nil {
                do {
                    outcome = try await bench.other.claim(session, id: id, items: [item])[0]
                } catch {
                    guard error.isUnknown || error.isUnavailable else { throw error }
                    _ = try? await bench.other.identify()
                }
            }
            won.append(try #require(outcome?.grants.first))
            progress.claims.wrappingAdd(1, ordering: .relaxed)
            cursor = cursor.advanced(by: .seconds(1))
        }
        try await killing.value
        var filter = RunFilter()
        filter.limit = 10_000
        let runs = try await bench.other.runs(filter)
        #expect(runs.count == won.count && won.count > 90)
        #expect(Set(runs.map(\.id)) == Set(won.map(\.run)))
        #expect(won.map(\.fence.rawValue) == (1...Int64(won.count)).map { $0 })
        try PostgresServer.run(["remove", folder])
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `was restored from yesterday is refused until somebody accepts that`() async throws {
        let bench = try PostgresBench(on: url)
        let store = WitnessedStore(bench.other, witness: HistoryWitness())
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(3_600))
        let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
        try PostgresServer.run(["stop", folder])
        let place = try String(contentsOfFile: folder + "/place", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        try copy("\(place)/data", to: "\(place)/yesterday")
        try PostgresServer.start(in: folder)
        await eventually("it is back") { (try? await store.identify()) != nil }
        let item = try await bench.next(job)
        let first = try await store.claim(session, id: RequestID("1"), items: [item])
        #expect(first[0].grants.count == 1)
        _ = try await store.renew(session)
        try PostgresServer.run(["stop", folder])
        try FileManager.default.removeItem(atPath: "\(place)/data")
        try FileManager.default.moveItem(atPath: "\(place)/yesterday", toPath: "\(place)/data")
        try PostgresServer.start(in: folder)
        // The same instant would be won again, if anybody were allowed to ask for it.
        await eventually("it is refused") {
            let error = await failure { () async throws(StoreError) in
                try await store.claim(session, id: RequestID("2"), items: [item])
            }
            if case .historyRegressed? = error { return true }
            return false
        }
        _ = try await store.acceptHistory()
        #expect(try await bench.other.runs(RunFilter()).isEmpty)
        #expect(try await bench.other.cursors(of: [job.uid]) == [job.uid: bench.clock.now])
        try PostgresServer.run(["remove", folder])
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `waits for a standby in vain has not answered yet`() async throws {
        let bench = try PostgresBench(on: url) { $0.callLimit = .milliseconds(700) }
        let job = try await bench.put()
        bench.clock.advance(by: .seconds(3_600))
        let session = try await bench.other.openSession(Bench.node("a"), term: .seconds(10))
        let item = try await bench.next(job)
        let admin = try PostgresBench.connection(to: url)
        func set(_ names: String) throws {
            let sql = "ALTER SYSTEM SET synchronous_standby_names = '\(names)'"
            _ = try admin.run([.once(sql)], until: PostgresBench.soon)
            _ = try admin.run([.once("SELECT pg_reload_conf()")], until: PostgresBench.soon)
            try admin.waitForSetting("synchronous_standby_names", names)
        }
        try set("nobody")
        await eventually("it is remarked upon") {
            let remarks = try? await bench.other.examine()
            return remarks?.contains { $0.contains("no standby") } == true
        }
        // The deadline passes while the server waits for the standby.
        await expectFailure(\.isUnknown) {
            try await bench.other.claim(session, id: RequestID("1"), items: [item])
        }
        // Here somebody ends the waiting: the commit is done, as it says, but on one machine only.
        _ = try await bench.other.identify()
        let cancelling = Task { [url] in try await Self.cancelWaiting(at: url) }
        let error = await expectFailure(\.isUnknown) {
            try await bench.other.claim(session, id: RequestID("1"), items: [item])
        }
        cancelling.cancel()
        try await cancelling.value
        #expect(error?.description.contains("canceling wait for synchronous replication") == true)
        try set("")
        _ = try await bench.other.identify()
        let outcomes = try await bench.other.claim(session, id: RequestID("1"), items: [item])
        #expect(outcomes[0].grants.map(\.fence) == [Fence(1)])
        try PostgresServer.run(["remove", folder])
    }

    /// Ends every wait for a standby, until the task is cancelled.
    private static func cancelWaiting(at url: String) async throws {
        let admin = try PostgresBench.connection(to: url)
        let sql = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event='SyncRep'"
        while !Task.isCancelled {
            _ = try admin.run([Step(sql)], until: PostgresBench.soon)
            await Task.yield()
        }
    }

    @Test(.tags(.integration), .timeLimit(.minutes(1)))
    func `does not sync its files, or takes no writes, is refused by name`() async throws {
        let admin = try PostgresBench.connection(to: url)
        func set(_ sql: String) throws {
            _ = try admin.run([.once("ALTER SYSTEM SET \(sql)")], until: PostgresBench.soon)
            _ = try admin.run([.once("SELECT pg_reload_conf()")], until: PostgresBench.soon)
        }
        try set("fsync = off")
        try admin.waitForSetting("fsync", "off")
        let careless = try PostgresLeaseStore(url: url)
        let error = await expectFailure(\.isIncompatible) { try await careless.identify() }
        #expect(error?.description.contains("fsync = off") == true)
        try set("fsync = on")
        try set("default_transaction_read_only = on")
        try admin.waitForSetting("default_transaction_read_only", "on")
        let closed = try PostgresLeaseStore(url: url)
        let refusal = await expectFailure(\.isUnavailable) { try await closed.identify() }
        #expect(refusal?.description.contains("read-only") == true)
        try PostgresServer.run(["remove", folder])
    }

    private func copy(_ source: String, to target: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/cp")
        process.arguments = ["-a", source, target]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}

/// How far somebody has got, for somebody else to see.
private final class Progress: Sendable {
    let claims = Atomic(0)
    let isDone = Atomic(false)
}

extension Connection {
    /// Waits until a change of the server's settings has come through to this connection.
    fileprivate func waitForSetting(_ name: String, _ value: String) throws {
        let ask = Step("SELECT current_setting($1)", [.text(name)])
        let deadline = PostgresBench.soon
        while try run([ask], until: deadline)[0].first?.text(0) != value {}
    }
}

/// What `work` throws, if it throws.
private func failure<Answer>(_ work: () async throws(StoreError) -> Answer) async -> StoreError? {
    do throws(StoreError) {
        _ = try await work()
        return nil
    } catch {
        return error
    }
}
