// The search against a slow evaluator that is right by looking at it.

import CronProof
import FoundationEssentials
import TestSupport
import Testing

/// Random schedules, compared with `CronProof`'s reference; `make prove-cron` does it at length.
///
/// `ROTA_CRON_CASES` schedules in all, drawn from `ROTA_CRON_SEED`.
@Suite(.tags(.randomized)) struct `Search and reference` {
    static let environment = ProcessInfo.processInfo.environment
    static let schedules = environment["ROTA_CRON_CASES"].flatMap { Int($0) } ?? 3_000
    static let seed = environment["ROTA_CRON_SEED"].flatMap { UInt64($0) } ?? 20_241_103

    private func prove(_ kind: ProofKind) throws -> ProofTally {
        let prover = try Prover(seed: Self.seed)
        var tally = ProofTally()
        for batch in 0..<kind.batches(for: Self.schedules) {
            try prover.run(kind, batch: batch, into: &tally)
        }
        return tally
    }

    @Test func `around clock changes all fires are found, from both sides`() throws {
        let tally = try prove(.clockChanges)
        #expect(tally.answers[.forward] ?? 0 > 5_000)
    }

    @Test func `where clocks change within a minute all fires are found`() throws {
        let tally = try prove(.oddSeconds)
        #expect(tally.answers[.forward] ?? 0 > 200)
    }

    @Test func `on any days, also the first and last, all fires are found`() throws {
        let tally = try prove(.anywhere)
        #expect(tally.answers[.forward] ?? 0 > 500)
    }

    @Test func `over years all days are those of fields and calendar`() throws {
        let tally = try prove(.years)
        #expect(tally.answers[.forward] ?? 0 > 5_000)
    }

    @Test func `intervals fire by their grid, on days of the calendar`() throws {
        let tally = try prove(.intervals)
        #expect(tally.answers[.forward] ?? 0 > 1_000)
    }

    @Test func `single instants are moved by whole days`() throws {
        let tally = try prove(.instants)
        #expect(tally.answers[.forward] ?? 0 > 20)
    }

    @Test func `next and previous are one set seen from two sides`() throws {
        let tally = try prove(.laws)
        #expect(tally.answers[.law] ?? 0 > 10_000)
    }

    @Test func `a count over decades is what a list would have`() throws {
        let tally = try prove(.decades)
        #expect(tally.answers[.forward] ?? 0 > 1_000)
    }
}
