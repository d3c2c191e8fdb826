// One scheduler under a pen: every event gives one line that says what came of it.

import CronEval
import LockLease
import Scheduler
import Vocabulary

/// Drives one machine and writes down its actions; times count in seconds from a full minute.
struct Transcript {
    static let origin = Instant(unixSeconds: 1_000_000_020)

    var machine: SchedulerMachine
    /// How far the wall clock was set off.
    var step = Duration.zero
    private var names: [RequestID: String] = [:]
    private var plans: [String: (id: RequestID, items: [ClaimItem])] = [:]

    init(me: NodeName, settings: SchedulerSettings = SchedulerSettings(), seed: UInt64 = 1) {
        machine = SchedulerMachine(
            me: me,
            settings: settings,
            zones: Simulation.zones,
            seed: seed
        )
    }

    static func instant(_ seconds: Double) -> Instant {
        origin.advanced(by: .milliseconds(Int64((seconds * 1_000).rounded())))
    }

    /// Hands in an event; the line lists the actions in order.
    mutating func at(_ seconds: Double, _ event: SchedulerEvent) -> String {
        let moment = Moment(
            wall: Self.instant(seconds).advanced(by: step),
            monotonic: MonotonicInstant(sinceBoot: .milliseconds(Int64(seconds * 1_000) + 100_000))
        )
        let actions = machine.handle(event, at: moment)
        return actions.map { describe($0) }.joined(separator: "; ")
    }

    /// Answers the claim that a line called `name`: by default everything is won.
    mutating func at(
        _ seconds: Double,
        won name: String,
        _ change: ([ClaimOutcome]) -> [ClaimOutcome] = { $0 }
    ) -> String {
        guard let plan = plans[name] else { return "there was no \(name)" }
        let outcomes = plan.items.enumerated().map { index, item in
            ClaimOutcome.won(grants(of: item, from: Int64(index * 10)))
        }
        return at(seconds, .claimed(plan.id, change(outcomes)))
    }

    func plan(_ name: String) -> (id: RequestID, items: [ClaimItem])? { plans[name] }

    func request(_ name: String) -> RequestID {
        plans[name]?.id ?? RequestID("none")
    }

    private func grants(of item: ClaimItem, from number: Int64) -> [Grant] {
        let runs: [(RunID, Instant, Cause)] =
            switch item.subject {
            case .instants(_, _, let runs, _): runs.map { ($0.run, $0.instant, $0.cause) }
            case .trigger(_, let run): [(run, Self.origin, .manual(by: "somebody"))]
            }
        return runs.enumerated().map { index, run in
            Grant(
                run: run.0,
                key: RunKey(job: item.job, instant: run.1),
                cause: run.2,
                fence: Fence(number + Int64(index)),
                digest: .zero
            )
        }
    }

    // MARK: Words

    private mutating func describe(_ action: SchedulerAction) -> String {
        switch action {
        case .claim(let id, let items):
            let name = names[id] ?? "c\(names.count + 1)"
            names[id] = name
            plans[name] = (id, items)
            return "claim \(name): " + items.map { describe($0) }.joined(separator: ", ")
        case .start(let grant):
            return "start \(grant.key.job) \(time(grant.key.instant))"
        case .readCursors(let uids):
            return "read " + uids.map(\.text).joined(separator: " ")
        case .settle(let notes):
            return "settle " + notes.map { time($0.through) }.joined(separator: " ")
        case .pass(let notes):
            return "pass " + notes.map { time($0.through) }.joined(separator: " ")
        case .ran(let placements):
            return "ran " + placements.map { "\($0.job)@\($0.node)" }.joined(separator: " ")
        case .wake(let instant): return "wake \(time(instant))"
        case .refresh(let uids): return "refresh " + uids.map(\.text).joined(separator: " ")
        }
    }

    private func describe(_ item: ClaimItem) -> String {
        switch item.subject {
        case .instants(let from, let to, let runs, let skips):
            let starts = runs.map { " +\(time($0.instant))\($0.cause == .catchUp ? "!" : "")" }
            let gaps = skips.map {
                " -\(time($0.from))..\(time($0.through))×\($0.count) \($0.reason.rawValue)"
            }
            return "\(item.job) \(time(from))→\(time(to))" + gaps.joined() + starts.joined()
        case .trigger(let id, _): return "\(item.job) \(id)"
        }
    }

    private func time(_ instant: Instant) -> String {
        let milliseconds = Self.origin.duration(to: instant).milliseconds
        let (whole, rest) = (milliseconds / 1_000, abs(milliseconds % 1_000))
        guard rest > 0 else { return "\(whole)" }
        let digits = "\(rest.padded(to: 3))"
        return "\(milliseconds < 0 && whole == 0 ? "-" : "")\(whole).\(digits)"
    }
}

extension Transcript {
    /// Makes a node that takes part: members, slots and trust are told at second 0.
    static func node(
        _ rank: Int = 0,
        of count: Int = 1,
        for uid: String = "job",
        slots: Int = 10,
        settings: SchedulerSettings = SchedulerSettings()
    ) -> Self {
        let names = (0..<count).map { NodeName("node-\($0)") }
        let ranked = VirtualShard(of: UID(uid)).ranked(names)
        var transcript = Transcript(me: ranked[rank], settings: settings)
        _ = transcript.at(0, .members(names.map { Candidate(name: $0) }))
        _ = transcript.at(0, .slots(free: slots))
        _ = transcript.at(0, .trusted(until: MonotonicInstant(sinceBoot: .seconds(1_000_000))))
        return transcript
    }

    static func entry(
        _ uid: String = "job",
        every period: Int = 10,
        created: Double = 1,
        revision: UInt64 = 1,
        _ change: (inout Job) -> Void = { _ in }
    ) -> JobEntry {
        JobEntry(
            uid: UID(uid),
            name: ObjectKey(tenant: "t", kind: .job, name: uid),
            revision: Revision(epoch: 1, sequence: revision),
            job: job(every: period, change),
            createdAt: instant(created)
        )
    }
}
