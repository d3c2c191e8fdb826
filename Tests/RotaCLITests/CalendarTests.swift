import Documents
import Platform
import RotaCLI
import TestSupport
import Testing
import Vocabulary

/// Calendars on the command line, as golden transcripts; and what a schedule does, in words.
@Suite struct CalendarTests {
    private static let file = """
        BEGIN:VCALENDAR
        VERSION:2.0
        X-WR-CALNAME:中国节假日
        BEGIN:VEVENT
        SUMMARY:春节（休）
        DTSTART;VALUE=DATE:20260215
        DTEND;VALUE=DATE:20260224
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:春节（班）
        DTSTART;VALUE=DATE:20260214
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:劳动节
        DTSTART;VALUE=DATE:20260501
        RRULE:FREQ=YEARLY;UNTIL=20271231
        END:VEVENT
        BEGIN:VEVENT
        SUMMARY:Meeting
        DTSTART:20260501T090000Z
        END:VEVENT
        END:VCALENDAR

        """

    private func fake(_ more: [String: APIAnswer] = [:]) -> FakeWorld {
        let workdays = Canned.json(Canned.calendar("cn-workdays"))
        let plan = """
            {"results":[{"kind":"calendar","name":"x","action":"create","diff":[]}]}
            """
        let routes = [
            "GET /v1/calendars?": Canned.json(Canned.list(Canned.calendar("cn-workdays"))),
            "GET /v1/calendars/cn-workdays": workdays,
            "GET /v1/calendars/none": Canned.problem(404, "There is no calendar none"),
            "GET /v1/calendars/holidays": Canned.problem(404, "There is no calendar holidays"),
            "POST /v1/apply": Canned.json(plan, revision: "1.30"),
        ]
        return FakeWorld(
            files: [
                "/cn.ics": Self.file, "/bad.ics": "BEGIN:VCARD\n",
                "/empty.ics": "BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n",
            ],
            answer: Canned.routes(routes.merging(more) { $1 })
        )
    }

    @Test func `calendars are listed, shown by the year, and tested`() async throws {
        let fake = fake()
        await fake.rota("calendar", "list")
        await fake.rota("calendar", "list", "-o", "name")
        await fake.rota("calendar", "show", "cn-workdays")
        await fake.rota("calendar", "show", "none")
        await fake.rota("calendar", "test", "cn-workdays", "2026-02-14", "2026-02-13")
        await fake.rota("calendar", "test", "cn-workdays", "2026-02-14", "2026-02-17")
        await fake.rota("calendar", "test", "cn-workdays", "2026-02-17", "-o", "jsonl")
        await fake.rota("calendar", "test", "cn-workdays", "2026-02-30")
        try expectGolden(fake.transcript, named: "calendars.txt")
    }

    @Test func `a year as JSON has the days that are in`() async throws {
        let fake = fake()
        await fake.rota("calendar", "show", "cn-workdays", "--year", "2026", "-o", "json")
        let shown = try JSON.parse(Array(fake.output.utf8))
        let days = (shown["days"]?.array ?? []).compactMap(\.string)
        // 261 weekdays, a Saturday more, six of a holiday's nine days and 1 October less.
        #expect(days.count == 255)
        #expect(days.contains("2026-02-14") && !days.contains("2026-02-16"))
        #expect(shown["name"] == "cn-workdays" && shown["year"] == 2026)
    }

    @Test func `a calendar is imported as workdays or as days off`() async throws {
        let fake = fake()
        await fake.rota(
            line: "calendar import /cn.ics --name cn-workdays --workweek --include-matching 班"
        )
        await fake.rota(line: "calendar import /cn.ics --name holidays --plan")
        await fake.rota(line: "calendar import /cn.ics --name holidays --as exclude --yes")
        await fake.rota("calendar", "import", "/cn.ics")
        await fake.rota("calendar", "import", "/cn.ics", "--name", "CN")
        await fake.rota("calendar", "import", "/bad.ics", "--name", "holidays")
        await fake.rota("calendar", "import", "/empty.ics", "--name", "holidays")
        try expectGolden(fake.transcript, named: "calendar-import.txt")
    }

    @Test func `a calendar is deleted with a yes, and not while jobs go by it`() async throws {
        let fake = fake([
            "DELETE /v1/calendars/cn-workdays": Canned.json(
                #"{"name":"cn-workdays","deleted":true}"#,
                revision: "1.31"
            )
        ])
        await fake.rota("calendar", "rm", "cn-workdays")
        await fake.rota("calendar", "rm", "cn-workdays", "--yes")
        let busy = self.fake([
            "DELETE /v1/calendars/cn-workdays": Canned.problem(
                409,
                "In conflict with the present state",
                detail: "cn-workdays is used by etl/orders, hello."
            )
        ])
        await busy.rota("calendar", "rm", "cn-workdays", "--yes")
        try expectGolden(fake.transcript + busy.transcript, named: "calendar-rm.txt")
    }

    @Test func `an expression is explained offline, a job by its master`() async throws {
        let preview = """
            {"sentence":"at 09:00 in Asia/Shanghai, on the days that its calendars allow",\
            "words":"at 09:00","time_zone":"Asia/Shanghai","never":false,"warnings":[],\
            "notes":["a note"],"items":["2026-11-23T01:00:00Z","2026-11-24T01:00:00Z"]}
            """
        let job = """
            {"kind":"job","name":"bills","uid":"u9","version":1,"rev":"1.1","spec":{\
            "schedule":"0 9 * * *","time_zone":"Asia/Shanghai","jitter":"5m",\
            "calendar":{"only":"cn-workdays","except":["freeze"]},"shell":"x"},"status":{}}
            """
        let fake = fake([
            "GET /v1/jobs/bills": Canned.json(job),
            "POST /v1/schedules:preview": Canned.json(preview),
        ])
        await fake.rota(line: "job explain '30 2 * * *' --tz Europe/Berlin")
        await fake.rota(line: "job explain '30 2 * * *' --tz Europe/Berlin --dst-gap skip -o json")
        await fake.rota(line: "job explain '@every 90m' --jitter 10m")
        await fake.rota(line: "job explain '0 25 * * *'")
        await fake.rota(line: "job explain bills")
        await fake.rota(line: "job explain bills --jitter 5m")
        try expectGolden(fake.transcript, named: "explain.txt")
    }
}
