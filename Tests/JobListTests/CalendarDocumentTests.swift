import CronEval
import Documents
import JobList
import TestSupport
import Testing
import Vocabulary

@Suite struct CalendarDocumentTests {
    static let whole = """
        {"description": "China 2026", "weekdays": ["sun", "mon", "tue", "wed", "thu", "fri"],
         "include": ["2026-02-14", "12-24..01-02"],
         "exclude": ["2026-02-15..2026-02-23", "10-01"],
         "periods": ["2026-12-20T18:00..2027-01-03T06:00"]}
        """

    private func at(_ seconds: Int64) -> Instant { Instant(unixSeconds: seconds) }

    @Test func `every field is read, and written back to the same spec`() throws {
        let spec = try CalendarDocument.decodeSpec(value(Self.whole))
        #expect(spec.calendar.weekdays == 0b011_1111)
        #expect(spec.calendar.included.count == 2 && spec.calendar.periods.count == 1)
        let written = CalendarDocument.encodeSpec(spec)
        #expect(try CalendarDocument.decodeSpec(written) == spec)
        #expect(written["weekdays"] == ["mon", "tue", "wed", "thu", "fri", "sun"])
        #expect(CalendarDocument.encodeSpec(CalendarSpec()) == [:])
    }

    @Test func `a stored calendar reads back with what it said before`() throws {
        var spec = try CalendarDocument.decodeSpec(value(Self.whole))
        var body = CalendarBody(spec: spec)
        for step in Int64(1)...6 {
            spec.calendar.weekdays = UInt8(step)
            body = body.edited(with: spec, at: at(step * 10))
        }
        #expect(body.eras.map(\.until) == (3...6).map { at($0 * 10) })
        #expect(body.eras.map(\.calendar.weekdays) == [2, 3, 4, 5])
        let bytes = CalendarDocument.encodeBody(body)
        #expect(try CalendarDocument.decodeBody(bytes) == body)
        spec.description = "other words"
        let described = body.edited(with: spec, at: at(90))
        #expect(described.eras == body.eras && described.spec.description == "other words")
        spec.calendar.weekdays = 99
        #expect(body.edited(with: spec, at: at(5)).eras == body.eras)
    }

    @Test func `every fault of a calendar is named at once, with its place`() throws {
        var transcript = ""
        for text in [
            #""workdays""#, #"{"weekday": ["mon"]}"#,
            #"{"weekdays": ["monday", "Tue", "mon", "mon"]}"#,
            #"{"include": ["2026-02-30", "2026-02-15..2026-02-14", 7, "13-01"]}"#,
            #"{"exclude": "2026-01-01", "periods": ["2026-12-20..2027-01-03"]}"#,
            #"{"periods": ["2026-12-20T18:00..2026-12-20T06:00"]}"#,
        ] {
            transcript += text + "\n"
            do throws(DocumentFaults) {
                let spec = try CalendarDocument.decodeSpec((try? value(text)) ?? .null)
                Issue.record("accepted \(spec)")
            } catch {
                transcript += error.faults.map { "    \($0)\n" }.joined() + "\n"
            }
        }
        try expectGolden(transcript, named: "calendar-faults.txt")
    }

    @Test func `a calendar has five thousand entries at most, of all kinds together`() throws {
        func document(_ count: Int) -> Value {
            let days = (0..<count).map { Value.string("\(CivilDate(daysSinceEpoch: Int64($0)))") }
            return [
                "include": .array(Array(days.dropLast(10))), "exclude": .array(days.suffix(10)),
            ]
        }
        #expect(throws: Never.self) { try CalendarDocument.decodeSpec(document(5_000)) }
        let error = #expect(throws: DocumentFaults.self) {
            try CalendarDocument.decodeSpec(document(5_001))
        }
        #expect(error?.faults.map(\.pointer) == ["#/spec/exclude"])
    }

    @Test func `bytes that are no calendar are faults, never a trap`() throws {
        for text in ["", "[]", "{}", #"{"spec":{},"eras":[{}]}"#, #"{"spec":{},"more":1}"#] {
            #expect(throws: DocumentFaults.self, "\(text)") {
                try CalendarDocument.decodeBody(Array(text.utf8))
            }
        }
    }

    @Test func `what a job makes of calendars is checked, and told where`() throws {
        var freeze = DayCalendar()
        freeze.periods = [try CalendarPeriod(parsing: "2026-12-20T18:00..2027-01-03T06:00")]
        let calendars = [
            "workdays": DayCalendar(weekdays: DayCalendar.workweek), "freeze": freeze,
            "sundays": DayCalendar(weekdays: 1),
        ]
        var transcript = ""
        for text in [
            #"{"calendar": {"only": "workday"}}"#, #"{"calendar": {"except": ["freeze", "nope"]}}"#,
            #"{"calendar": {"only": "freeze"}}"#,
            #"{"schedule": "0 9 * * SUN", "calendar": {"only": "workdays"}}"#,
            #"{"schedule": "0 9 * * SUN", "calendar": {"only": "workdays", "shift": "next"}}"#,
            #"{"schedule": "0 9 * * SUN", "calendar": {"except": ["freeze", "sundays"]}}"#,
            #"{"schedule": "@every 1h", "calendar": {"only": "sundays", "shift": "next"}}"#,
            #"{"calendar": {}}"#, #"{"calendar": {"only": "sundays", "shift": "later"}}"#,
            #"{"calendar": "workdays"}"#, #"{"calendar": {"except": "freeze"}}"#,
        ] {
            transcript += text + "\n"
            var document = try value(text).object ?? [:]
            document["shell"] = "x"
            do throws(DocumentFaults) {
                let spec = try JobDocument.decodeSpec(.object(document), zones: zones)
                let faults = CalendarCheck.faults(
                    of: spec,
                    calendars: calendars,
                    known: calendars.keys.sorted(),
                    zones: zones
                )
                transcript += faults.map { "    \($0)\n" }.joined() + "\n"
            } catch {
                transcript += error.faults.map { "    \($0)\n" }.joined() + "\n"
            }
        }
        try expectGolden(transcript, named: "calendar-use.txt")
    }
}
