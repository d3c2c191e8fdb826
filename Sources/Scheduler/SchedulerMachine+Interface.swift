// What goes into and comes out of the scheduler's core.

package import CronEval
package import LockLease
package import Vocabulary

/// Both clocks, read together: schedules go by the wall, delays and trust by elapsed time.
package struct Moment: Equatable, Sendable {
    package var wall: Instant
    package var monotonic: MonotonicInstant

    package init(wall: Instant, monotonic: MonotonicInstant) {
        self.wall = wall
        self.monotonic = monotonic
    }
}

/// A job as the scheduler needs it.
package struct JobEntry: Equatable, Sendable {
    package var uid: UID
    package var name: ObjectKey
    package var revision: Revision
    package var job: Job
    /// Where the cursor stood when the job was made.
    package var createdAt: Instant

    package init(uid: UID, name: ObjectKey, revision: Revision, job: Job, createdAt: Instant) {
        self.uid = uid
        self.name = name
        self.revision = revision
        self.job = job
        self.createdAt = createdAt
    }
}

/// Some rows of a whole list: of each job only what the index holds.
package struct JobPage: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        package var uid: UIDBits
        /// Counts the outlines of this page and of those before it, from 0.
        package var outline: Int
        package var revision: Revision
        /// Where the cursor stood when the job was made.
        package var createdAt: Instant

        package init(uid: UIDBits, outline: Int, revision: Revision, createdAt: Instant) {
            self.uid = uid
            self.outline = outline
            self.revision = revision
            self.createdAt = createdAt
        }
    }

    /// Outlines that no page before this one had.
    package var outlines: [JobOutline]
    package var rows: [Row]
    /// Jobs whose uids are of no usual form.
    package var others: [JobEntry]
    /// About how many jobs the whole list has.
    package var total: Int
    package var isFirst: Bool
    /// Jobs that no page named are not in the list any more.
    package var isLast: Bool

    package init(
        outlines: [JobOutline],
        rows: [Row],
        others: [JobEntry] = [],
        total: Int,
        isFirst: Bool,
        isLast: Bool
    ) {
        self.outlines = outlines
        self.rows = rows
        self.others = others
        self.total = total
        self.isFirst = isFirst
        self.isLast = isLast
    }
}

/// A calendar as the scheduler needs it.
package struct CalendarEntry: Equatable, Sendable {
    package var name: ObjectKey
    package var revision: Revision
    /// The digest of the body that it was read from: claims name it.
    package var digest: Digest
    package var calendar: DatedCalendar

    package init(
        name: ObjectKey,
        revision: Revision,
        digest: Digest,
        calendar: DatedCalendar
    ) {
        self.name = name
        self.revision = revision
        self.digest = digest
        self.calendar = calendar
    }
}

/// Says something of this virtual shard's jobs up to `through`: that every instant has its verdict,
/// or that a node leaves them to others.
package struct SettledNote: Hashable, Sendable {
    package let shard: VirtualShard
    package let through: Instant

    package init(shard: VirtualShard, through: Instant) {
        self.shard = shard
        self.through = through
    }
}

/// What happened, for the scheduler.
package enum SchedulerEvent: Equatable, Sendable {
    /// Jobs that are new or changed; an older revision than the known one is ignored.
    case put([JobEntry])
    case removed([UID])
    /// A whole list, page by page; other changes may come in between.
    case load(JobPage)
    /// Calendars that are new or changed; an older revision than the known one is ignored.
    case calendars([CalendarEntry])
    /// Calendars of a whole list: what is known differently is replaced, a newer revision included.
    case loadCalendars([CalendarEntry])
    case calendarsRemoved([ObjectKey])
    /// Alive members, this node included.
    case members([Candidate])
    /// The session may be trusted until then; `nil`: there is none.
    case trusted(until: MonotonicInstant?)
    /// How many more runs this node can take.
    case slots(free: Int)
    /// What the store's triggers are now.
    case triggers([Trigger])
    /// Where cursors stand, as read from the store.
    case cursors([UID: Instant])
    case cursorsUnavailable([UID])
    case claimed(RequestID, [ClaimOutcome])
    /// This sending of the claim certainly did nothing.
    case claimRefused(RequestID)
    /// The claim may have happened: the same request is sent again.
    case claimUnknown(RequestID)
    /// The shell cannot read what these jobs do, and leaves them out of the claim.
    ///
    /// It must say so before the claim reaches the store, and once.
    case withdrawn(RequestID, [UID])
    case settled([SettledNote])
    /// That node has no slot for what is due in these shards up to then: the next may go at once.
    case passed([SettledNote], by: NodeName)
    /// Where jobs last ran, from others or from the store.
    case ran([Placement])
    /// A wake-up asked for earlier, or a stale one.
    case deadlineReached
}

/// What the shell is to do.
package enum SchedulerAction: Equatable, Sendable {
    case claim(RequestID, [ClaimItem])
    /// Start what was granted; the shell checks trust and digest right before.
    case start(Grant)
    case readCursors([UID])
    /// Tell the others.
    case settle([SettledNote])
    /// Tell the others that this node has no slot for what is due in these shards up to then.
    case pass([SettledNote])
    /// Tell the others where jobs have started whose route asks for that.
    case ran([Placement])
    /// Ask to be woken at this wall time, with ``SchedulerEvent/deadlineReached``.
    case wake(at: Instant)
    /// The replica of these jobs is behind the store.
    case refresh([UID])
}
