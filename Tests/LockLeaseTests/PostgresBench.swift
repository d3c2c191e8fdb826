import Foundation
import LockLease
import Postgres
import TestSupport
import Testing
import Vocabulary

/// One PostgreSQL store, seen through a proxy that breaks and by somebody whom nothing happens to.
struct PostgresBench {
    let clock = ManualClock(at: Bench.start)
    let proxy: ServerProxy
    /// Through the proxy.
    let store: PostgresLeaseStore
    /// Directly.
    let other: PostgresLeaseStore
    let url: String
    var schema: String { url.split(separator: "=").last.map(String.init) ?? "" }

    /// Two stores on one server, with settings that `adjust` has changed.
    init(
        on server: String? = nil,
        _ adjust: (inout PostgresStoreSettings) -> Void = { _ in }
    ) throws {
        url = try server ?? PostgresServer.freshURL()
        let place = try #require(url.split(separator: "@").last?.split(separator: "/").first)
        proxy = try ServerProxy(to: String(place))
        let clock = clock
        var settings = PostgresStoreSettings()
        settings.clock = { clock.now }
        settings.retryLimits = (.milliseconds(1), .milliseconds(20))
        adjust(&settings)
        store = try PostgresLeaseStore(
            url: url.replacing(place, with: proxy.place),
            settings: settings
        )
        other = try PostgresLeaseStore(url: url, settings: settings)
    }

    /// A connection of the test's own to the store's tables.
    func connection() throws -> Connection {
        try Self.connection(to: url)
    }

    static func connection(to url: String) throws -> Connection {
        let plain = String(url.split(separator: "?")[0])
        let connection = try Connection(
            to: ServerAddress(plain, defaults: ["application_name": "rota@elsewhere/7"]),
            within: .seconds(5),
            until: soon
        )
        if let schema = url.split(separator: "=").dropFirst().first {
            let path = Step.once(
                "SELECT set_config('search_path', $1, false)",
                [.text("\(schema)")]
            )
            _ = try connection.run([path], until: soon)
        }
        return connection
    }

    static var soon: Connection.Deadline { ContinuousClock.now.advanced(by: .seconds(10)) }

    func put(
        _ name: String = "job",
        gate: JobGate = Bench.gate(.allow(limit: nil)),
        id: String = UUID().uuidString
    ) async throws -> ObjectRecord {
        let edit = ObjectEdit(
            key: Bench.key(name),
            expecting: .any,
            uid: UID("uid-\(name)"),
            change: .put(body: [], gate: gate)
        )
        return try await other.commit([edit], id: RequestID(id), author: "ann").records[0]
    }

    /// The run of one second of `job`, from where its cursor stands.
    func next(_ job: ObjectRecord) async throws -> ClaimItem {
        let at = try await other.cursors(of: [job.uid])[job.uid] ?? Bench.start
        return item(job, from: at)
    }

    func item(_ job: ObjectRecord, from at: Instant) -> ClaimItem {
        let to = at.advanced(by: .seconds(1))
        let run = RunID("run-\(job.key.name)-\(to.unixMilliseconds)")
        return ClaimItem(
            job: job.uid,
            revision: job.revision,
            subject: .instants(
                from: at,
                to: to,
                runs: [PlannedRun(instant: to, run: run, cause: .schedule)],
                skips: []
            )
        )
    }
}

/// Whether `work` fails as `isExpected` says; answers the failure.
@discardableResult
func expectFailure<Answer>(
    _ isExpected: (StoreError) -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ work: () async throws -> Answer
) async -> StoreError? {
    do {
        let answer = try await work()
        Issue.record("it answered \(answer)", sourceLocation: sourceLocation)
    } catch let error as StoreError {
        #expect(isExpected(error), "\(error)", sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record("it threw \(error)", sourceLocation: sourceLocation)
    }
    return nil
}

extension StoreError {
    var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }
    var isUnavailable: Bool {
        if case .unavailable = self { true } else { false }
    }
    var isIncompatible: Bool {
        if case .incompatible = self { true } else { false }
    }
}
