// Draws schedules from a seed and compares each with the slow reference.

internal import CronEval
internal import Vocabulary

/// What kind of schedules, and where they are looked at.
package enum ProofKind: String, CaseIterable, Sendable {
    /// Fields, in the hours around a change of the clocks.
    case clockChanges
    /// Fields, where clocks change within a minute.
    case oddSeconds
    /// Fields, over days at any time.
    case anywhere
    /// Fields, over years.
    case years
    /// `@every`.
    case intervals
    /// `@at`.
    case instants
    /// Any schedule, compared with itself by what must hold of next and previous.
    case laws
    /// Any schedule, its count over decades compared with its list.
    case decades

    /// How many of a hundred schedules are of this kind.
    var share: Int {
        switch self {
        case .clockChanges: 44
        case .oddSeconds, .anywhere: 6
        case .years: 10
        case .intervals: 10
        case .instants: 6
        case .laws: 15
        case .decades: 3
        }
    }

    /// What is costly to prepare is shared by this many.
    static let batchSize = 20

    /// How many batches make their share of `schedules`.
    package func batches(for schedules: Int) -> Int {
        max(1, schedules * share / 100 / Self.batchSize)
    }
}

/// Compares schedules, a batch at a time.
package struct Prover {
    /// Everything follows from this and the batch's number.
    package let seed: UInt64
    let zones: ProofZones

    package init(seed: UInt64) throws(Difference) {
        self.seed = seed
        zones = try ProofZones()
    }

    /// Draws twenty schedules and compares all their answers.
    ///
    /// - Throws: The first difference, with all that it takes to see it again.
    package func run(
        _ kind: ProofKind,
        batch: Int,
        into tally: inout ProofTally
    ) throws(Difference) {
        let text = "\(seed) \(kind.rawValue) \(batch)"
        var dice = SeededGenerator(seed: StableHash.of(text))
        do throws(Difference) {
            switch kind {
            case .clockChanges: try runWindow(try aroundChange(using: &dice), &dice, &tally)
            case .oddSeconds: try runWindow(try aroundOddSecond(using: &dice), &dice, &tally)
            case .anywhere: try runWindow(try anyDays(using: &dice), &dice, &tally)
            case .years: try runYears(&dice, &tally)
            case .intervals: try runIntervals(&dice, &tally)
            case .instants: try runInstants(&dice, &tally)
            case .laws: try runLaws(&dice, &tally)
            case .decades: try runDecades(&dice, &tally)
            }
        } catch {
            throw Difference(
                """
                ROTA_CRON_SEED=\(seed) ROTA_CRON_ONLY=\(kind.rawValue)/\(batch) make prove-cron
                  \(error)
                """
            )
        }
        tally.schedules[kind, default: 0] += ProofKind.batchSize
    }

    /// Three rules that matter around `second`, and none as often.
    func rules(
        around second: Int,
        mayShift: Bool = true,
        using dice: inout SeededGenerator
    ) throws(Difference) -> [ReferenceRule?] {
        var rules: [ReferenceRule?] = [nil, nil, nil]
        do throws(CalendarError) {
            for _ in 0..<3 {
                let day = second.floored(by: 86_400) + Int.random(in: -1...1, using: &dice)
                rules.append(try .random(around: day, mayShift: mayShift, using: &dice))
            }
        } catch {
            throw Difference("a calendar is refused: \(error)")
        }
        return rules
    }

    /// Mostly none; else up to a minute, an hour, or more than counts, in milliseconds.
    func jitter(using dice: inout SeededGenerator) -> Int {
        let longest = [0, 0, 0, 60_000, 3_600_000, 200_000_000]
        return Int.random(
            in: 0...longest[Int.random(in: 0..<longest.count, using: &dice)],
            using: &dice
        )
    }
}

extension Array {
    func random(using dice: inout SeededGenerator) -> Element {
        self[Int.random(in: 0..<count, using: &dice)]
    }
}
