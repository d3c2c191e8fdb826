// Where robfig/cron differs.

extension JudgeRules {
    static let robfig = JudgeRules(
        rejects: [
            .sevenFields, .sevenIsNoSunday, .wrap, .lastDate, .nearest, .occurrence,
            SyntaxRule("no + before names and stars") { shape in
                guard let text = shape.field(.weekday)?.text else { return false }
                return text.hasPrefix("+") && text.dropFirst().first?.isNumber != true
            },
            SyntaxRule("no @at") { $0.text.hasPrefix("@at ") },
            SyntaxRule("no days in @every") {
                $0.text.hasPrefix("@every ") && $0.text.contains("d")
            },
        ],
        accepts: [
            ItemRule("overlooks empty elements") { $0.text.isEmpty },
            ItemRule("takes ? for * everywhere") { $0.head == "?" },
            ItemRule("overlooks the end of a range from star") {
                $0.text.hasPrefix("*-") || $0.text.hasPrefix("?-")
            },
            ItemRule("takes signs") { $0.text.contains("+") },
        ],
        habits: [
            HabitRule("a starred step restricts its day field") { $0.star = .bare },
            HabitRule("skipped times are lost") { $0.skipped = .never },
            HabitRule("repeated times count twice") { $0.repeated = .both },
            HabitRule("+ before days of week is overlooked") { $0.isPlusOverlooked = true },
            HabitRule("@every counts from the start") { $0.isEveryFromStart = true },
            HabitRule("gives up after five years") { $0.patienceInYears = 5 },
        ],
        quirks: [
            QuirkRule(
                "goes through hours by elapsed time",
                about: { $0.isRagged },
                in: \.restOfDay,
                predicts: { $0.isMissing || $0.isOnMinute }
            ),
            QuirkRule(
                "goes on beside the hour until it finds something",
                about: { $0.isRagged },
                in: \.future,
                predicts: { $0.isMissing && $0.isBeforeRecovery && $0.isInDrift }
            ),
            QuirkRule(
                "overlooks the first of a month after a skipped midnight",
                about: { $0.skipsMidnight },
                in: \.future,
                predicts: { $0.isMissing && $0.isBeforeRecovery && $0.isOnFirst }
            ),
            QuirkRule(
                "takes a month whose first midnight is skipped for another",
                about: { $0.skipsMidnight },
                in: \.future,
                predicts: { !$0.isMissing && $0.isFirstInSkippedMonth && $0.isOnMinute }
            ),
            QuirkRule(
                "loses its way if clocks go back into the month before",
                about: { $0.returnsToMonthBefore },
                in: \.future,
                predicts: { $0.isMissing && $0.isBeforeRecovery }
            ),
            QuirkRule(
                "takes a day whose midnight is skipped for another",
                about: { $0.skipsMidnight },
                in: { $0.restOfDay.lowerBound...$0.restOfDay.upperBound + 86_400 },
                predicts: { $0.isMissing || $0.isOnMinute }
            ),
        ],
        hangs: [
            HangRule("hours by elapsed time", at: { $0.isRagged }),
            HangRule("a skipped midnight", at: { $0.skipsMidnight }),
        ]
    )
}
