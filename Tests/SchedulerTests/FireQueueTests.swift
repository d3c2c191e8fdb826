import TestSupport
import Testing
import Vocabulary

@testable import Scheduler

@Suite struct `The queue of fires` {
    /// What the queue is compared with, and the queue itself.
    private struct Pair {
        static let slots = 40

        var jobs = JobTable()
        var queue = FireQueue()
        /// When each slot is due, and whether it was filed rather than called for.
        var model: [JobSlot: (at: Instant, isFiled: Bool)] = [:]

        init() {
            for slot in 0..<Self.slots {
                _ = jobs.insert(UID(Digest(high: UInt64(slot), low: 1).description))
            }
        }

        mutating func set(_ slot: JobSlot, at instant: Instant, isFiled: Bool) {
            remove(slot)
            if isFiled {
                queue.file(slot, at: instant, &jobs)
            } else {
                queue.alarm(slot, at: instant, &jobs)
            }
            model[slot] = (instant, isFiled)
        }

        mutating func remove(_ slot: JobSlot) {
            queue.remove(slot, &jobs)
            model[slot] = nil
        }

        mutating func file(_ slot: JobSlot, in spot: inout FireQueue.Spot) {
            var record = jobs[record: slot]
            queue.file(slot, &record, in: &spot, &jobs)
            jobs[record: slot] = record
        }

        /// The next slot, after lists in its way were opened.
        mutating func first() -> (slot: JobSlot, at: Instant)? {
            while let first = queue.first(jobs) {
                if case .slot(let slot, let at) = first { return (slot, at) }
                guard let list = queue.takeList(&jobs) else { return nil }
                let start = Instant(unixSeconds: list.second)
                queue.takeBack(
                    list.slots.map { ($0, list.isWhole ? start : model[$0]?.at ?? start) },
                    &jobs
                )
            }
            return nil
        }
    }

    @Test(.tags(.randomized))
    func `is what a sorted list would be`() {
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            var pair = Pair()
            for _ in 0..<400 {
                let slot = Int.random(in: 0..<Pair.slots, using: &random)
                switch Int.random(in: 0..<5, using: &random) {
                case 0: pair.remove(slot)
                case 1:
                    let expected = pair.model.min { ($0.value.at, $0.key) < ($1.value.at, $1.key) }
                    let first = pair.first()
                    #expect(first?.slot == expected?.key, "seed \(seed)")
                    #expect(first?.at == expected?.value.at, "seed \(seed)")
                    if let first { pair.remove(first.slot) }
                case let kind:
                    let whole = Int64.random(in: -5..<30, using: &random) * 1_000
                    let rest = Int64.random(in: 0..<3, using: &random) * 333
                    let instant = Instant(unixMilliseconds: whole + (kind < 4 ? 0 : rest))
                    pair.set(slot, at: instant, isFiled: kind > 2)
                }
                #expect(pair.queue.count == pair.model.count)
                let entry = pair.model[slot]
                let alarm = entry?.isFiled == false ? entry?.at : nil
                #expect(pair.queue.alarm(of: slot, pair.jobs) == alarm)
            }
        }
    }

    @Test func `says when its first list begins, to the millisecond, before it is opened`() {
        var pair = Pair()
        pair.set(3, at: Instant(unixMilliseconds: 5_400), isFiled: true)
        #expect(pair.queue.first(pair.jobs)?.at == Instant(unixMilliseconds: 5_400))
        pair.set(4, at: Instant(unixMilliseconds: 5_399), isFiled: true)
        #expect(pair.queue.first(pair.jobs)?.at == Instant(unixMilliseconds: 5_399))
        pair.remove(3)
        pair.remove(4)
        #expect(pair.queue.first(pair.jobs) == nil)
    }

    @Test func `files where a list was that has become another's`() {
        var pair = Pair()
        var spot = pair.queue.spot(at: Instant(unixMilliseconds: 5_250))
        for slot in [3, 7] { pair.file(slot, in: &spot) }
        for slot in [3, 7] { pair.queue.remove(slot, &pair.jobs) }
        pair.set(4, at: Instant(unixSeconds: 9), isFiled: true)
        for slot in [7, 3] { pair.file(slot, in: &spot) }
        #expect(pair.queue.first(pair.jobs)?.at == Instant(unixMilliseconds: 5_250))
        #expect(pair.queue.takeList(&pair.jobs)?.slots.sorted() == [3, 7])
        #expect(pair.queue.takeList(&pair.jobs)?.slots == [4])
        #expect(pair.queue.count == 0)
    }

    /// The first second of 1970 is like all others.
    @Test(arguments: [Int64(5_250), 250])
    func `files anew where a list was that is there no more`(milliseconds: Int64) {
        var pair = Pair()
        let instant = Instant(unixMilliseconds: milliseconds)
        var spot = pair.queue.spot(at: instant)
        pair.file(3, in: &spot)
        pair.queue.remove(3, &pair.jobs)
        for slot in [7, 4] { pair.file(slot, in: &spot) }
        #expect(pair.queue.first(pair.jobs)?.at == instant)
        #expect(pair.queue.takeList(&pair.jobs)?.slots.sorted() == [4, 7])
        #expect(pair.queue.first(pair.jobs) == nil)
    }

    @Test func `keeps nothing of what was taken out`() {
        var pair = Pair()
        for round in Int64(0)..<20_000 {
            pair.set(Int(round) % 40, at: Instant(unixSeconds: round), isFiled: round % 2 == 0)
        }
        let footprint = pair.queue.footprint
        #expect(footprint < 64_000, "\(footprint) bytes for 40 slots")
    }
}
