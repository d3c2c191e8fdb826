// What one call has read of the store: plain values to decide by, and what holds them still.

internal import Vocabulary

/// A slice of the store as it was at one revision, as far as it was read.
struct EtcdSlice {
    /// One job with the revisions of its two keys; 0: no such key.
    struct Room: Equatable {
        var gate: GateValue?
        var gateRevision: Int64 = 0
        var cursor: CursorValue?
        var cursorRevision: Int64 = 0
    }

    var model: StoreModel
    var rooms: [UID: Room] = [:]
    var sessions: [SessionID: SessionValue] = [:]
    var head = HeadValue()
    var counters = CounterValue()
    /// When keys that are read one by one were last written; 0: not there.
    var revisions: [EtcdKey: Int64] = [:]

    init(storeID: String, settings: EtcdSettings) {
        model = StoreModel(
            storeID: storeID,
            tolerance: settings.tolerance,
            requestMemory: settings.requestMemory
        )
    }

    /// The condition that nobody has written `key` since it was read.
    func unchanged(_ key: EtcdKey) -> KeyCondition {
        .modified(key, at: revisions[key] ?? 0)
    }
}

// MARK: - Taking in what was read

extension EtcdSlice {
    /// Takes in one key; answers its entry, if it is there.
    @discardableResult
    mutating func note(_ key: EtcdKey, _ answer: RangeAnswer) -> KeyEntry? {
        let entry = answer.entries.first
        revisions[key] = entry?.modified ?? 0
        return entry
    }

    mutating func note(head key: EtcdKey, _ answer: RangeAnswer) throws(UnreadableValue) {
        if let entry = note(key, answer) { head = try HeadValue(entry.value) }
        model.epoch = head.epoch
        model.head = head.head
        model.floor = head.floor
        model.counters.fenceFloor = head.fenceFloor
    }

    mutating func note(counters key: EtcdKey, _ answer: RangeAnswer) throws(UnreadableValue) {
        if let entry = note(key, answer) { counters = try CounterValue(entry.value) }
        model.counters.triggers = counters.triggers
        model.counters.triggerPulse = counters.triggerPulse
        model.counters.killPulse = counters.killPulse
    }

    mutating func note(session id: SessionID, _ entry: KeyEntry?) throws(UnreadableValue) {
        guard let entry else { return }
        let value = try SessionValue(entry.value)
        note(session: id, value, beat: Beat(entry.version - 1))
    }

    mutating func note(session id: SessionID, _ value: SessionValue, beat: Beat = Beat(0)) {
        sessions[id] = value
        let view = value.view(id, beat: beat, openRuns: 0)
        model.sessions[id] = StoreModel.Session(view: view, endedAt: value.end?.at)
    }

    /// Takes in a job from the range over its two keys.
    mutating func note(job uid: UID, _ answer: RangeAnswer) throws(UnreadableValue) {
        var room = Room()
        for entry in answer.entries {
            switch entry.key.bytes.last {
            case UInt8(ascii: "c"):
                room.cursor = try CursorValue(entry.value)
                room.cursorRevision = entry.modified
            case UInt8(ascii: "g"):
                room.gate = try GateValue(entry.value)
                room.gateRevision = entry.modified
            case _: throw UnreadableValue()
            }
        }
        note(room, of: uid)
    }

    /// Takes in a job, without its runs.
    mutating func note(_ room: Room, of uid: UID) {
        rooms[uid] = room
        guard let gate = room.gate, let cursor = room.cursor else { return }
        model.jobs[uid] = StoreModel.Job(cursor: JobCursor(uid, gate, cursor))
    }

    mutating func note(run id: RunID, _ entry: KeyEntry) throws(UnreadableValue) {
        take(try StoredRun(id, entry.value))
    }

    mutating func take(_ run: StoredRun) {
        model.runs[run.record.id] = run
        if run.record.state.isOpen { model.openRuns.insert(run.record.id) }
    }

    mutating func note(trigger id: TriggerID, _ entry: KeyEntry) throws(UnreadableValue) {
        let waiting = try PendingTrigger(id, entry.value)
        // Of a deleted job nothing waits; a race with its deletion may have left one.
        guard model.jobs[waiting.trigger.key.job]?.cursor.isDeleted != true else { return }
        model.pending[id] = waiting
    }

    mutating func note(
        object key: ObjectKey,
        at place: EtcdKey,
        _ answer: RangeAnswer
    ) throws(UnreadableValue) {
        if let entry = note(place, answer) { model.objects[key] = try ObjectRecord(entry.value) }
    }
}
