// What decides when a job is due, apart from what it does.

/// The part of a job that schedulers go by; jobs with equal outlines share what is made of it.
package struct JobOutline: Hashable, Sendable {
    /// Whose calendars it names; empty if it names none.
    package let tenant: String
    /// Nothing in it says what runs.
    package let job: Job

    package init(of job: Job, in tenant: String) {
        let rules = [job.spec.rules] + job.eras.map(\.rules)
        self.tenant = rules.contains { $0.calendar != nil } ? tenant : ""
        var spec = JobSpec(task: .shell(ShellTask(command: "")), schedule: job.spec.schedule)
        spec.timeZone = job.spec.timeZone
        spec.rules = job.spec.rules
        spec.misfire = job.spec.misfire
        spec.startDeadline = job.spec.startDeadline
        spec.catchUpWindow = job.spec.catchUpWindow
        spec.storeLoss = job.spec.storeLoss
        spec.selector = job.spec.selector
        spec.route = job.spec.route
        let pause = job.pause.map { Pause(reason: "", since: $0.since, until: $0.until) }
        self.job = Job(spec: spec, pause: pause, eras: job.eras)
    }
}
