// One random schedule, with all that it is made from.

internal import CronEval
internal import Vocabulary

/// What a schedule is made from, to make it and to tell it.
struct ProofJob {
    var text: String
    var zone: ProofZone
    var seed = "job-1"
    /// In milliseconds.
    var anchor = 0
    var policy = ClockChangePolicy.standard
    var rule: ReferenceRule?
    /// In milliseconds.
    var jitter = 0

    /// How much later all fires are, by the words of the dialect; in milliseconds.
    var delay: Int {
        let span = min(jitter, 86_400_000)
        return span > 0 ? Int(ReferenceHash.of(seed, "jitter") % UInt64(span)) : 0
    }

    func schedule() throws(Difference) -> Schedule {
        do throws(ScheduleError) {
            return try Schedule(
                parsing: text,
                zone: zone.name,
                in: zone.catalog,
                seed: seed,
                anchor: Instant(unixMilliseconds: Int64(anchor)),
                clockChanges: policy,
                calendar: rule?.made,
                jitter: jitter == 0 ? nil : .milliseconds(jitter)
            )
        } catch {
            throw Difference("\(self) is refused: \(error)")
        }
    }

    /// Takes away what lies in blackouts, and adds what jitter adds.
    ///
    /// - Parameter fires: In milliseconds, in order, without either.
    /// - Returns: In milliseconds, in order.
    func restricted(_ fires: [Int]) -> [Int] {
        let closed = (rule?.periods ?? []).map { $0.seconds(by: zone.moments) }
        return fires.filter { fire in
            !closed.contains { $0.contains(fire.floored(by: 1_000)) }
        }
        .map { $0 + delay }
    }
}

extension ProofJob: CustomStringConvertible {
    var description: String {
        var parts = ["\"\(text)\" in \(zone.name)", "seed \(seed)"]
        if anchor != 0 { parts.append("anchor \(anchor) ms") }
        if let gap = policy.gap { parts.append("gap \(gap)") }
        if let overlap = policy.overlap { parts.append("overlap \(overlap)") }
        if let rule { parts.append(rule.text) }
        if jitter != 0 { parts.append("jitter \(jitter) ms (delay \(delay) ms)") }
        return parts.joined(separator: ", ")
    }
}

extension ClockChangePolicy {
    /// One of all twelve.
    static func random(using dice: inout SeededGenerator) -> Self {
        let gaps: [Gap?] = [nil, .next, .skip]
        let overlaps: [Overlap?] = [nil, .first, .last, .both]
        return Self(
            gap: gaps[Int.random(in: 0..<gaps.count, using: &dice)],
            overlap: overlaps[Int.random(in: 0..<overlaps.count, using: &dice)]
        )
    }
}

/// What the proof exists to find, and all that is needed to find it again.
package struct Difference: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// How much was compared.
package struct ProofTally {
    /// Schedules, by kind of proof.
    package var schedules: [ProofKind: Int] = [:]
    /// Single answers, by question.
    package var answers: [ProofQuestion: Int] = [:]

    package init() {}

    package mutating func add(_ other: Self) {
        schedules.merge(other.schedules, uniquingKeysWith: +)
        answers.merge(other.answers, uniquingKeysWith: +)
    }

    mutating func count(_ question: ProofQuestion, _ number: Int = 1) {
        answers[question, default: 0] += number
    }
}

package enum ProofQuestion: String, CaseIterable, Sendable {
    case next, previous, forward, backward, count, law
}
