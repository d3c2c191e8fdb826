// Whose wall clock is wrong: measured with every answered probe, deciding nothing here.

internal import Vocabulary

/// How far the others' clocks are ahead of ours, and whether ours jumped.
///
/// - SeeAlso: RFC 5905, section 8, for the offset; our clocks count whole milliseconds.
struct ClockSkew: Equatable, Sendable {
    /// Answers that one member's offset is the median of.
    static let samplesPerMember = 5
    private static let sampleLimit = 15
    private static let leastSamples = 3
    /// Less is slewing, or the time between two readings.
    private static let stepTolerance = Duration.milliseconds(20)

    private var samples: [Duration] = []
    private var lastReading: (monotonic: MonotonicInstant, wall: Instant)?

    static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.samples == rhs.samples && lhs.lastReading?.wall == rhs.lastReading?.wall
            && lhs.lastReading?.monotonic == rhs.lastReading?.monotonic
    }

    var median: Duration? {
        samples.count < Self.leastSamples ? nil : Self.median(of: samples)
    }

    mutating func add(_ offset: Duration) {
        samples.append(offset)
        if samples.count > Self.sampleLimit { samples.removeFirst() }
    }

    /// Takes a reading of both our clocks, and returns by how much the wall clock jumped.
    mutating func read(_ wall: Instant, at now: MonotonicInstant) -> Duration? {
        defer { lastReading = (now, wall) }
        guard let last = lastReading else { return nil }
        let step = last.wall.duration(to: wall) - last.monotonic.duration(to: now)
        guard step > Self.stepTolerance || step < .zero - Self.stepTolerance else { return nil }
        samples = samples.map { $0 - step }
        return step
    }

    static func median(of offsets: [Duration]) -> Duration? {
        offsets.isEmpty ? nil : offsets.sorted()[offsets.count / 2]
    }
}

extension GossipMachine {
    mutating func noticeStep(to wallClock: Instant?, at now: MonotonicInstant) {
        self.wallClock = wallClock
        guard let wallClock, let step = skew.read(wallClock, at: now) else { return }
        roster.shiftClocks(by: step)
        // The probe under way was sent by the clock as it was.
        prober.probe?.wallClock = nil
        outbox.append(.note(.clockStepped(step)))
    }

    /// Notes how long the way to a member and back took, and what its clock said half way.
    mutating func measure(
        _ probe: Prober.Probe,
        answeredBy sender: Sender,
        at now: MonotonicInstant
    ) {
        let roundTrip = max(.zero, probe.sent.duration(to: now))
        prober.note(roundTrip)
        var offset: Duration?
        if let asked = probe.wallClock, let answered = sender.vitals.wallClock {
            let apart = asked.duration(to: answered) - roundTrip / 2
            skew.add(apart)
            offset = apart
        }
        roster.note(sender.name, roundTrip: roundTrip, clockOffset: offset)
    }
}
