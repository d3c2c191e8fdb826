// Where croniter differs.

extension JudgeRules {
    static let croniter = JudgeRules(
        rejects: [
            .timed, .zonePrefix, .plus, .beforeLast, .lastWorking, .lastByHash, .lastNamed,
            SyntaxRule("W stands alone") { $0.hasItem(.date) { $0.hasNearest && !$0.isAlone } },
            SyntaxRule("# and L are not mixed with plain days of week") { shape in
                guard let items = shape.field(.weekday)?.items else { return false }
                let special = items.filter { $0.hasOccurrence || $0.hasLastWeekday }
                return !special.isEmpty && special.count < items.count
            },
            .lastWeekday,
            SyntaxRule("no year after 2099") { shape in
                shape.hasItem(.year) { $0.ends.contains { ($0 ?? 0) > 2099 } }
            },
        ],
        acceptsTexts: [
            SyntaxRule("macros in any case") {
                $0.text.hasPrefix("@") && $0.text != $0.text.lowercased()
            }
        ],
        habits: [
            HabitRule("a-a is the whole field") { $0.isEqualRangeWhole = true },
            HabitRule("a wrap with a step goes on one later") { $0.isWrapLate = true },
            HabitRule("nW means the last day in short months") { $0.doesNearestClamp = true },
            HabitRule("beside W or # the other day field is overlooked") {
                $0.doSpecialsPrevail = true
            },
            HabitRule("skipped times of intervals are made up for") {
                $0.skipped = .unlessEveryHour
            },
            HabitRule("repeated times count twice") { $0.repeated = .both },
            HabitRule("days that a zone skips are made up for") { $0.hasNoCorrections = true },
            HabitRule("of skipped times the first is made up for") { $0.isMadeUpOnce = true },
            HabitRule("gives up after fifty years") { $0.patienceInYears = 50 },
        ],
        quirks: [
            QuirkRule(
                "second passes of half an hour are lost",
                about: { $0.shift < 0 && $0.isRagged },
                in: \.secondPass,
                predicts: { $0.isMissing }
            )
        ],
        hangs: [HangRule("a correction of the calendar", at: { $0.isCorrection })]
    )
}
