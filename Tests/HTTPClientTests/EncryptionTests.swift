import Foundation
import HTTPClient
import TestSupport
import Testing

/// Against `openssl s_server`, which asks for a client's certificate and takes no call without.
@Suite(.tags(.integration), .timeLimit(.minutes(1)), .serialized) struct `An encrypted connection` {
    let client = HTTPClient()
    let authority: PrivateAuthority
    let server: SecureServer

    init() throws {
        authority = try PrivateAuthority()
        server = try SecureServer(authority)
    }

    private func problem(_ identity: HTTPIdentity) async -> HTTPClientError.Problem? {
        do throws(HTTPClientError) {
            _ = try await client.send(HTTPCall(url: server.url, identity: identity))
            return nil
        } catch {
            return error.problem
        }
    }

    private var identity: HTTPIdentity {
        HTTPIdentity(
            authorities: authority.file("ca.pem"),
            certificate: authority.file("client.pem"),
            key: authority.file("client.key")
        )
    }

    @Test func `is made under a private authority and with a certificate of our own`() async throws
    {
        let answer = try await client.send(HTTPCall(url: server.url, identity: identity))
        #expect(answer.status == 200)
        #expect(String(decoding: answer.body, as: UTF8.self).contains("TLSv1"))
        // Nobody else gets to use it.
        guard case .notTrusted = await problem(HTTPIdentity()) else {
            Issue.record("a stranger's server was trusted")
            return
        }
    }

    @Test func `is not made without what either side asks for`() async throws {
        guard case .notTrusted = await problem(HTTPIdentity()) else {
            Issue.record("a stranger's server was trusted")
            return
        }
        var alone = identity
        (alone.certificate, alone.key) = (nil, nil)
        #expect(await problem(alone) != nil)
        var wrong = identity
        wrong.key = authority.file("server.key")
        guard case .unusableCertificate = await problem(wrong) else {
            Issue.record("another certificate's key was taken")
            return
        }
        wrong = identity
        wrong.authorities = authority.file("none.pem")
        guard case .notTrusted = await problem(wrong) else {
            Issue.record("a file that is not there vouched for the server")
            return
        }
    }
}
