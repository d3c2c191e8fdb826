import Testing
import Vocabulary

@Suite struct `The number that a uid is` {
    @Test func `is hashed as its text is`() {
        var random = SeededGenerator(seed: 1)
        var all = [UIDBits(high: 0, low: .max), UIDBits(high: 0x0123_4567_89AB_CDEF, low: 9)]
        for _ in 0..<1_000 { all.append(UIDBits(high: random.next(), low: random.next())) }
        for bits in all {
            var hash = StableHash()
            bits.add(to: &hash)
            #expect(hash.value == StableHash.of(bits.uid.text), "\(bits.uid)")
            #expect(UIDBits(bits.uid) == bits)
            let four = UIDBits.hashes(of: [all[0], bits, all[1], bits])
            #expect(
                (0..<4).map { four[$0].value }
                    == [all[0], bits, all[1], bits].map {
                        StableHash.of($0.uid.text)
                    }
            )
            #expect(VirtualShard(of: hash) == VirtualShard(of: bits.uid))
        }
    }
}
