import RotaCLI
import Testing

/// Dates as bounds: the first instant of the day in the zone that counts.
@Suite struct DateBoundTests {
    private static let days: [(zone: String, date: String, first: String)] = [
        ("UTC", "2026-04-05", "2026-04-05T00:00:00Z"),
        // Clocks go back at 3 in the morning, which is after midnight there and UTC's before.
        ("Australia/Sydney", "2026-04-05", "2026-04-04T13:00:00Z"),
        ("Australia/Sydney", "2026-10-04", "2026-10-03T14:00:00Z"),
        ("Australia/Sydney", "2026-10-05", "2026-10-04T13:00:00Z"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"),
        ("America/New_York", "2026-11-02", "2026-11-02T05:00:00Z"),
        ("Asia/Shanghai", "2026-04-05", "2026-04-04T16:00:00Z"),
        // Clocks went from 24:00 to 1:00: the day began at 1.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        // And from 24:00 back to 23:00: the day began an hour later.
        ("America/Sao_Paulo", "2019-02-17", "2019-02-17T03:00:00Z"),
        // Midnight came twice: the first counts.
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
        // A day that was left out: it ends as it begins.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
    ]

    @Test(arguments: days)
    func `a date begins at its zone's own midnight`(
        zone: String,
        date: String,
        first: String
    ) async {
        let fake = FakeWorld(
            answer: Canned.routes([
                "GET /v1/jobs/etl": Canned.json(Canned.job("etl")),
                "GET /v1/jobs/etl/next": Canned.json(#"{"items":[]}"#),
            ])
        )
        await fake.rota("job", "next", "etl", "--from", date, "--zone", zone)
        let from = first.replacing(":", with: "%3A")
        #expect(fake.calls.first?.url.contains("from=\(from)") == true, "\(fake.transcript)")
        await fake.rota(
            "job",
            "next",
            "--expr",
            "* * * * *",
            "--from",
            date,
            "--tz",
            zone,
            "-n",
            "1",
            "-o",
            "name"
        )
        #expect(fake.output == "\(first)\n")
    }
}
