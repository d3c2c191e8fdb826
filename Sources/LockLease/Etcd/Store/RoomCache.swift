// What this process last wrote of jobs, so that its next claim of them need not read them first.

internal import Vocabulary

/// Jobs, sessions and calendars as they were when last read or written here.
///
/// Nothing is ever answered from here: what is decided by it is written under the conditions that it
/// is still true, so a stale entry costs a second attempt and no more.
struct RoomCache {
    /// A calendar's state, without its body.
    struct Calendar {
        let record: ObjectRecord
        let revision: Int64
    }

    /// Jobs remembered at most; tens of bytes each and their open runs.
    private static let limit = 50_000

    private(set) var rooms: [UID: EtcdSlice.Room] = [:]
    private(set) var calendars: [EtcdKey: Calendar] = [:]
    /// Whose job the runs are that were granted here.
    private(set) var jobs: [RunID: UID] = [:]
    var sessions: [SessionID: SessionValue] = [:]

    /// Takes in a room that was read; what is known of its runs holds only as long as its cursor.
    mutating func note(_ room: EtcdSlice.Room, of uid: UID) {
        if rooms.count >= Self.limit { rooms = [:] }
        guard room.gate != nil, room.cursor != nil else {
            rooms[uid] = nil
            return
        }
        var room = room
        if let known = rooms[uid], known.cursorRevision == room.cursorRevision {
            room.runs.merge(known.runs) { new, _ in new }
        }
        rooms[uid] = room
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

    /// Takes in a room that was written at `revision`.
    private mutating func note(_ write: JobWrite, at revision: Int64) {
        var room = write.after
        room.cursorRevision = revision
        rooms[write.job] = nil
        note(room, of: write.job)
        if jobs.count >= Self.limit { jobs = [:] }
        for run in room.runs.keys { jobs[run] = write.job }
    }

    mutating func note(_ calendar: ObjectRecord, at key: EtcdKey, revision: Int64) {
        if calendars.count >= 1_000 { calendars = [:] }
        var record = calendar
        record.body = []
        calendars[key] = Calendar(record: record, revision: revision)
    }

    mutating func forget(_ uid: UID) {
        rooms[uid] = nil
    }

    mutating func forget(calendar key: EtcdKey) {
        calendars[key] = nil
    }

    mutating func forget(run: RunID) {
        jobs[run] = nil
    }

    mutating func forgetAll() {
        self = RoomCache()
    }
}
