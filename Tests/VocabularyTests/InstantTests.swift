import TestSupport
import Testing
import Vocabulary

@Suite struct `Instants` {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"),
        (1_763_702_400_250, "2025-11-21T05:20:00.250Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
    ])
    func `print as RFC 3339 and read back`(milliseconds: Int64, text: String) {
        let instant = Instant(unixMilliseconds: milliseconds)
        #expect(instant.description == text)
        #expect(Instant(rfc3339: text) == instant)
    }

    @Test(arguments: [
        "2025-02-29T00:00:00Z", "2025-01-01T24:00:00Z", "2025-01-01T00:00:60Z", "2025-01-01",
        "2025-01-01T00:00:00", "2025-01-01T00:00:00.Z", "2025-01-01T00:00:00Zx", "",
    ])
    func `are not read from anything else`(text: String) {
        #expect(Instant(rfc3339: text) == nil)
    }

    @Test func `are read with an offset`() {
        #expect(
            Instant(rfc3339: "2025-11-21T13:20:00+08:00")
                == Instant(rfc3339: "2025-11-21T05:20:00Z")
        )
    }

    @Test func `count days as the calendar does, four hundred years long`() {
        var date = CivilDate(daysSinceEpoch: -1)
        for day in Int64(0)..<146_100 {
            let next = CivilDate(daysSinceEpoch: day)
            #expect(next.daysSinceEpoch == day)
            #expect(next.weekday == (date.weekday + 1) % 7)
            date = next
        }
    }
}

@Suite struct `Durations in text` {
    @Test(arguments: [
        ("90s", 90_000), ("1h30m", 5_400_000), ("500ms", 500), ("2d", 172_800_000), ("0s", 0),
    ])
    func `are read`(text: String, milliseconds: Int64) {
        #expect(DurationText.parse(text) == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "m", "-5m", "1.5h", "30m1h", "1s1s", "99999999999999d", "5 m"])
    func `are refused`(text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test func `come back as written shortest`() {
        #expect(DurationText.format(.seconds(90)) == "1m30s")
        #expect(DurationText.format(.milliseconds(1_500)) == "1s500ms")
    }
}

@Suite struct `A pause` {
    let noon = Instant(unixSeconds: 43_200)

    private func job(until: Instant?) -> Job {
        let spec = JobSpec(task: .shell(ShellTask(command: "true")))
        return Job(spec: spec, pause: Pause(reason: "", since: .epoch, until: until))
    }

    @Test func `without an end lasts until somebody ends it`() {
        #expect(job(until: nil).pause(at: noon) != nil)
    }

    @Test func `with an end covers that instant and is over after it`() {
        let job = job(until: noon)
        #expect(job.pause(at: noon) != nil)
        #expect(job.pause(at: noon.advanced(by: .milliseconds(1))) == nil)
    }
}
