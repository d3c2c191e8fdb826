import JobList
import Testing
import Vocabulary

@Suite struct JobEditsTests {
    let job = Job(spec: JobSpec(task: .shell(ShellTask(command: "x")), schedule: "@hourly"))

    func at(_ minutes: Int64) -> Instant { Instant(unixSeconds: minutes * 60) }

    func spec(_ schedule: String?) -> JobSpec {
        var spec = job.spec
        spec.schedule = schedule
        return spec
    }

    func era(_ schedule: String?, isPaused: Bool = false, until minutes: Int64) -> Era {
        Era(schedule: schedule, timeZone: "UTC", isPaused: isPaused, until: at(minutes))
    }

    @Test func `a new schedule leaves the old one in force up to the edit`() {
        let edited = job.edited(with: spec("@daily"), at: at(90))
        #expect(edited.spec.schedule == "@daily")
        #expect(edited.eras == [era("@hourly", until: 90)])
    }

    @Test func `a new time zone is a new schedule`() {
        var moved = job.spec
        moved.timeZone = "Asia/Tokyo"
        #expect(job.edited(with: moved, at: at(90)).eras == [era("@hourly", until: 90)])
    }

    @Test func `a new jitter or another policy for clock changes is a new schedule`() {
        var moved = job.spec
        moved.rules.jitter = .seconds(60)
        let edited = job.edited(with: moved, at: at(90))
        #expect(edited.eras == [era("@hourly", until: 90)])
        var other = moved
        other.rules.clockChanges.gap = .skip
        let eras = edited.edited(with: other, at: at(95)).eras
        #expect(eras.map(\.rules.jitter) == [.zero, .seconds(60)])
        #expect(eras.map(\.until) == [at(90), at(95)])
    }

    @Test func `any other edit leaves no era`() {
        var other = job.spec
        other.task = .shell(ShellTask(command: "y"))
        other.overlap = .queue
        let edited = job.edited(with: other, at: at(90))
        #expect(edited == Job(spec: other))
    }

    @Test func `a pause and its end are two eras`() {
        let paused = job.paused(reason: "moving", at: at(10))
        #expect(paused.pause == Pause(reason: "moving", since: at(10)))
        #expect(paused.eras == [era("@hourly", until: 10)])
        let resumed = paused.resumed(at: at(20))
        #expect(resumed.pause == nil)
        #expect(
            resumed.eras == [era("@hourly", until: 10), era("@hourly", isPaused: true, until: 20)]
        )
        #expect(job.resumed(at: at(5)) == job)
    }

    @Test func `a pause that ran out ended at its own end`() {
        let paused = job.paused(reason: "", until: at(15), at: at(10))
        let expected = [era("@hourly", until: 10), era("@hourly", isPaused: true, until: 15)]
        #expect(paused.resumed(at: at(60)).eras == expected)
        let edited = paused.edited(with: spec("@daily"), at: at(60))
        #expect(edited.pause == nil)
        #expect(edited.eras == expected + [era("@hourly", until: 60)])
        let again = paused.paused(reason: "b", at: at(60))
        #expect(again.pause == Pause(reason: "b", since: at(60)))
        #expect(again.eras == expected + [era("@hourly", until: 60)])
    }

    @Test func `an edit during a pause keeps the pause, under either schedule`() {
        let paused = job.paused(reason: "", at: at(10)).edited(with: spec("@daily"), at: at(20))
        #expect(paused.pause?.since == at(10))
        #expect(
            paused.resumed(at: at(30)).eras == [
                era("@hourly", until: 10), era("@hourly", isPaused: true, until: 20),
                era("@daily", isPaused: true, until: 30),
            ]
        )
    }

    @Test func `pausing again changes the reason and the end, not the beginning`() {
        let paused = job.paused(reason: "a", at: at(10))
        let again = paused.paused(reason: "b", until: at(90), at: at(20))
        #expect(again.pause == Pause(reason: "b", since: at(10), until: at(90)))
        #expect(again.eras == paused.eras)
    }

    @Test func `an edit by a clock that is behind does not rewrite what is recorded`() {
        let edited = job.edited(with: spec("@daily"), at: at(90))
        let late = edited.edited(with: spec("@weekly"), at: at(80))
        #expect(late.eras == [era("@hourly", until: 90)])
        #expect(late.spec.schedule == "@weekly")
    }

    @Test func `there and back again is one era where nothing else lay between`() {
        let back = job.edited(with: spec("@daily"), at: at(10)).edited(with: job.spec, at: at(10))
        #expect(back.edited(with: spec("@daily"), at: at(20)).eras == [era("@hourly", until: 20)])
    }

    @Test func `only the last eras are kept, the oldest go first`() {
        var many = job
        for minute in Int64(1)...20 {
            many = many.edited(with: spec("\(minute) * * * *"), at: at(minute))
        }
        #expect(many.eras.count == JobSpec.eraLimit)
        #expect(many.eras.map(\.until) == (13...20).map { at($0) })
    }
}
