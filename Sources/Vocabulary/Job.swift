// A job: what runs, when, where, and what happens when something is late, long, lost or doubled.

/// A job as the list holds it: what people wrote, and what edits left behind.
package struct Job: Hashable, Sendable {
    package var spec: JobSpec
    /// Set while the job is paused.
    package var pause: Pause?
    /// Schedules and pauses that were in force before the last edits, oldest first.
    ///
    /// An instant's existence is decided by the era it falls in, so an instant that was due just
    /// before an edit is neither lost nor run under a schedule that came later. At most
    /// ``JobSpec/eraLimit``; the oldest are dropped.
    package var eras: [Era]

    package init(spec: JobSpec, pause: Pause? = nil, eras: [Era] = []) {
        self.spec = spec
        self.pause = pause
        self.eras = eras
    }
}

extension Job {
    /// The pause in force at `instant`; one with an end ends by itself, just after `until`.
    package func pause(at instant: Instant) -> Pause? {
        guard let pause, pause.until.map({ instant <= $0 }) ?? true else { return nil }
        return pause
    }
}

/// Why and until when a job is paused.
package struct Pause: Hashable, Sendable {
    package var reason: String
    package var since: Instant
    /// `nil`: until somebody resumes it.
    package var until: Instant?

    package init(reason: String, since: Instant, until: Instant? = nil) {
        self.reason = reason
        self.since = since
        self.until = until
    }
}

/// One past stretch of a job's life, up to and including `until`.
package struct Era: Hashable, Sendable {
    /// `nil`: nothing was due in this stretch.
    package var schedule: String?
    package var timeZone: String
    package var rules: ScheduleRules
    package var isPaused: Bool
    package var until: Instant

    package init(
        schedule: String?,
        timeZone: String,
        rules: ScheduleRules = .standard,
        isPaused: Bool,
        until: Instant
    ) {
        self.schedule = schedule
        self.timeZone = timeZone
        self.rules = rules
        self.isPaused = isPaused
        self.until = until
    }
}

/// What people write about a job.
package struct JobSpec: Hashable, Sendable {
    package static let eraLimit = 8

    package var description = ""
    package var owner = ""
    package var labels: [String] = []
    /// Cron text, `@every`, `@at`; `nil`: started by hand or by triggers only.
    package var schedule: String?
    /// An IANA name.
    package var timeZone = "UTC"
    package var rules = ScheduleRules.standard
    package var task: TaskSpec
    /// Where nodes find the secrets that the task is given, by name.
    package var secrets: [String: SecretReference] = [:]
    /// `nil`: the task may take as long as it likes.
    package var timeout: Duration?
    /// Between TERM and KILL.
    package var killGrace = Duration.seconds(10)
    package var retries = RetryPolicy()
    package var overlap = OverlapPolicy.forbid
    package var misfire = MisfirePolicy.latest
    /// An instant older than this when a node gets to it is late and counts as missed.
    package var startDeadline = Duration.seconds(60)
    /// Missed instants older than this are never run.
    package var catchUpWindow = Duration.seconds(86_400)
    package var nodeLoss = NodeLossPolicy.lost
    package var storeLoss = StoreLossPolicy.hold
    package var selector = NodeSelector()
    /// Who of those that may run it goes first.
    package var route = RoutePolicy.spread
    package var keep = Retention()

    package init(task: TaskSpec, schedule: String? = nil) {
        self.task = task
        self.schedule = schedule
    }
}

/// What a run does.
package enum TaskSpec: Hashable, Sendable {
    case shell(ShellTask)
    case http(HTTPTask)
    case sql(SQLTask)
}

/// How often and how soon a failed run is tried again.
package struct RetryPolicy: Hashable, Sendable {
    package var limit = 0
    /// The first delay; each further one doubles, with full jitter, up to `backoffLimit`.
    package var backoff = Duration.seconds(1)
    package var backoffLimit = Duration.seconds(300)

    package init() {}
}

/// What happens when a run is due while another run of the same job is under way.
package enum OverlapPolicy: Hashable, Sendable {
    /// The new run is skipped, with its reason recorded.
    case forbid
    /// The new run waits for the old one; one may wait, further ones are skipped.
    case queue
    /// Both run; `nil`: any number.
    case allow(limit: Int?)
    /// The old run is killed, then the new one starts.
    case replace
}

/// What becomes of instants that nobody started in time.
package enum MisfirePolicy: Hashable, Sendable {
    /// One run for the newest.
    case latest
    case skip
    /// Every one, the oldest first, at most `limit`.
    case all(limit: Int)
}

/// What becomes of a run whose node died.
package enum NodeLossPolicy: Hashable, Sendable {
    /// It stays lost: rather none than two.
    case lost
    /// It is started again elsewhere, at most `limit` times: rather two than none.
    case retry(limit: Int)
}

/// What becomes of instants that are due while the store is away.
package enum StoreLossPolicy: String, Hashable, Sendable {
    case hold
    case skip
}

/// Which nodes may run a job.
package struct NodeSelector: Hashable, Sendable {
    /// Every one of these must be among the node's tags, with the same value.
    package var tags: [String: String] = [:]
    /// Empty: any node.
    package var nodes: [NodeName] = []

    package init() {}

    package func matches(name: NodeName, tags present: [String: String]) -> Bool {
        (nodes.isEmpty || nodes.contains(name)) && tags.allSatisfy { present[$0.key] == $0.value }
    }
}

/// How much of a job's history is kept.
package struct Retention: Hashable, Sendable {
    package var runs = 100
    package var age = Duration.seconds(30 * 86_400)
    /// Per run: the head and the tail of the output are kept within this.
    package var logBytes = 1_048_576

    package init() {}
}
