// Jobs as a store last saw them: a claim of those that nobody else has touched needs no look.

internal import Postgres
internal import Vocabulary

/// What a store object remembers of jobs that it has moved, of sessions, and of the server's clock.
///
/// Nothing here is believed: a claim that is decided by it counts only if the turn of each job is
/// still the remembered one and the session lives, which the writing statements see to; and only if
/// it wins every item, because nothing looks again at what is refused. Jobs move to and fro between
/// nodes seldom, so nearly every claim takes one round trip instead of two.
struct JobMemory {
    fileprivate struct Known {
        let cursor: JobCursor
        let turn: Int64
    }

    /// Beyond this many jobs all are forgotten.
    private static let jobLimit = 10_000
    private static let sessionLimit = 1_000
    /// How long the server's clock is taken to go as ours does.
    private static let clockLimit = Duration.seconds(10)
    /// After how many remembered requests old ones are forgotten.
    private static let sweepInterval = 500

    private var generation = 0
    private var jobs: [UID: Known] = [:]
    private var sessions: [SessionID: SessionView] = [:]
    private var clock: (reading: Instant, at: ContinuousClock.Instant)?
    private var requestCount = 0

    /// Forgets everything if `generation` is another: what answers on a new connection may be a
    /// restored store, whose turns are counted anew.
    mutating func join(_ generation: Int) {
        guard generation != self.generation else { return }
        self = Self()
        self.generation = generation
    }

    mutating func remember(_ cursors: [JobCursor], _ slice: Slice) {
        if jobs.count + cursors.count > Self.jobLimit { jobs = [:] }
        for cursor in cursors {
            guard let turn = slice.turns[cursor.uid] else { continue }
            jobs[cursor.uid] = Known(cursor: cursor, turn: turn + 1)
        }
    }

    mutating func remember(_ session: SessionView) {
        if sessions.count >= Self.sessionLimit { sessions = [:] }
        sessions[session.id] = session
    }

    mutating func read(_ clock: Instant) {
        self.clock = (clock, ContinuousClock.now)
    }

    mutating func forget(_ slice: Slice) {
        for uid in slice.turns.keys { jobs[uid] = nil }
    }

    mutating func isSweepDue(requests: Int) -> Bool {
        guard requests > 0 else { return false }
        requestCount += 1
        return requestCount % Self.sweepInterval == 0
    }

    /// What `items` are decided by, if all of it is known.
    func slice(
        for session: SessionID,
        _ items: [ClaimItem],
        _ settings: PostgresStoreSettings
    ) -> Slice? {
        guard let view = sessions[session], let now = settings.clock?() ?? now else { return nil }
        var slice = Slice(settings: settings)
        slice.now = now
        slice.model.sessions[session] = StoreModel.Session(view: view)
        for item in items {
            guard item.isPlain, let known = jobs[item.job], known.isPlain else { return nil }
            slice.model.jobs[item.job] = StoreModel.Job(cursor: known.cursor)
            slice.turns[item.job] = known.turn
        }
        return slice
    }

    /// The server's clock, if it was read a little while ago; late by the time of half a call.
    private var now: Instant? {
        guard let clock else { return nil }
        let since = clock.at.duration(to: .now)
        return since < Self.clockLimit ? clock.reading.advanced(by: since) : nil
    }
}

extension JobMemory.Known {
    /// Whether nothing but the job's own row has a say in a claim of its instants.
    fileprivate var isPlain: Bool {
        switch cursor.gate.overlap {
        case .forbid, .allow: true
        case .queue, .replace: false
        }
    }
}

extension ClaimItem {
    fileprivate var isPlain: Bool {
        switch subject {
        case .instants: calendars.isEmpty
        case .trigger: false
        }
    }
}
