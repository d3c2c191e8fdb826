// Runs for past instants: what is asked for, and what each instant gets.

package import Vocabulary

/// A wish to run past instants of a job after all.
package struct BackfillOrder: Equatable, Sendable {
    /// Instants in one order; more take several.
    package static let limit = 500

    package let job: ObjectKey
    /// In rising order.
    package let instants: [Instant]
    /// Whether what has run already, or may have, runs once more.
    package let isAgain: Bool
    /// Whether nothing is written: the answer is what would become of each instant.
    package let isPlan: Bool

    package init(job: ObjectKey, instants: [Instant], isAgain: Bool = false, isPlan: Bool = false) {
        self.job = job
        self.instants = instants
        self.isAgain = isAgain
        self.isPlan = isPlan
    }

    /// Traps on what no master may ask for.
    func check() {
        precondition(
            instants.count <= Self.limit && zip(instants, instants.dropFirst()).allSatisfy(<),
            "a backfill of \(job) with \(instants.count) instants, or out of order"
        )
    }
}

/// What becomes of one instant of a backfill.
package enum BackfillVerdict: Int64, CaseIterable, Hashable, Sendable {
    /// It never ran, and gets a trigger.
    case starts
    /// It ran, or may have, and gets a trigger all the same.
    case startsAgain
    /// Left out: it has run.
    case hasRun
    /// Left out: a run of it is under way, or waits to start.
    case isUnderWay
    /// Left out: the nodes have not decided about it yet.
    case isToCome
    /// Left out: neither a run nor a skip is kept of it, so it may have run.
    case isUnknown

    /// Whether the instant gets a trigger.
    package var isStart: Bool { self == .starts || self == .startsAgain }
}

/// Decides about each instant of a backfill by what is recorded of it.
struct BackfillPlan: Equatable {
    private(set) var verdicts: [BackfillVerdict] = []
    /// The attempt that each instant's trigger would be.
    private(set) var attempts: [Int] = []

    private struct Record {
        var isUnderWay = false
        var lastAttempt = 0
    }

    /// Decides by records that hold at least all there is about the order's instants.
    ///
    /// `skips` come oldest first. Nothing can have run for what was before `createdAt`.
    init(
        _ order: BackfillOrder,
        cursor: Instant,
        createdAt: Instant,
        runs: [RunRecord],
        waiting: [Trigger],
        skips: [SkipRange]
    ) {
        var records: [Instant: Record] = [:]
        for run in runs {
            var record = records[run.key.instant] ?? Record()
            record.isUnderWay = record.isUnderWay || run.state.isOpen
            record.lastAttempt = max(record.lastAttempt, run.key.attempt)
            records[run.key.instant] = record
        }
        for trigger in waiting { records[trigger.key.instant, default: Record()].isUnderWay = true }
        // What was restored away may have run before: such a skip proves nothing.
        var proofs = skips.filter { $0.reason != .history }[...]
        for instant in order.instants {
            while let skip = proofs.first, skip.through < instant { proofs.removeFirst() }
            let isSkipped = proofs.first.map { $0.from < instant } ?? false
            attempts.append((records[instant]?.lastAttempt ?? 0) + 1)
            if let record = records[instant] {
                verdicts.append(
                    record.isUnderWay ? .isUnderWay : order.isAgain ? .startsAgain : .hasRun
                )
            } else if instant > cursor {
                verdicts.append(.isToCome)
            } else if isSkipped || instant <= createdAt {
                verdicts.append(.starts)
            } else {
                verdicts.append(order.isAgain ? .startsAgain : .isUnknown)
            }
        }
    }

    /// The triggers to write, oldest first.
    func triggers(_ order: BackfillOrder, of job: UID) -> [RunKey] {
        guard !order.isPlan else { return [] }
        return order.instants.indices.filter { verdicts[$0].isStart }
            .map { RunKey(job: job, instant: order.instants[$0], attempt: attempts[$0]) }
    }
}

extension PackedBytes {
    /// What is remembered of a backfill.
    init(_ verdicts: [BackfillVerdict]) {
        self.init()
        for verdict in verdicts { put(verdict.rawValue) }
    }
}

extension PackedReader {
    /// The verdicts of a backfill that is sent again; `nil`: that was something else.
    mutating func backfill(of order: BackfillOrder) -> [BackfillVerdict]? {
        var verdicts: [BackfillVerdict] = []
        while !isAtEnd {
            guard let verdict = number().flatMap(BackfillVerdict.init) else { return nil }
            verdicts.append(verdict)
        }
        return verdicts.count == order.instants.count ? verdicts : nil
    }
}
