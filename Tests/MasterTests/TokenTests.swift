import CommandTable
import JobList
import LockLease
import Sealing
import TestSupport
import Testing
import Vocabulary

@testable import Master

/// What these are to catch: a token that works on after it was taken back, and the wrong one taken.
@Suite(.tags(.integration), .timeLimit(.minutes(1)))
struct `Tokens` {
    private func record(_ digits: String, name: String = "li") -> ObjectRecord {
        let body = Authorizer.body(name: name, tenant: "acme", role: .editor)
        return ObjectRecord(
            key: ObjectKey(tenant: "system", kind: .token, name: digits),
            uid: UID(digits),
            version: Version(1),
            revision: .zero,
            isDeleted: false,
            body: body,
            digest: ChainDigest.digest(ofBody: body),
            createdAt: Instant(unixSeconds: 1_767_225_600),
            updatedAt: Instant(unixSeconds: 1_767_225_600),
            author: "token create"
        )
    }

    private func run(_ words: String...) async throws -> Int32 {
        guard case .run(let invocation) = try MasterCommand.table.parse(words) else { return -1 }
        return try await TokenCommands.run(invocation)
    }

    @Test func `open nothing any more once they are taken back`() async throws {
        let yard = try await ClusterYard()
        let (mine, other) = (
            try await yard.token(tenant: "acme", role: .editor),
            try await yard.token(tenant: "acme", role: .editor)
        )
        let digest = try #require(AccessToken(mine)?.digest.description)
        let store = ["--store", "sqlite://\(yard.folder)/store.db"]
        #expect(try await run("token", "list", store[0], store[1]) == 0)
        let id = String(digest.prefix(12))
        #expect(try await run("token", "rm", id, store[0], store[1]) == 0)
        try await requireEventually {
            try await yard.ask("GET", "/v1/jobs", token: mine).status == 401
        }
        #expect(try await yard.ask("GET", "/v1/jobs", token: other).status == 200)
        await #expect(throws: MemberError.self) {
            try await run("token", "rm", id, store[0], store[1])
        }
        try await yard.end()
    }

    @Test func `are named by enough of their digits, and by no more than one`() throws {
        let tokens = [record("5f0c0f1e9a3b7d42"), record("5f0c0f99"), record("aaaaaaaa")]
        #expect(try TokenCommands.find("5F0C0F1", among: tokens).key == tokens[0].key)
        for id in ["", "aaaaa", "5f0c0f", "bbbbbbbb"] {
            #expect(throws: MemberError.self) { try TokenCommands.find(id, among: tokens) }
        }
    }

    @Test func `are listed with what they may do, and nothing that moves a cursor`() {
        let lines = TokenCommands.lines(of: [record("5f0c0f1e9a3b7d42", name: "l\u{1B}i")])
        #expect(
            lines == [
                "ID            NAME  TENANT  ROLE    MADE",
                "5f0c0f1e9a3b  l·i   acme    editor  2026-01-01T00:00:00Z",
            ]
        )
    }
}
