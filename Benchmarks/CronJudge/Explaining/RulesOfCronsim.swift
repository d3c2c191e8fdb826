// Where cronsim differs.

internal import Vocabulary

extension JudgeRules {
    static let cronsim = JudgeRules(
        rejects: [
            .sevenFields, .macros, .timed, .zonePrefix, .wrap, .questionMark, .plus, .beforeLast,
            .nearest, .lastByHash, .lastNamed,
            SyntaxRule("no dates that none of the months has") { shape in
                guard shape.field(.weekday)?.text.hasPrefix("*") == true,
                    let reading = PlainReading(shape.text)
                else { return false }
                let longest = reading.month.values.map {
                    CivilDate.length(ofMonth: $0, year: 2000)
                }
                return reading.date.items.allSatisfy {
                    if case .values = $0 { true } else { false }
                }
                    && (reading.date.values.min() ?? 0) > (longest.max() ?? 31)
            },
        ],
        habits: [
            HabitRule("a/n goes on to Sunday as 7") { $0.lastWeekday = 7 },
            HabitRule("texts with seconds follow the clock") { $0.areSecondsInterval = true },
            HabitRule("days that a zone skips are made up for") { $0.hasNoCorrections = true },
            HabitRule("forgets the pass of the start") { $0.startOnWall = .allButIntervals },
            HabitRule("a-a/n is a/n") { $0.isEqualRangeOpen = true },
            HabitRule("gives up after fifty years") { $0.patienceInYears = 50 },
        ],
        quirks: [
            QuirkRule(
                "goes through hours by elapsed time",
                about: { $0.isRagged },
                in: \.restOfDay,
                predicts: { $0.isMissing && $0.reading.isInterval }
            ),
            QuirkRule(
                "goes on beside the hour until it finds something",
                about: { $0.isRagged },
                in: \.future,
                predicts: {
                    $0.isMissing && $0.reading.isInterval && $0.isBeforeRecovery && $0.isInDrift
                }
            ),
            QuirkRule(
                "goes back to an hour's beginning",
                about: { $0.isRagged && $0.shift < 0 },
                in: { $0.start - 3_600...$0.start },
                predicts: { !$0.isMissing && $0.reading.isInterval && $0.isOnWall }
            ),
            QuirkRule(
                "a day begins at midnight, be it skipped or not",
                about: { $0.skipsMidnight },
                in: { $0.start...$0.start + 3_599 },
                predicts: {
                    $0.reading.isInterval
                        && ($0.isMissing
                            || $0.fire == $0.change.start && $0.reading.hour.values.contains(0))
                }
            ),
        ],
        hangs: [HangRule("hours by elapsed time", at: { $0.isRagged })]
    )
}
