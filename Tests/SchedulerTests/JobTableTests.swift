import TestSupport
import Testing
import Vocabulary

@testable import Scheduler

@Suite struct `The table of jobs` {
    /// Of even numbers, uids whose keys have all the same hash.
    private func uid(_ number: UInt64) -> UID {
        let low = number % 2 == 0 ? number : 1
        return UID(Digest(high: SeededGenerator.mixed(number), low: low).description)
    }

    @Test(.tags(.randomized))
    func `is what a dictionary would be`() {
        for seed in UInt64(0)..<10 {
            var random = SeededGenerator(seed: seed)
            var table = JobTable()
            var model: [UID: (slot: JobSlot, revision: Revision, state: JobState, plan: Int)] = [:]
            for _ in 0..<4_000 {
                let number = UInt64.random(in: 0..<600, using: &random)
                // Some uids are of another form.
                let uid = number % 7 == 0 ? UID("odd-\(number)") : uid(number)
                if let known = model[uid], Bool.random(using: &random) {
                    table.setPlan(of: known.slot, to: nil)
                    table.remove(known.slot)
                    model[uid] = nil
                    continue
                }
                let isRow = Bool.random(using: &random)
                let slot =
                    model[uid]?.slot
                    ?? (isRow ? enter(uid, into: &table) : nil) ?? table.insert(uid)
                guard let slot else {
                    Issue.record("seed \(seed): there was no slot")
                    return
                }
                let entry = (slot, revision(&random), state(&random), plan(&random))
                table.setPlan(of: slot, to: entry.3)
                table.setRevision(of: slot, to: entry.1)
                table[slot] = entry.2
                model[uid] = entry
            }
            #expect(table.count == model.count, "seed \(seed)")
            #expect(Set(model.values.map(\.slot)).count == model.count)
            for (uid, entry) in model {
                #expect(table.slot(of: uid) == entry.slot, "seed \(seed)")
                #expect(table.uid(of: entry.slot) == uid)
                #expect(table.revision(of: entry.slot) == entry.revision)
                #expect(table[entry.slot] == entry.state)
                #expect(table.plan(of: entry.slot) == entry.plan)
                #expect(table[record: entry.slot].shard == VirtualShard(of: uid))
            }
            for number in UInt64(0)..<600 where model[uid(number)] == nil {
                #expect(table.slot(of: uid(number)) == nil)
            }
        }
    }

    /// Enters a job as a row of a list is: where a search for it has just ended.
    private func enter(_ uid: UID, into table: inout JobTable) -> JobSlot? {
        guard let key = UIDBits(uid).flatMap({ JobKey($0) }),
            case .vacancy(let vacancy) = table.find(key, key.hash),
            let slot = table.enter(key.hash, at: vacancy)
        else { return nil }
        table[record: slot] = JobRecord(key: key, shard: VirtualShard(of: uid))
        return slot
    }

    /// Now and then one that does not fit into a record.
    private func revision(_ random: inout SeededGenerator) -> Revision {
        let epoch = UInt32.random(in: 0..<3, using: &random)
        let high = UInt64.random(in: 0..<20, using: &random) << 32
        return Revision(epoch: epoch, sequence: high | .random(in: 0..<9, using: &random))
    }

    private func plan(_ random: inout SeededGenerator) -> Int {
        .random(in: 0..<JobTable.planLimit, using: &random)
    }

    private func state(_ random: inout SeededGenerator) -> JobState {
        var state = JobState()
        let times: [Int64] = [.min, .min + 1, -1 << 43, -5, 0, 1_764_000_000_123, 1 << 43, .max]
        state.position = Instant(unixMilliseconds: times.randomElement(using: &random) ?? 0)
        state.phase = JobState.Phase(rawValue: .random(in: 0..<10, using: &random)) ?? .dormant
        state.knowsCursor = .random(using: &random)
        state.isAhead = .random(using: &random)
        state.hasTurn = .random(using: &random)
        return state
    }

    @Test func `takes less than 48 bytes a job at any size, all that is reserved counted`() {
        #expect(MemoryLayout<JobRecord>.stride == 40)
        var table = JobTable()
        var worst = 0.0
        let shard = VirtualShard(number: 0)
        for number in UInt64(1)...200_000 {
            let key = JobKey(high: number, low: SeededGenerator.mixed(number))
            let record = JobRecord(key: key, shard: shard)
            guard let slot = table.insert(record, hash: key.hash) else { return }
            table.setPlan(of: slot, to: 0)
            table.setRevision(of: slot, to: Revision(epoch: 1, sequence: number))
            guard number >= 120_000, number % 5_000 == 0 else { continue }
            worst = max(worst, Double(table.footprint) / Double(number))
        }
        #expect(worst <= 47.5, "\(worst) bytes a job")
    }

    @Test func `has room for as many as were announced without growing`() {
        var table = JobTable()
        table.reserve(100_000)
        _ = table.insert(uid(1))
        let before = table.footprint
        for number in 2...UInt64(JobTable.pageSize) { _ = table.insert(uid(2 * number + 1)) }
        #expect(table.footprint == before)
    }
}
