// Calendars from iCalendar files: holidays, and the days on which they are made up for.

internal import CommandTable
internal import CronEval
internal import Vocabulary

/// The command `calendar import`.
enum CalendarImport {
    /// So many notes on a file are told one by one.
    private static let shownNotes = 10

    static func run(_ session: Session) async throws(Failure) -> ExitCode {
        let given = session.invocation
        guard let name = given.text("name") else {
            throw .usage(
                "--name is missing: what to call the calendar",
                next: "rota calendar import cn.ics --name cn-workdays --workweek"
            )
        }
        guard ObjectKey.isValid(name: name) else {
            throw .usage(
                "\"\(name.plain)\" cannot be a name. Write up to 127 of a-z 0-9 . _ / -, "
                    + "beginning with a letter or digit"
            )
        }
        let file = given.argument("FILE") ?? ""
        let source = try read(file, session)
        var sorting = Sorting(given)
        for event in source.events { sorting.take(event) }
        guard !sorting.isEmpty else {
            throw Failure(
                .failed,
                "\(file.plain) has no events that last whole days",
                why: "\(source.timedEventCount) have a time of day."
            )
        }
        let present = try await current(name, session)
        var spec: [String: Value] = [:]
        spec["description"] = present["description"] ?? source.name.map { .string($0) }
        spec["periods"] = present["periods"]
        spec["weekdays"] =
            given.flag("workweek") ? ["mon", "tue", "wed", "thu", "fri"] : present["weekdays"]
        spec.merge(sorting.members) { $1 }
        return try await Manifests.apply(
            [["kind": "calendar", "name": .string(name), "spec": .object(spec)]],
            session
        )
    }

    private static func read(_ file: String, _ session: Session) throws(Failure) -> ICalendar {
        let bytes = try session.world.input(file)
        let source: ICalendar
        do throws(ICalendarError) {
            source = try ICalendar(parsing: bytes)
        } catch {
            throw Failure(.failed, "\(file.plain) cannot be read", why: error.description.plain)
        }
        for note in source.notes.prefix(shownNotes) { session.note("note: \(note)".plain) }
        let further = source.notes.count + source.furtherNoteCount - shownNotes
        if further > 0 { session.note("and \(further.counted("note")) more") }
        return source
    }

    /// What the calendar says now; nothing if there is none.
    private static func current(_ name: String, _ session: Session) async throws(Failure) -> Value {
        do throws(Failure) {
            return try await session.api.get(Calendars.path(name))["spec"] ?? [:]
        } catch {
            guard error.code == .notFound else { throw error }
            return [:]
        }
    }
}

/// Which days of a file are in and which are out.
private struct Sorting {
    private let isWorkCalendar: Bool
    private let texts: [String]
    private var included: [ClosedRange<CivilDate>] = []
    private var excluded: [ClosedRange<CivilDate>] = []

    init(_ given: Invocation) {
        texts = given.texts("include-matching")
        let standard = given.flag("workweek") || !texts.isEmpty ? "exclude" : "include"
        isWorkCalendar = given.text("as") ?? standard == "exclude"
    }

    var isEmpty: Bool { included.isEmpty && excluded.isEmpty }

    mutating func take(_ event: AllDayEvent) {
        if texts.contains(where: event.summary.contains) {
            included += event.days
        } else if event.mark == .workday {
            // Worked although it is a weekend: in among workdays, no day off among those.
            if isWorkCalendar { included += event.days } else { excluded += event.days }
        } else if isWorkCalendar {
            excluded += event.days
        } else {
            included += event.days
        }
    }

    /// The lists of a spec, in order of date and without repetitions.
    var members: [String: Value] {
        var members: [String: Value] = [:]
        for (name, days) in [("include", included), ("exclude", excluded)] where !days.isEmpty {
            let texts = Set(days.map { "\(CalendarDays.once($0))" })
            members[name] = .array(texts.sorted().map { .string($0) })
        }
        return members
    }
}
