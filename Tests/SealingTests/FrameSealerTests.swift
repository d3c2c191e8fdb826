import Testing

@testable import Sealing

@Suite struct `Sealed frames` {
    let key = SecretKey.random()

    private func sealed(_ messages: [[UInt8]]) -> (header: [UInt8], frames: [[UInt8]]) {
        var sealer = FrameSealer(key: key)
        return (sealer.header, messages.map { sealer.seal($0[...], .message) })
    }

    @Test func `open in order, with what they end`() throws {
        var sealer = FrameSealer(key: key)
        let frames = [
            sealer.seal([1, 2], .more), sealer.seal([], .message),
            sealer.seal([UInt8](repeating: 9, count: 70_000)[...], .message),
        ]
        var opener = try #require(FrameOpener(key: key, header: sealer.header))
        let opened = frames.compactMap { opener.open($0) }
        #expect(opened.map(\.plain.count) == [2, 0, 70_000])
        #expect(opened.map(\.end) == [.more, .message, .message])
        #expect(frames[0].count == 2 + FrameSealer.overhead)
    }

    @Test func `open nothing more once one is missing, repeated, moved or changed`() throws {
        let (header, frames) = sealed([[1], [2], [3]])
        for wrong in [[1], [0, 0], [1, 0], [0, 2]] {
            var opener = try #require(FrameOpener(key: key, header: header))
            let opened = wrong.map { opener.open(frames[$0])?.plain }
            #expect(opened.last == .some(nil), "\(wrong)")
        }
        for place in frames[0].indices {
            var opener = try #require(FrameOpener(key: key, header: header))
            var damaged = frames[0]
            damaged[place] ^= 1
            #expect(opener.open(damaged) == nil)
            #expect(opener.open(frames[1]) == nil)
        }
    }

    @Test func `open under no other key or header, and take any bytes`() throws {
        let (header, frames) = sealed([[1]])
        var other = try #require(FrameOpener(key: .random(), header: header))
        #expect(other.open(frames[0]) == nil)
        var moved = try #require(FrameOpener(key: key, header: header.reversed()))
        #expect(moved.open(frames[0]) == nil)
        #expect(FrameOpener(key: key, header: []) == nil)
        for count in 0..<40 {
            var opener = try #require(FrameOpener(key: key, header: header))
            #expect(opener.open([UInt8](repeating: 0, count: count)) == nil)
        }
    }
}

@Suite struct `Keys for one purpose` {
    @Test func `two ephemeral keys give both sides one secret, and nobody else`() throws {
        let (mine, yours, stranger) = (EphemeralKey(), EphemeralKey(), EphemeralKey())
        let secret = try #require(mine.shared(with: yours.publicBytes))
        #expect(yours.shared(with: mine.publicBytes) == secret)
        #expect(stranger.shared(with: mine.publicBytes) != secret)
        #expect(secret.count == EphemeralKey.length)
    }

    @Test func `a point whose secret anybody could know is refused`() {
        let nothing = [UInt8](repeating: 0, count: 32)
        #expect(EphemeralKey().shared(with: nothing) == nil)
        #expect(EphemeralKey().shared(with: [1] + nothing.dropLast()) == nil)
        #expect(EphemeralKey().shared(with: []) == nil)
    }

    @Test func `a letter opens for its addressee alone`() throws {
        let (mine, other) = (Identity.random(), Identity.random())
        let letter = try #require(mine.publicHalf.seal([1, 2, 3]))
        #expect(letter.count == 3 + Identity.overhead)
        #expect(mine.open(letter) == [1, 2, 3])
        #expect(other.open(letter) == nil)
        for place in letter.indices {
            var damaged = letter
            damaged[place] ^= 1
            #expect(mine.open(damaged) == nil)
        }
        for count in [0, 47, 48, 100] {
            #expect(mine.open([UInt8](repeating: 7, count: count)) == nil)
        }
    }

    @Test func `an identity comes back from what was written down`() throws {
        let mine = Identity.random()
        let again = Identity(secret: try SecretKey(base64: mine.secretBase64))
        #expect(again.publicHalf == mine.publicHalf)
        #expect(PublicIdentity(base64: mine.publicHalf.base64) == mine.publicHalf)
        #expect(PublicIdentity(base64: "abc") == nil)
        #expect(!"\(mine)".contains(mine.secretBase64))
    }

    @Test func `a fingerprint tells keys apart without telling them`() throws {
        let key = SecretKey.random()
        let again = try SecretKey(base64: key.base64)
        #expect(key.fingerprint == again.fingerprint)
        #expect(key.fingerprint != SecretKey.random().fingerprint)
        #expect(key.fingerprint.count == 16)
    }
}
