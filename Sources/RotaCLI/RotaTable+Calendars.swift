// The commands about calendars.

internal import CommandTable

extension RotaTable {
    private static let calendarName = Argument(
        "NAME",
        "The calendar's name",
        from: .names(of: "calendar")
    )

    static let calendars = [
        Command(
            "calendar list",
            "List calendars",
            details: "A calendar is made and changed by apply, from a manifest of kind calendar, "
                + "or by calendar import.",
            options: [limit],
            examples: [Example("rota calendar list", "")]
        ),
        Command(
            "calendar show",
            "Show a year of a calendar",
            details: "Twelve months with the numbers of the days that are in; the others are dots.",
            arguments: [calendarName],
            options: [.number("year", "YEAR", "This year if not given", in: 1970...2199)],
            examples: [
                Example(
                    "rota calendar show cn-workdays --year 2026",
                    "Look before you rely on it."
                ),
                Example(
                    "rota calendar show cn-workdays -o json",
                    "With the year's days as a list."
                ),
            ]
        ),
        Command(
            "calendar import",
            "Make a calendar of an iCalendar file",
            details: "Takes the days of all events that last whole days. With --workweek they are "
                + "taken out of Monday to Friday, otherwise they are the calendar's days. Events "
                + "that the file marks as make-up workdays, or whose summary has the text of "
                + "--include-matching in it, count as workdays. A calendar that is there keeps "
                + "its description and periods.",
            arguments: [
                Argument("FILE", "The file, or - for standard input", from: .files)
            ],
            options: [
                .text("name", "NAME", "The calendar's name", from: .names(of: "calendar")),
                .text(
                    "as",
                    "WHAT",
                    "What the days are to the calendar",
                    from: .choices(["include", "exclude"])
                ),
                .flag("workweek", "Monday to Friday are in, unless taken out"),
                .repeated("include-matching", "TEXT", "Days of events with this text are in"),
                .flag("plan", "Only show what would change; exit 1 if something would"),
                confirmed,
            ],
            examples: [
                Example(
                    "rota calendar import cn.ics --name cn-workdays --workweek "
                        + "--include-matching 班",
                    "Workdays: without holidays, with make-up days."
                ),
                Example("rota calendar import closed.ics --name closed --plan", "Look first."),
            ]
        ),
        Command(
            "calendar test",
            "Tell whether days are in a calendar",
            details: "Exits with 0 if all of them are, with 1 if one is not.",
            arguments: [
                calendarName, Argument("DATE", "Days, as in 2026-02-17", count: .several),
            ],
            examples: [
                Example("rota calendar test cn-workdays 2026-02-14 2026-02-17", "In, and out.")
            ]
        ),
        Command(
            "calendar rm",
            "Delete a calendar that no job goes by",
            arguments: [calendarName],
            options: [confirmed],
            examples: [Example("rota calendar rm closed --yes", "")]
        ),
    ]
}
