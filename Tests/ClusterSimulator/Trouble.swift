// What can go wrong in a scenario; each seed draws which of it does.

/// One kind of trouble.
package enum Trouble: String, CaseIterable, Sendable {
    /// Calls to the store fail: refused, or with an unknown outcome, applied or not.
    case calls
    /// The store answers late, and at times stands still.
    case slowStore = "slow-store"
    /// Nobody can reach the store for a while.
    case storeAway = "store-away"
    /// The store restarts: whatever is under way has an unknown outcome.
    case storeRestart = "store-restart"
    /// What was not acknowledged yet is lost; what was, stays.
    case failover
    /// The store goes back to an earlier state, and somebody accepts that later.
    case rollback
    /// The store's own clock is wrong.
    case storeClock = "store-clock"
    /// Processes are killed; their tasks go on.
    case crash
    /// Machines die with all that runs on them.
    case power
    /// Processes are killed and come back without their folder.
    case disk
    /// Everything is down for hours.
    case blackout
    /// Processes stand still while their tasks go on.
    case pause
    /// Machines are suspended with their tasks.
    case suspend
    /// A node cannot reach the store.
    case cutStore = "cut-store"
    /// A node cannot reach the other nodes.
    case cutPeers = "cut-peers"
    /// Notes and changes of the list get lost.
    case loss
    /// Notes and changes of the list come late, twice, and out of order.
    case delay
    /// Wall clocks are off by less than half a second, and drift.
    case clock
    /// Wall clocks jump by minutes, hours and days.
    case wildClock = "wild-clock"
    /// Boot clocks go at rates of their own.
    case rate
    /// Nodes hear late who is alive.
    case members
    /// A node's copy of a job is not the store's.
    case forgery
    /// Records are removed soon.
    case prune
    /// Processes stop or die exactly where it hurts.
    case points
    /// Nodes stop in good order and come back.
    case leave
    /// Nodes take few runs at a time.
    case narrow
    /// Edits come in storms, most of them just when something is due.
    case edits
    /// Runs are killed.
    case kills
}

/// Where a process may stop or die, exactly.
enum Point: String, CaseIterable {
    case afterClaimBeforeSpawn
    case afterSpawnBeforeJournal
    case afterSendBeforeAnswer
    case betweenObserveAndExpire
    case beforeFlush
}
