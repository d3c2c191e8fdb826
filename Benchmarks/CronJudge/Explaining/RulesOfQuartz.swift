// Where Quartz differs.

extension JudgeRules {
    /// What is known of Quartz, asked in `year`.
    static func quartz(in year: Int) -> JudgeRules {
        JudgeRules(
            rejects: rejectsOfQuartz,
            accepts: [
                ItemRule("overlooks empty elements") { $0.text.isEmpty },
                ItemRule("overlooks what follows a number or star") {
                    $0.text.first.map { $0.isNumber || "*/".contains($0) } ?? false
                },
                ItemRule("takes L for a month and breaks off") {
                    $0.kind == .month && $0.text.hasPrefix("L")
                },
                ItemRule("overlooks what follows a name") {
                    $0.kind.value($0.text.prefix(3)) != nil && $0.text.first?.isLetter == true
                },
            ],
            habits: [
                HabitRule("skipped times are lost") { $0.skipped = .never },
                HabitRule("of repeated times the second counts") { $0.repeated = .last },
                HabitRule("forgets the pass of the start") { $0.startOnWall = .everybody },
                HabitRule("a step behind a name is overlooked") {
                    $0.isStepOfNamesOverlooked = true
                },
                HabitRule("nW and L-nW look beyond the month") { $0.doesNearestLookBeyond = true },
                HabitRule("knows a hundred years") { $0.lastYear = year + 100 },
            ],
            quirks: [
                QuirkRule(
                    "the rest of an hour is lost whose beginning is skipped",
                    about: { $0.isRagged && $0.shift > 0 },
                    in: { $0.start...$0.start + 3_600 },
                    predicts: { $0.isMissing }
                )
            ],
            hangs: [
                HangRule(
                    "L-n in months that have no such day",
                    about: { $0.countsFarBack },
                    at: nil
                ),
                HangRule(
                    "a working day whose midnight is skipped",
                    about: { $0.asksForWorkingDay },
                    at: { $0.skipsMidnight }
                ),
            ]
        )
    }

    private static var rejectsOfQuartz: [SyntaxRule] {
        [
            .macros, .timed, .zonePrefix, .plus, .lastByHash,
            SyntaxRule("one day field at most is restricted") { $0.restrictsBothDays },
            SyntaxRule("names and numbers do not mix in a range") { shape in
                shape.hasItem { item in
                    guard item.kind == .month || item.kind == .weekday else { return false }
                    let ends = item.head.split(separator: "-")
                    return ends.count == 2 && ends[0].first?.isLetter != ends[1].first?.isLetter
                }
            },
            SyntaxRule("no step beyond the field, but in ranges") { shape in
                shape.hasItem { item in
                    item.range == nil && item.text.first?.isLetter == false
                        && item.step.map { $0 > item.kind.widestQuartzStep } ?? false
                }
            },
            SyntaxRule("no L, W or # in lists") { shape in
                shape.items.contains {
                    !$0.isAlone
                        && ($0.hasLastDate || $0.hasNearest || $0.hasOccurrence
                            || $0.hasLastWeekday)
                }
            },
        ]
    }
}

extension PlainFieldKind {
    fileprivate var widestQuartzStep: Int {
        switch self {
        case .second, .minute: 59
        case .hour: 23
        case .date: 31
        case .month: 12
        case .weekday: 7
        case .year: .max
        }
    }
}

extension PlainReading {
    /// Whether `nW`, `LW` or `L-nW` is in it.
    fileprivate var asksForWorkingDay: Bool {
        date.items.contains { item in
            switch item {
            case .nearest, .nearestBeforeLast: true
            case .values, .beforeLast, .nth, .last: false
            }
        }
    }

    /// Whether `L-n` or `L-nW` leads out of some month.
    fileprivate var countsFarBack: Bool {
        date.items.contains { item in
            switch item {
            case .beforeLast(let back), .nearestBeforeLast(let back): back >= 28
            case .values, .nearest, .nth, .last: false
            }
        }
    }
}
