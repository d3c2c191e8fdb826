// Where croniter differs.

extension JudgeRules {
    static let croniter = JudgeRules(
        rejects: [
            .timed, .zonePrefix, .plus, .beforeLast, .lastWorking, .lastByHash, .lastNamed,
            SyntaxRule("W stands alone") { $0.hasItem(.date) { $0.hasNearest && !$0.isAlone } },
            SyntaxRule("# and other days of week are not mixed", mixesOccurrences),
            .lastWeekday,
            SyntaxRule("no year after 2099") { shape in
                shape.hasItem(.year) { $0.ends.contains { ($0 ?? 0) > 2099 } }
            },
        ],
        accepts: [
            ItemRule("R draws a value") { $0.head == "R" || $0.text.hasPrefix("R(") }
        ],
        acceptsTexts: [
            SyntaxRule("macros in any case") {
                $0.text.hasPrefix("@") && $0.text != $0.text.lowercased()
            }
        ],
        habits: [
            HabitRule("a star anywhere frees a day field") { $0.star = .anywhere },
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

/// Whether days of week stand beside `#` that neither it names nor are all there are.
private func mixesOccurrences(_ shape: Shape) -> Bool {
    guard let items = shape.field(.weekday)?.items else { return false }
    var habits = Habits()
    habits.isEqualRangeWhole = true
    var (plain, named): (Set<Int>, Set<Int>) = ([], [])
    for item in items where item.text != "*" {
        for read in PlainField(item.text, kind: .weekday, habits: habits)?.items ?? [] {
            switch read {
            case .values(let values): plain.formUnion(values)
            case .nth(let day, _): named.insert(day)
            case .beforeLast, .nearest, .nearestBeforeLast, .last: break
            }
        }
    }
    let stars = items.contains { $0.text == "*" } ? 1 : 0
    return !named.isEmpty && !plain.isSubset(of: named)
        && plain.union(named).count + stars != 7
}
