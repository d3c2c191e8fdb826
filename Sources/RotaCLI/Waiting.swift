// Waiting for what a master will say later: how long, and across how many failures.

internal import Vocabulary

/// How long a command may wait.
struct Deadline: Sendable {
    private let end: MonotonicInstant?
    private let clock: any CommandClock

    /// `nil` waits for ever.
    init(_ limit: Duration?, _ clock: any CommandClock) {
        self.clock = clock
        end = limit.map { clock.monotonic.advanced(by: $0) }
    }

    /// What is left, never less than a moment; `nil` without an end.
    var remaining: Duration? {
        end.map { max(.milliseconds(1), clock.monotonic.duration(to: $0)) }
    }

    private var isOver: Bool { end.map { clock.monotonic >= $0 } ?? false }

    /// Waits, or says that there is no more time: `why` is what was waited for.
    func pause(_ duration: Duration, while why: String) async throws(Failure) {
        if isOver { throw Failure(.timedOut, "The time for waiting is over", why: why) }
        await clock.wait(min(duration, remaining ?? duration))
    }
}

/// How many failures in a row are borne by a command whose masters have answered before.
struct Patience {
    /// Whether any master has answered; one that never did is not waited for.
    enum Beginning { case unreached, reached }

    /// With a second between them: time for a master to be started anew.
    private static let limit = 60
    static let pause = Duration.seconds(1)

    private var beginning: Beginning
    private var failures = 0

    init(_ beginning: Beginning) {
        self.beginning = beginning
    }

    /// A master has answered, though with nothing that counts.
    mutating func reach() { beginning = .reached }

    mutating func renew() {
        beginning = .reached
        failures = 0
    }

    /// Bears one failure more, or throws it.
    mutating func bear(_ failure: Failure) throws(Failure) {
        failures += 1
        guard failure.code == .unreachable, beginning == .reached, failures < Self.limit else {
            throw failure
        }
    }
}

/// Asks again and again, across a master that is away for a while.
struct PatientAsking {
    private let session: Session
    private let deadline: Deadline
    private var patience = Patience(.reached)
    private var hasFailed = false

    init(_ session: Session, _ deadline: Deadline) {
        self.session = session
        self.deadline = deadline
    }

    /// The answer; `nil` if there is none now and patience is left.
    mutating func get(
        _ path: String,
        _ query: [(String, String)] = []
    ) async throws(Failure) -> Value? {
        do throws(Failure) {
            let answer = try await session.api.get(path, query, until: deadline)
            patience.renew()
            hasFailed = false
            return answer
        } catch {
            try patience.bear(error)
            hasFailed = true
            return nil
        }
    }

    /// Waits until the next question; longer after a failure.
    func pause(_ pace: Duration, while why: String) async throws(Failure) {
        try await deadline.pause(hasFailed ? Patience.pause : pace, while: why)
    }
}
