// What this process last wrote of jobs, so that its next claim of them need not read them first.

internal import Vocabulary

/// Jobs, sessions and calendars as they were when last read or written here.
///
/// Nothing is ever answered from here: what is decided by it is written under the conditions that
/// it is still true, so a stale entry costs a second attempt and no more.
struct RoomCache {
    /// A calendar's state, without its body.
    struct Calendar {
        let record: ObjectRecord
        let revision: Int64
    }

    private struct Known {
        var room: EtcdSlice.Room
        /// Changes when somebody else has written the job since.
        var lineage: Int
    }

    private struct KnownRun {
        let run: StoredRun
        /// The job's when the run was as it is here.
        let lineage: Int
    }

    /// Jobs remembered at most, and runs.
    private static let limit = 50_000

    private var jobs: [UID: Known] = [:]
    private var runs: [RunID: KnownRun] = [:]
    private var lineages = 0
    private(set) var calendars: [EtcdKey: Calendar] = [:]
    var sessions: [SessionID: SessionValue] = [:]

    subscript(uid: UID) -> EtcdSlice.Room? { jobs[uid]?.room }

    /// An open run that was written here, and its job, if nobody else has written that since.
    subscript(run: RunID) -> (run: StoredRun, room: EtcdSlice.Room)? {
        guard let known = runs[run], let job = jobs[known.run.record.key.job],
            job.lineage == known.lineage
        else { return nil }
        return (known.run, job.room)
    }

    /// Takes in a room that was read.
    mutating func note(_ room: EtcdSlice.Room, of uid: UID) {
        guard room.gate != nil, room.cursor != nil else {
            jobs[uid] = nil
            return
        }
        if jobs[uid]?.room.cursorRevision == room.cursorRevision {
            jobs[uid]?.room = room
        } else {
            begin(room, of: uid)
        }
    }

    private mutating func begin(_ room: EtcdSlice.Room, of uid: UID) {
        if jobs.count >= Self.limit { jobs = [:] }
        lineages += 1
        jobs[uid] = Known(room: room, lineage: lineages)
    }

    /// Takes in what became of `jobs`; answers those of which others were faster.
    mutating func note(
        _ jobs: [JobWrite],
        _ steps: ArraySlice<OperationAnswer>,
        at revision: Int64
    ) -> Set<UID> {
        var lost: Set<UID> = []
        for (job, step) in zip(jobs, steps) {
            if case .nested(isSuccess: true, _) = step {
                note(job, at: revision)
            } else {
                forget(job.job)
                lost.insert(job.job)
            }
        }
        return lost
    }

    /// Takes in a room that was written at `revision`; nobody else has written it before that.
    private mutating func note(_ write: JobWrite, at revision: Int64) {
        var room = write.after
        room.cursorRevision = revision
        if jobs[write.job] == nil {
            begin(room, of: write.job)
        } else {
            jobs[write.job]?.room = room
        }
        guard let lineage = jobs[write.job]?.lineage else { return }
        if runs.count >= Self.limit { runs = [:] }
        for run in write.opened { runs[run.record.id] = KnownRun(run: run, lineage: lineage) }
        for run in write.closed { runs[run] = nil }
    }

    mutating func note(_ calendar: ObjectRecord, at key: EtcdKey, revision: Int64) {
        if calendars.count >= 1_000 { calendars = [:] }
        var record = calendar
        record.body = []
        calendars[key] = Calendar(record: record, revision: revision)
    }

    mutating func forget(_ uid: UID) {
        jobs[uid] = nil
    }

    mutating func forget(calendar key: EtcdKey) {
        calendars[key] = nil
    }

    /// Forgets what a write may have failed by as a whole.
    mutating func forget(_ uids: [UID], session: SessionID?) {
        for uid in uids { jobs[uid] = nil }
        calendars = [:]
        if let session { sessions[session] = nil }
    }

    mutating func forgetAll() {
        jobs = [:]
        runs = [:]
        calendars = [:]
        sessions = [:]
    }
}
