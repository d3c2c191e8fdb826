import Sealing
import TestSupport
import Testing
import Vocabulary

@Suite struct `Digests and derived keys` {
    /// RFC 7693, appendix A.
    @Test func `gives the RFC's BLAKE2b of abc`() {
        #expect(
            Hashing.blake2b(Array("abc".utf8), length: 64, key: [])
                == hexadecimal(
                    """
                    ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
                    7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923
                    """
                )
        )
    }

    /// Computed with Python's `hashlib.blake2b(digest_size=16)`.
    @Test(arguments: [
        ("", "cae66941d9efbd404e4d88758ea67670"),
        ("abc", "cf4ab791c62b8d2b2109c90275287816"),
    ])
    func `gives a digest of 128 bits`(text: String, expected: String) {
        #expect(Hashing.digest(Array(text.utf8)).description == expected)
    }

    /// RFC 4231, test case 2.
    @Test func `gives the RFC's message code`() {
        #expect(
            Hashing.hmacSHA256(
                Array("what do ya want for nothing?".utf8),
                key: Array("Jefe".utf8)
            )
                == hexadecimal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        )
    }

    @Test func `compares whole arrays`() {
        #expect(Hashing.areEqual([], []))
        #expect(Hashing.areEqual([1, 2], [1, 2]))
        #expect(!Hashing.areEqual([1, 2], [1, 3]))
        #expect(!Hashing.areEqual([1, 2], [1]))
    }

    @Test func `derives another key for each purpose, and the same one again`() {
        let key = SecretKey.random()
        let gossip = Hashing.derive(key, purpose: "gossip")
        #expect(gossip == Hashing.derive(key, purpose: "gossip"))
        #expect(gossip != Hashing.derive(key, purpose: "cookie"))
        #expect(gossip != Hashing.derive(.random(), purpose: "gossip"))
        #expect(gossip != key)
    }
}
