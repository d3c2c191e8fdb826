import Sealing
import TestSupport
import Testing

@Suite struct `Sealing a message` {
    let key = SecretKey.random()
    let nonce = SecureRandom.bytes(Sealer.nonceLength)
    let header: [UInt8] = [1, 2, 3]

    /// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
    @Test func `gives the bytes of the standard's example`() throws {
        let key = try #require(SecretKey(bytes: Array(0x80...0x9F)))
        let plain = Array(
            """
            Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
            future, sunscreen would be it.
            """.utf8
        )
        let expected = hexadecimal(
            """
            bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb\
            731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452\
            2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9\
            21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780a\
            cf49
            """
        )
        let nonce = Array(UInt8(0x40)...0x57)
        let additional = hexadecimal("50515253c0c1c2c3c4c5c6c7")
        #expect(Sealer.seal(plain, nonce: nonce, additional: additional, key: key) == expected)
        #expect(Sealer.open(expected, nonce: nonce, additional: additional, key: key) == plain)
    }

    @Test(arguments: [0, 1, 63, 64, 65, 1_400, 70_000])
    func `can be undone at any length`(count: Int) {
        let plain = SecureRandom.bytes(count)
        let sealed = Sealer.seal(plain, nonce: nonce, additional: header, key: key)
        #expect(sealed.count == count + Sealer.tagLength)
        #expect(Sealer.open(sealed, nonce: nonce, additional: header, key: key) == plain)
    }

    @Test func `shows every change of a single bit`() {
        let sealed = Sealer.seal([7, 8, 9], nonce: nonce, additional: header, key: key)
        for bit in 0..<(sealed.count * 8) {
            #expect(
                Sealer.open(flip(sealed, bit), nonce: nonce, additional: header, key: key) == nil
            )
        }
        for bit in 0..<(nonce.count * 8) {
            #expect(
                Sealer.open(sealed, nonce: flip(nonce, bit), additional: header, key: key) == nil
            )
        }
        for bit in 0..<(header.count * 8) {
            #expect(
                Sealer.open(sealed, nonce: nonce, additional: flip(header, bit), key: key) == nil
            )
        }
        #expect(Sealer.open(sealed, nonce: nonce, additional: header, key: .random()) == nil)
    }

    @Test func `refuses bytes of any length instead of trapping`() {
        for count in 0..<40 {
            let bytes = SecureRandom.bytes(count)
            #expect(Sealer.open(bytes, nonce: nonce, additional: [], key: key) == nil)
            #expect(Sealer.open(bytes, nonce: bytes, additional: [], key: key) == nil)
        }
    }

    private func flip(_ bytes: [UInt8], _ bit: Int) -> [UInt8] {
        var bytes = bytes
        bytes[bit / 8] ^= 1 << (bit % 8)
        return bytes
    }
}

func hexadecimal(_ text: String) -> [UInt8] {
    let digits = Array(text)
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(digits[$0...($0 + 1)]), radix: 16) ?? 0
    }
}
