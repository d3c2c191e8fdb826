import Documents
import Foundation
import Gossip
import HTTPClient
import LockLease
import Platform
import Sealing
import TestSupport
import Testing
import Vocabulary

@testable import JobList
@testable import Master

/// A master in this process, and members beside it that have no node on top of them.
final class ClusterYard: Sendable {
    let folder: String
    let store: any LeaseStore
    private let ring = KeyRing(first: .random())
    private let client = HTTPClient()
    private let master: Master
    private let running: Task<Void, Never>
    private let stop: AsyncStream<Void>.Continuation
    private let log = DaemonLog(name: "test", lowest: .error)

    init() async throws {
        folder = NSTemporaryDirectory() + "rota-" + UUID().uuidString
        try FileStore.makeFolder(folder)
        store = try openStore("sqlite://\(folder)/store.db")
        let settings = MasterSettings(
            name: NodeName("m1"),
            dataFolder: folder + "/m1",
            storeURL: "sqlite://\(folder)/store.db",
            keyRing: ring
        )
        let master = try await Master.make(settings, log: log)
        let (stopping, stop) = AsyncStream.makeStream(of: Void.self)
        self.master = master
        self.stop = stop
        running = Task { await master.run(until: stopping) }
    }

    /// Opens a member that takes part in gossip once it is started.
    func open(_ name: String) async throws -> MemberGround {
        try await MemberGround.open(
            MemberGround.Plan(
                name: NodeName(name),
                role: .node,
                folder: "\(folder)/\(name)",
                storeURL: "sqlite://\(folder)/store.db",
                keyRing: ring,
                gossip: "127.0.0.1:0",
                join: ["127.0.0.1:\(master.gossipPort)"],
                advertise: nil,
                httpAddress: "127.0.0.1:9"
            ),
            log: log
        ) { _ in }
    }

    func end() async throws {
        stop.finish()
        await running.value
        try FileManager.default.removeItem(atPath: folder)
    }

    /// What the master answers to whoever has `token`, another member if there is none.
    func ask(
        _ method: String,
        _ path: String,
        _ body: Value? = nil,
        headers: [String: String] = [:],
        token: String? = nil
    ) async throws -> (status: Int, document: Value) {
        var call = HTTPCall(method: method, url: "http://127.0.0.1:\(master.port)\(path)")
        call.headers = [
            (name: "Authorization", value: "Bearer \(token ?? GossipKeys(ring).memberToken)"),
            (name: "Content-Type", value: "application/json"),
        ]
        call.headers += headers.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        if let body { call.body = JSON.bytes(body) }
        let answer = try await client.send(call)
        return (answer.status, (try? JSON.parse(answer.body)) ?? .null)
    }

    /// A token of somebody who belongs to `tenant`, known to the master.
    func token(tenant: String, role: Role) async throws -> String {
        let token = AccessToken.generate()
        let edit = ObjectEdit(
            key: Authorizer.key(of: token.digest),
            expecting: .absent,
            uid: UID(token.digest.description),
            change: .put(body: Authorizer.body(name: "li", tenant: tenant, role: role), gate: nil)
        )
        _ = try await store.commit([edit], id: RequestID(token.digest.description), author: "li")
        try await requireEventually {
            try await self.ask("GET", "/v1/jobs", token: token.text).status == 200
        }
        return token.text
    }

    /// What the master tells of the member called `name`.
    func sight(of name: String) async throws -> Value? {
        let (status, cluster) = try await ask("GET", "/v1/cluster/members")
        #expect(status == 200)
        return cluster["items"]?.array?.first { $0["name"] == .string(name) }
    }
}
