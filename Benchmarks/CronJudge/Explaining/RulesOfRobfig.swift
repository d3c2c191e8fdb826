// Where robfig/cron differs.

extension JudgeRules {
    static let robfig = JudgeRules(
        rejects: [
            .sevenFields, .sevenIsNoSunday, .wrap, .lastDate, .nearest, .occurrence,
            SyntaxRule("no + before names") { shape in
                guard let field = shape.field(.weekday) else { return false }
                return field.text.hasPrefix("+") && !(field.items[0].ends[0].map { "+\($0)" }
                    .map { field.text.hasPrefix($0) } ?? false)
            },
            SyntaxRule("no @at") { $0.text.hasPrefix("@at ") },
            SyntaxRule("no days in @every") {
                $0.text.hasPrefix("@every ") && $0.text.contains("d")
            },
        ],
        accepts: [
            ItemRule("overlooks empty elements") { $0.text.isEmpty },
            ItemRule("takes ? for * everywhere") { $0.head == "?" },
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
