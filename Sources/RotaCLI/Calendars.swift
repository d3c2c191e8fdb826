// Calendars: lists of them, a year of one, and whether a day is in.

internal import CommandTable
internal import CronEval
internal import Vocabulary

/// Commands about calendars.
enum Calendars {
    static func list(_ session: Session) async throws(Failure) -> ExitCode {
        let items = try await session.api.list(
            "/v1/calendars",
            limit: session.invocation.number("limit") ?? .max
        )
        if let text = session.settings.format.text(ofAll: items, as: OutputFormat.title) {
            session.print(text)
            return .done
        }
        guard !items.isEmpty else {
            session.note("There are no calendars yet.")
            session.note("  Try: rota calendar import holidays.ics --name holidays")
            return .done
        }
        var table = TextTable([
            .elastic("NAME"), .fixed("VERSION"), .elastic("DAYS"), .elastic("DESCRIPTION"),
        ])
        table.rows = items.map { item in
            [
                Cell(item.text("name"), .bold),
                Cell(item["version"]?.integer.map { "\($0)" } ?? "-"),
                Cell(summary(item["spec"] ?? .null)),
                Cell(item["spec"]?.text("description") ?? ""),
            ]
        }
        session.print(table)
        return .done
    }

    static func show(_ session: Session) async throws(Failure) -> ExitCode {
        let object = try await find(session)
        let spec = object["spec"] ?? .null
        let today = session.times.now.unixSeconds.floorDivided(by: 86_400)
        let page = YearPage(
            year: session.invocation.number("year") ?? CivilDate(daysSinceEpoch: today).year,
            days: try CalendarText.calendar(spec).days,
            paint: session.settings.paint
        )
        var members = object.object ?? [:]
        let title = "calendar/\(object.text("name"))"
        members["year"] = .integer(Int64(page.year))
        members["days"] = .array(page.dates.map { .string("\($0)") })
        if let text = session.settings.format.text(of: .object(members), as: [title]) {
            session.print(text)
            return .done
        }
        session.print(head(object, page, session) + "\n" + page.text)
        return .done
    }

    static func test(_ session: Session) async throws(Failure) -> ExitCode {
        var dates: [CivilDate] = []
        for text in session.invocation.arguments("DATE") {
            guard case .once(let range)? = try? CalendarDays(parsing: text),
                range.lowerBound == range.upperBound
            else { throw .usage("DATE is \"\(text.plain)\". Write a day such as 2026-02-17") }
            dates.append(range.lowerBound)
        }
        let object = try await find(session)
        let days = try CalendarText.calendar(object["spec"] ?? .null).days
        let items = dates.map { (date: $0, isIn: days.contains($0)) }
        let values = items.map { item -> Value in
            ["date": .string("\(item.date)"), "in": .bool(item.isIn)]
        }
        switch session.settings.format {
        case .json, .jsonl, .yaml:
            session.print(session.settings.format.text(ofAll: values) { _ in "" } ?? "")
        case .table, .wide, .name:
            for item in items { session.print("\(item.date)  \(item.isIn ? "in" : "out")\n") }
        }
        return items.allSatisfy(\.isIn) ? .done : .failed
    }

    static func remove(_ session: Session) async throws(Failure) -> ExitCode {
        let object = try await find(session)
        let name = object.text("name")
        try session.confirm("Delete calendar/\(name)")
        let (answer, revision) = try await session.api.change(
            "DELETE",
            path(name),
            ifVersion: object["version"]?.integer
        )
        session.report(
            "calendar/\(name) deleted",
            revision: revision,
            object: answer,
            as: ["calendar/\(name)"]
        )
        return .done
    }

    static func path(_ name: String) -> String { "/v1/calendars/\(name.percentEncoded)" }

    private static func find(_ session: Session) async throws(Failure) -> Value {
        try await session.api.get(path(session.invocation.argument("NAME") ?? ""))
    }

    private static func head(_ object: Value, _ page: YearPage, _ session: Session) -> String {
        let spec = object["spec"] ?? .null
        let status = object["status"] ?? .null
        let jobs = CalendarText.texts(status["jobs"]).joined(separator: ", ")
        let count = status["job_count"]?.integer ?? 0
        let further = count - Int64(CalendarText.texts(status["jobs"]).count)
        let more = further > 0 ? " and \(further) more" : ""
        let lines = [
            ("calendar", object.text("name")), ("about", spec.text("description")),
            ("days", summary(spec)),
            ("jobs", count > 0 ? jobs + more : "none"),
            ("year", "\(page.year), \(page.dates.count.counted("day")) of it"),
        ]
        let periods = CalendarText.texts(spec["periods"]).map { ("period", $0) }
        return (lines + periods).filter { !$1.isEmpty }.map { key, value in
            let gap = String(repeating: " ", count: max(1, 10 - key.count))
            return session.settings.paint.apply(.dim, key) + gap + value.plain + "\n"
        }.joined()
    }

    /// `mon tue wed thu fri, 3 included, 7 excluded, 1 period`.
    private static func summary(_ spec: Value) -> String {
        let counts = [
            ("include", "included"), ("exclude", "excluded"),
        ].compactMap { member, word -> String? in
            let count = CalendarText.texts(spec[member]).count
            return count > 0 ? "\(count) \(word)" : nil
        }
        let periods = CalendarText.texts(spec["periods"]).count
        let parts =
            [CalendarText.texts(spec["weekdays"]).joined(separator: " ")].filter { !$0.isEmpty }
            + counts + (periods > 0 ? [periods.counted("period")] : [])
        return parts.isEmpty ? "none" : parts.joined(separator: ", ")
    }
}
