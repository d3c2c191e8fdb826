import CronEval
import JobList
import Platform
import Testing
import Vocabulary

@testable import Master

/// Which instant a time stands for, along a job's life.
@Suite struct `A question about a time` {
    private let zones = ZoneCatalog { ZoneInfoFiles.bytes(named: $0) }

    private func at(_ text: String) throws -> Instant { try #require(Instant(rfc3339: text)) }

    /// Made at 00:00, hourly until an edit at 06:30, every half hour since, paused from 09:00 on.
    private func timeline() throws -> JobTimeline {
        let born = try at("2026-01-01T00:00:00Z")
        let record = ObjectRecord(
            key: ObjectKey(tenant: "t", kind: .job, name: "j"),
            uid: UID("u"),
            version: Version(1),
            revision: Revision(epoch: 1, sequence: 1),
            isDeleted: false,
            body: [],
            digest: .zero,
            createdAt: born,
            updatedAt: born,
            author: "li"
        )
        let spec = JobSpec(task: .shell(ShellTask(command: "x")), schedule: "*/30 * * * *")
        let era = Era(
            schedule: "0 * * * *",
            timeZone: "UTC",
            isPaused: false,
            until: try at("2026-01-01T06:30:00Z")
        )
        let pause = Pause(reason: "", since: try at("2026-01-01T09:00:00Z"))
        let job = Job(spec: spec, pause: pause, eras: [era])
        return JobTimeline(record: record, job: job, zones: zones)
    }

    private func question(
        _ asked: String?,
        now: String = "2026-01-01T08:10:00Z"
    ) throws
        -> WhyQuestion
    {
        WhyQuestion(try asked.map(at), at: try at(now), along: try timeline())
    }

    @Test func `without one is about the newest instant, or the first to come`() throws {
        #expect(try question(nil).at == at("2026-01-01T08:00:00Z"))
        #expect(try question(nil, now: "2026-01-01T00:00:30Z").at == at("2026-01-01T01:00:00Z"))
    }

    @Test func `finds the instant in the second that was named`() throws {
        let due = try question("2026-01-01T08:00:00Z")
        #expect(due.calling == .due)
        #expect(try due.before == at("2026-01-01T07:30:00Z"))
        #expect(try due.after == at("2026-01-01T08:30:00Z"))
        #expect(try question("2026-01-01T06:00:00Z").calling == .due)
    }

    @Test func `goes by the schedule that was in force then`() throws {
        let old = try question("2026-01-01T05:30:00Z")
        #expect(old.calling == .notDue)
        #expect(try old.at == at("2026-01-01T05:30:00Z"))
        #expect(try old.before == at("2026-01-01T05:00:00Z"))
        #expect(try old.after == at("2026-01-01T06:00:00Z"))
        let clock = try timeline().clock(
            at: old.at,
            of: Job(spec: JobSpec(task: .shell(.init(command: ""))))
        )
        #expect(clock.schedule == "0 * * * *")
        #expect(try clock.until == at("2026-01-01T06:30:00Z"))
    }

    @Test func `knows instants to come, paused or not`() throws {
        let future = try question("2026-01-01T10:30:00Z")
        #expect(future.calling == .due)
        #expect(try timeline().span(at: future.at)?.stretch.isPaused == true)
        #expect(
            try timeline().next(after: at("2026-01-01T08:45:00Z")) == at("2026-01-01T09:00:00Z")
        )
    }

    @Test func `before the job goes by its present schedule`() throws {
        #expect(try question("2025-12-31T23:30:00Z").calling == .due)
        #expect(try question("2025-12-31T23:31:00Z").calling == .notDue)
    }

    @Test func `finds what nobody's schedule names`() throws {
        let byHand = try at("2026-01-01T07:11:03.001Z")
        let asked = try at("2026-01-01T07:11:03Z")
        let now = try at("2026-01-01T08:10:00Z")
        let question = WhyQuestion(asked, at: now, along: try timeline(), besides: [byHand])
        #expect(question.at == byHand)
        #expect(question.calling == .notDue)
    }

    @Test func `a stretch of the past has each instant once, in order`() throws {
        let found = try timeline().instants(
            from: at("2025-12-31T23:00:00Z"),
            through: at("2026-01-01T10:00:00Z"),
            limit: 100
        )
        let expected = try [
            "2025-12-31T23:00:00Z", "2025-12-31T23:30:00Z", "2026-01-01T00:00:00Z",
            "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z", "2026-01-01T03:00:00Z",
            "2026-01-01T04:00:00Z", "2026-01-01T05:00:00Z", "2026-01-01T06:00:00Z",
            "2026-01-01T07:00:00Z", "2026-01-01T07:30:00Z", "2026-01-01T08:00:00Z",
            "2026-01-01T08:30:00Z", "2026-01-01T09:00:00Z", "2026-01-01T09:30:00Z",
            "2026-01-01T10:00:00Z",
        ].map(at)
        #expect(found == expected)
        let some = try timeline().instants(
            from: at("2026-01-01T05:00:00.001Z"),
            through: at("2026-01-01T10:00:00Z"),
            limit: 2
        )
        #expect(try some == [at("2026-01-01T06:00:00Z"), at("2026-01-01T07:00:00Z")])
    }
}

@Suite struct `A wish for a backfill` {
    private let now = Instant(unixSeconds: 1_800_000_000)

    private func refusal(_ document: Value) -> String? {
        do throws(Problem) {
            _ = try BackfillWish(document, at: now)
            return nil
        } catch {
            return error.detail
        }
    }

    @Test(
        arguments: [
            ([:], "from is an instant, as in 2026-12-01T06:00:00Z."),
            (
                ["from": "2026-12-02T00:00:00Z", "to": "2026-12-01T00:00:00Z"],
                "to is 2026-12-01T00:00:00Z, which is before from, 2026-12-02T00:00:00Z."
            ),
            (
                ["from": "2026-12-02T00:00:00Z", "to": "2028-12-01T00:00:00Z"],
                """
                to is 2028-12-01T00:00:00Z, which is still to come; it is 2027-01-15T08:00:00Z now.
                """
            ),
            (
                ["from": "2026-12-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "limit": 10_001],
                "limit is a number from 1 to 10000."
            ),
            (
                ["from": "2026-12-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "again": "yes"],
                "again is true or false."
            ),
        ] as [(Value, String)]
    )
    func `that makes no sense is refused with a sentence`(_ document: Value, _ sentence: String) {
        #expect(refusal(document) == sentence)
    }
}
