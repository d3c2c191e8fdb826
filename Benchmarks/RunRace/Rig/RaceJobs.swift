// The jobs of the races.

internal import Platform
internal import Vocabulary

enum RaceJobs {
    static func uid() -> UID {
        var random = SystemRandomNumberGenerator()
        return UID(RunID.make(at: SystemClock.wall, using: &random).text)
    }

    /// A uid whose virtual shard the nodes serve in an order that begins with `first`.
    static func uid(servedFirstBy first: NodeName, among names: [NodeName]) -> UID {
        while true {
            let uid = uid()
            if VirtualShard(of: uid).ranked(names).first == first { return uid }
        }
    }

    /// A job that runs `command` at `schedule`; any number of its runs at a time.
    static func spec(_ schedule: String, _ command: String) -> JobSpec {
        var spec = JobSpec(task: .shell(ShellTask(command: command)), schedule: schedule)
        spec.overlap = .allow(limit: nil)
        return spec
    }

    /// The schedule of a job that is due once.
    static func once(at instant: Instant) -> String { "@at \(instant)" }

    /// The schedule of a job that is due once, in a moment.
    static func soon() -> String { once(at: second(in: .seconds(2))) }

    /// The next full second that is at least `delay` ahead.
    static func second(in delay: Duration) -> Instant {
        Instant(unixSeconds: SystemClock.wall.advanced(by: delay).unixSeconds + 1)
    }
}
