import Sealing
import TestSupport
import Testing

@Suite struct `A secret key` {
    @Test func `is read back from its text, also with a line end`() throws {
        let key = SecretKey.random()
        #expect(key.base64.count == 44)
        #expect(try SecretKey(base64: key.base64) == key)
        #expect(try SecretKey(base64: " \(key.base64)\n") == key)
    }

    @Test(arguments: ["", "  \n", "not base64", "AAAA=", "ÄÄÄÄ", "=", "AAA"])
    func `is not read from what is no base64`(text: String) {
        #expect(throws: SealingError.notBase64) { try SecretKey(base64: text) }
    }

    @Test(arguments: [31, 33, 0, 64])
    func `has 32 bytes`(count: Int) {
        #expect(SecretKey(bytes: SecureRandom.bytes(count)) == nil)
        guard count > 0 else { return }
        #expect(throws: SealingError.wrongLength(bytes: count)) {
            try SecretKey(base64: Base64.text(SecureRandom.bytes(count)))
        }
    }

    @Test func `does not print itself`() {
        struct Settings { let key: SecretKey }
        let key = SecretKey.random()
        var dumped = ""
        dump(Settings(key: key), to: &dumped)
        #expect("\(key) \(Settings(key: key))".contains("secret key"))
        #expect(!dumped.contains(key.base64) && !dumped.contains("bytes"))
    }

    @Test func `is told apart from another by a sentence that does not show it`() {
        #expect(
            SealingError.wrongLength(bytes: 5).description
                == """
                the secret key has 5 bytes, not 32: write the 44 characters that \
                `openssl rand -base64 32` prints
                """
        )
    }
}

@Suite struct `An access token` {
    @Test func `is recognised with its checksum and stored as a digest`() throws {
        let token = AccessToken.generate()
        #expect(token.text.count == 43 && token.text.hasPrefix("rota_"))
        let read = try #require(AccessToken(token.text))
        #expect(read.digest == token.digest)
        #expect(AccessToken.generate().digest != token.digest)
    }

    @Test func `is refused when one character differs`() {
        let text = Array(AccessToken.generate().text)
        for index in text.indices {
            var other = text
            other[index] = text[index] == "a" ? "b" : "a"
            #expect(AccessToken(String(other)) == nil)
        }
        #expect(AccessToken(String(text.dropLast())) == nil)
        #expect(AccessToken(String(text) + "a") == nil)
        #expect(AccessToken("") == nil)
    }

    @Test func `does not print itself`() {
        let token = AccessToken.generate()
        #expect(!"\(token) \([token]) \(Optional(token) as Any)".contains(token.text))
    }
}

@Suite struct `Randomness` {
    @Test func `never repeats, and comes in the length asked`() {
        #expect(SecureRandom.bytes(0).isEmpty)
        #expect(Set((0..<1_000).map { _ in SecureRandom.bytes(16) }).count == 1_000)
        #expect(Set((0..<1_000).map { _ in SecureRandom.seed() }).count == 1_000)
    }

    @Test func `makes base64 that reads back`() {
        for count in 0..<100 {
            let bytes = SecureRandom.bytes(count)
            #expect(Base64.bytes(Base64.text(bytes)) == bytes)
        }
    }
}
