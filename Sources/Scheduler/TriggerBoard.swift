// The store's triggers, and where this node stands with each.

internal import Vocabulary

/// Triggers that the store listed, each until the store lists it no more.
struct TriggerBoard: Sendable {
    enum Step: Sendable {
        /// Until its time, or until it may be tried again.
        case waiting
        /// Others go first.
        case turn
        case ready
        case claiming
    }

    struct Entry: Sendable {
        var trigger: Trigger
        var step: Step
        /// When it next needs attention, if it waits.
        var at: Instant
        var isListed = true
        var isListedSinceClaim = false
    }

    private struct Alarm: Comparable, Sendable {
        let at: Instant
        let id: TriggerID

        static func < (lhs: Self, rhs: Self) -> Bool { (lhs.at, lhs.id) < (rhs.at, rhs.id) }
    }

    private(set) var entries: [TriggerID: Entry] = [:]
    /// May hold alarms that no longer count.
    private var alarms = BinaryHeap<Alarm>()

    /// When something may need attention; it may turn out that nothing does.
    var first: Instant? { alarms.first?.at }

    /// Takes over the store's list: what is not in it any more is done with.
    mutating func update(_ list: [Trigger], at now: Instant) {
        let listed = Set(list.map(\.id))
        for (id, entry) in entries where !listed.contains(id) {
            if case .claiming = entry.step {
                entries[id]?.isListed = false
            } else {
                entries[id] = nil
            }
        }
        if entries.isEmpty { alarms = BinaryHeap() }
        for trigger in list {
            if entries[trigger.id] == nil {
                entries[trigger.id] = Entry(trigger: trigger, step: .waiting, at: now)
                wait(trigger.id, .waiting, until: max(trigger.notBefore, now))
            } else {
                entries[trigger.id]?.isListed = true
                entries[trigger.id]?.isListedSinceClaim = true
            }
        }
    }

    /// Sets one aside until `instant`, unless the store lists it no more.
    mutating func wait(_ id: TriggerID, _ step: Step, until instant: Instant) {
        guard entries[id]?.isListed == true else {
            entries[id] = nil
            return
        }
        entries[id]?.step = step
        entries[id]?.at = instant
        alarms.insert(Alarm(at: instant, id: id))
    }

    /// Forgets one that was claimed in vain or won, until the store lists it again.
    ///
    /// One that was listed while its claim was under way may have been released since the store
    /// decided the claim: it waits until `instant` and is tried once more.
    mutating func conclude(_ id: TriggerID, retryAt instant: Instant) {
        if entries[id]?.isListedSinceClaim == true {
            wait(id, .waiting, until: instant)
        } else {
            entries[id] = nil
        }
    }

    mutating func enter(_ id: TriggerID, _ step: Step) {
        entries[id]?.step = step
        entries[id]?.isListedSinceClaim = false
    }

    /// The next one whose time has come.
    mutating func popDue(at now: Instant) -> Entry? {
        while let alarm = alarms.first, alarm.at <= now {
            _ = alarms.popFirst()
            guard let entry = entries[alarm.id], entry.at == alarm.at else { continue }
            switch entry.step {
            case .waiting, .turn: return entry
            case .ready, .claiming: continue
            }
        }
        return nil
    }

    /// After the clock was set back: whatever waits is looked at again at `now`.
    mutating func recall(at now: Instant) {
        for alarm in alarms.removeAll() where entries[alarm.id]?.at == alarm.at {
            guard let entry = entries[alarm.id] else { continue }
            switch entry.step {
            case .waiting, .turn: wait(alarm.id, entry.step, until: min(alarm.at, now))
            case .ready, .claiming: break
            }
        }
    }
}
