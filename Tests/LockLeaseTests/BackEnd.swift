import Foundation
import LockLease
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// The back ends that must behave alike.
enum BackEnd: String, CaseIterable, CustomTestStringConvertible {
    case model
    case sqlite
    case postgres
    case etcd

    static let allCases: [Self] =
        [.model, .sqlite] + (PostgresServer.isPossible ? [.postgres] : []) + [.etcd]

    /// All that are compared with the model.
    static let real = allCases.filter { $0 != .model }

    var testDescription: String { rawValue }

    /// Whether it can tell that the process behind a session is gone: only on one host.
    var knowsTheGone: Bool {
        switch self {
        case .model, .sqlite: true
        case .postgres, .etcd: false
        }
    }

    /// An empty store as two processes see it.
    func open(_ clock: ManualClock, requestMemory: Duration = .seconds(900)) throws -> StorePair {
        switch self {
        case .model:
            let store = InMemoryLeaseStore(requestMemory: requestMemory) { clock.now }
            return StorePair(store: store, other: store)
        case .sqlite:
            let folder = try TemporaryFolder()
            var settings = SQLiteStoreSettings()
            settings.clock = { clock.now }
            settings.bootID = "boot-1"
            settings.requestMemory = requestMemory
            let path = folder.path + "/store.db"
            return StorePair(
                store: try SQLiteLeaseStore(path: path, settings: settings),
                other: try SQLiteLeaseStore(path: path, settings: settings),
                holding: folder
            )
        case .postgres:
            let url = try PostgresServer.freshURL()
            var settings = PostgresStoreSettings()
            settings.clock = { clock.now }
            settings.requestMemory = requestMemory
            return StorePair(
                store: try PostgresLeaseStore(url: url, settings: settings),
                other: try PostgresLeaseStore(url: url, settings: settings)
            )
        case .etcd:
            var settings = try EtcdServer.share().settings()
            settings.clock = { clock.now }
            settings.requestMemory = requestMemory
            return StorePair(store: EtcdLeaseStore(settings), other: EtcdLeaseStore(settings))
        }
    }
}

/// One store as two processes see it.
struct StorePair: Sendable {
    let store: any LeaseStore
    let other: any LeaseStore
    /// What goes away with the pair.
    private let held: (any Sendable)?

    init(store: any LeaseStore, other: any LeaseStore, holding held: (any Sendable)? = nil) {
        self.store = store
        self.other = other
        self.held = held
    }
}

/// A clock that moves when told to.
final class ManualClock: Sendable {
    private let reading: Mutex<Instant>

    init(at start: Instant) {
        reading = Mutex(start)
    }

    var now: Instant { reading.withLock { $0 } }

    func advance(by duration: Duration) {
        reading.withLock { $0 = $0.advanced(by: duration) }
    }
}

/// A folder that goes away with the object.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/lease-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
