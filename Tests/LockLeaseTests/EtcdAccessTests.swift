import Foundation
import TestSupport
import Testing
import Vocabulary

@testable import LockLease

/// Users, passwords, certificates, and prefixes that somebody else or a later release has written.
@Suite(.tags(.integration), .timeLimit(.minutes(2)), .serialized) struct `Access to etcd` {
    private func use(_ settings: EtcdSettings) async -> String {
        let store = EtcdLeaseStore(settings)
        do {
            let session = try await store.openSession(Bench.node("a"), term: .seconds(10))
            _ = try await store.renew(session)
            try await store.closeSession(session)
            return "used"
        } catch {
            return "\(error)"
        }
    }

    private func call(_ server: EtcdServer, _ path: String, _ body: String) async throws {
        let settings = EtcdSettings(endpoints: [server.endpoint], prefix: "none")
        try await EtcdGateway(settings, callLimit: .seconds(5)).call(
            path,
            Array(body.utf8),
            .writes
        ) { scanner throws(GatewayFault) in
            var header = AnswerHeader()
            try scanner.object { scanner, name throws(GatewayFault) in
                if name == "header" { header = try scanner.header() }
            }
            return (header, ())
        }
    }

    @Test func `is by user and password, for the store's prefix alone`() async throws {
        let server = try EtcdServer()
        var settings = server.settings()
        let key = Data(settings.prefix.utf8 + [0x2F]).base64EncodedString()
        let end = Data(settings.prefix.utf8 + [0x30]).base64EncodedString()
        try await call(server, "/v3/auth/user/add", #"{"name":"root","password":"r"}"#)
        try await call(server, "/v3/auth/user/grant", #"{"user":"root","role":"root"}"#)
        try await call(server, "/v3/auth/role/add", #"{"name":"rota"}"#)
        try await call(
            server,
            "/v3/auth/role/grant",
            #"{"name":"rota","perm":{"permType":"READWRITE","key":"\#(key)","#
                + #""range_end":"\#(end)"}}"#
        )
        try await call(server, "/v3/auth/user/add", #"{"name":"ann","password":"p\"w"}"#)
        try await call(server, "/v3/auth/user/grant", #"{"user":"ann","role":"rota"}"#)
        try await call(server, "/v3/auth/enable", "{}")

        #expect(await use(settings).contains("Check user and password"))
        (settings.user, settings.password) = ("ann", "wrong-secret")
        let wrong = await use(settings)
        #expect(wrong.contains("authentication failed") && !wrong.contains("wrong-secret"))
        settings.password = "p\"w"
        #expect(await use(settings) == "used")
        var foreign = settings
        foreign.prefix = "elsewhere"
        #expect(await use(foreign).contains("Grant the user readwrite"))

        // etcd forgets its tokens when it is restarted; a new one is asked for.
        let store = EtcdLeaseStore(settings)
        _ = try await store.identify()
        try server.kill()
        try server.start()
        try await requireEventually { (try? await store.identify()) != nil }
        #expect(try await store.examine() == [])
    }

    @Test func `is encrypted, with certificates on both sides`() async throws {
        let authority = try PrivateAuthority()
        let server = try EtcdServer(flags: [
            "--cert-file=\(authority.file("server.pem"))",
            "--key-file=\(authority.file("server.key"))",
            "--trusted-ca-file=\(authority.file("ca.pem"))", "--client-cert-auth",
        ])
        let files = "ca=\(authority.file("ca.pem"))&cert=\(authority.file("client.pem"))"
        let key = "&key=\(authority.file("client.key"))"
        let url = "etcds://\(server.endpoint)/rota?\(files)"
        #expect(await use(try EtcdSettings(url: url + key)) == "used")
        #expect(
            await use(try EtcdSettings(url: url)).contains("our own certificate cannot be used")
        )
        let stranger = try EtcdSettings(url: "etcds://\(server.endpoint)/rota")
        #expect(await use(stranger).contains("the certificate is not trusted"))
        let plain = try EtcdSettings(url: "etcd://\(server.endpoint)/rota")
        #expect(await use(plain) != "used")
    }

    @Test func `is refused to a store of a newer release, and to what is no store`() async throws {
        let settings = try EtcdServer.share().settings()
        let gateway = EtcdGateway(settings, callLimit: .seconds(5))
        let key = StoreKeys(prefix: settings.prefix).identity
        func write(_ value: [UInt8]) async throws {
            _ = try await gateway.transact(EtcdTransaction(success: [.put(key, value)]))
        }
        try await write(IdentityValue(id: "x", schema: 2).bytes + [1, 2, 3])
        #expect(await use(settings).contains("a store of a newer release (schema 2"))
        try await write(Array("something".utf8))
        #expect(await use(settings).contains("holds keys of something else"))
        try await write(IdentityValue(id: "x").bytes)
        #expect(await use(settings) == "used")
    }

    @Test func `finds damage and says where`() async throws {
        let settings = try EtcdServer.share().settings()
        let store = EtcdLeaseStore(settings)
        let edit = ObjectEdit(
            key: Bench.key("job"),
            expecting: .any,
            uid: UID("uid"),
            change: .put(body: [], gate: Bench.gate())
        )
        _ = try await store.commit([edit], id: RequestID("1"), author: "ann")
        let gateway = EtcdGateway(settings, callLimit: .seconds(5))
        let keys = StoreKeys(prefix: settings.prefix)
        _ = try await gateway.transact(
            EtcdTransaction(success: [.put(keys.cursor(UID("uid")), [0xFF])])
        )
        await #expect(
            throws: StoreError.corrupt("etcd, prefix \(settings.prefix): job uid makes no sense")
        ) {
            try await store.cursors(of: [UID("uid")])
        }
    }
}
