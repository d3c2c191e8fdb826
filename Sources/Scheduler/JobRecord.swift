// What the index holds of one job, in 40 bytes.

internal import Vocabulary

/// Where a job lives in the tables of the scheduler.
typealias JobSlot = Int

/// The words about a job that change with every fire.
struct JobState: Equatable, Sendable {
    /// What a job waits for.
    enum Phase: UInt8, Sendable {
        /// An edit, or the end of its pause: nothing can be due.
        case dormant
        /// The next instant.
        case resting
        /// Its first instant since this node came, or its cursor, whichever is there first.
        case unread
        /// Something is due, and others go first.
        case turn
        /// Its cursor is to be read.
        case wantsRead
        case reading
        /// Something is due, and a claim may be made.
        case ready
        case claiming
        /// A newer revision, or a moment: its claim was refused, and something is still due.
        case held
        /// The same, but the store says that nothing may run.
        case aside

        /// Whether an instant may be due and without verdict.
        var isUndecided: Bool {
            switch self {
            case .resting, .dormant, .aside: false
            case .unread, .turn, .wantsRead, .reading, .ready, .claiming, .held: true
            }
        }
    }

    /// Instants up to here need no attempt: the cursor, or what a note said is settled.
    var position = Instant.startOfTime
    var phase = Phase.dormant
    /// Whether ``position`` is where the cursor is believed to stand, or was until it ``isAhead``.
    var knowsCursor = false
    /// Whether ``position`` was moved beyond the cursor, on the word of others.
    ///
    /// A claim starts from a cursor that was just read or moved; one that lies behind a position is
    /// never needed, so only this is kept of it.
    var isAhead = false
    /// Whether this node's turn has come for what is due.
    var hasTurn = false

    /// The cursor and the position are at `instant`.
    mutating func stand(at instant: Instant) {
        position = instant
        isAhead = false
        knowsCursor = true
    }

    /// Instants up to `instant` are left to others.
    mutating func pass(through instant: Instant) {
        guard instant > position else { return }
        position = instant
        isAhead = true
    }
}

/// One job, packed.
///
/// `state`: from the low end, position 44 bits, shard 10, phase 4, four flags, 2 for the queue.
/// `links`: where the queue has it: its neighbours, or the time of its alarm.
/// `origin`: plan 28 bits, revision 36: which of 16 beginnings, and how much later.
struct JobRecord: Sendable {
    /// How the queue holds a slot.
    enum Place: UInt64, Sendable {
        case unfiled, bucket, alarm, run
    }

    var key: JobKey
    var links: UInt64 = 0
    private(set) var state: UInt64
    var origin: UInt64 = 0

    private static let positionBits: UInt64 = 44
    private static let positionMask: UInt64 = 1 << positionBits - 1
    /// 1970 lies in the middle: 278 years before it, and 278 after it.
    private static let bias: Int64 = 1 << 43
    /// Positions that are no number: the beginning of time, and one that is kept elsewhere.
    private static let beginning: UInt64 = 0
    private static let elsewhere: UInt64 = 1
    private static let shardShift: UInt64 = 44
    private static let phaseShift: UInt64 = 54
    private static let cursorFlag: UInt64 = 1 << 58
    private static let aheadFlag: UInt64 = 1 << 59
    private static let turnFlag: UInt64 = 1 << 60
    private static let markFlag: UInt64 = 1 << 61
    private static let placeShift: UInt64 = 62

    init(key: JobKey, shard: VirtualShard) {
        self.key = key
        state = UInt64(shard.number) << Self.shardShift
    }

    /// The same of another job, which differs in nothing else.
    func copied(for key: JobKey, shard: VirtualShard) -> Self {
        var copy = self
        copy.key = key
        copy.state =
            state & ~(0x3FF << Self.shardShift) | UInt64(shard.number) << Self.shardShift
        return copy
    }

    var shard: VirtualShard {
        VirtualShard(number: Int(state >> Self.shardShift & 0x3FF))
    }

    var phase: JobState.Phase {
        get { JobState.Phase(rawValue: UInt8(state >> Self.phaseShift & 0xF)) ?? .dormant }
        set {
            let others = state & ~(0xF << Self.phaseShift)
            state = others | UInt64(newValue.rawValue) << Self.phaseShift
        }
    }

    var hasTurn: Bool {
        get { state & Self.turnFlag != 0 }
        set { state = newValue ? state | Self.turnFlag : state & ~Self.turnFlag }
    }

    var place: Place {
        get { Place(rawValue: state >> Self.placeShift) ?? .unfiled }
        set { state = state & (1 << Self.placeShift - 1) | newValue.rawValue << Self.placeShift }
    }

    /// Set by the last loading of a list that named the job, or its opposite.
    var mark: Bool {
        get { state & Self.markFlag != 0 }
        set { state = newValue ? state | Self.markFlag : state & ~Self.markFlag }
    }

    /// `odd`: The position if it is kept elsewhere.
    func unpacked(odd: () -> Int64?) -> JobState {
        var job = JobState()
        let code = state & Self.positionMask
        job.position =
            switch code {
            case Self.beginning: .startOfTime
            case Self.elsewhere: odd().map { Instant(unixMilliseconds: $0) } ?? .startOfTime
            case _: Instant(unixMilliseconds: Int64(code) - Self.bias)
            }
        job.phase = phase
        job.knowsCursor = state & Self.cursorFlag != 0
        job.isAhead = state & Self.aheadFlag != 0
        job.hasTurn = state & Self.turnFlag != 0
        return job
    }

    /// Takes `job` in; answers a position that has to be kept elsewhere.
    mutating func pack(_ job: JobState) -> Int64? {
        let time = job.position.unixMilliseconds
        var (code, odd): (UInt64, Int64?) = (Self.beginning, nil)
        if time > 1 - Self.bias, time < Self.bias {
            code = UInt64(time + Self.bias)
        } else if job.position != .startOfTime {
            (code, odd) = (Self.elsewhere, time)
        }
        let kept: UInt64 = 0x3FF << Self.shardShift | Self.markFlag | 3 << Self.placeShift
        state =
            state & kept | code | UInt64(job.phase.rawValue) << Self.phaseShift
            | (job.knowsCursor ? Self.cursorFlag : 0) | (job.isAhead ? Self.aheadFlag : 0)
            | (job.hasTurn ? Self.turnFlag : 0)
        return odd
    }
}
