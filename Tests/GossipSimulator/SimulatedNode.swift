// One node of a simulated cluster: a machine, its disk, its clocks and its troubles.

package import Gossip
package import Vocabulary

/// What a host and its process are in a simulation.
package final class SimulatedNode {
    /// What waits for the process while it does not run.
    enum Item {
        case event(GossipEvent)
        case bytes([UInt8], from: PeerAddress)
        case apply([ChangeBatch])
        case request(UInt64, StreamRequest, from: Int, life: Int)
        case tail
        /// The store answered a question of gossip's.
        case catchUp
        /// The process runs again, or has time for the next item.
        case resume
    }

    /// Packets that a socket keeps for a process that does not read.
    static let bufferLimit = 256

    package let index: Int
    package var name: NodeName
    package internal(set) var address: PeerAddress
    package var machine: GossipMachine
    package var list = ModelList()
    /// Counts processes; what was meant for an earlier one is dropped.
    package internal(set) var life = 0
    package internal(set) var isUp = false
    package var bootEpoch: UInt64 = 1_000
    /// How far its wall clock was ahead of the true time when the run began.
    package var clockOffset = Duration.zero
    /// How much its wall clock gains, in millionths.
    package var drift = 0
    /// Who is on the same island can be reached.
    package var island = 0
    package internal(set) var delivered: [Signal] = []
    package internal(set) var notes: [GossipNote] = []
    /// Frozen until then: nothing is handled.
    package var frozenUntil: MonotonicInstant?
    /// How long handling one event takes, beyond none at all.
    package var serviceTime = Duration.zero
    /// It sends what an older release does not know.
    package var isNewer = false
    /// It asks for more than an older release can do, in one packet of this many.
    package var criticalEvery = 0
    package internal(set) var hasLeft = false
    package internal(set) var reached: [(Position, MonotonicInstant)] = []
    /// Nothing of what was done to it explains its silence after this.
    package var troubledUntil = MonotonicInstant(sinceBoot: .zero)
    /// Packets refused by the codec.
    package internal(set) var refused = 0
    /// How often gossip asked the store for what no member could give.
    package internal(set) var storeAsked = 0
    var busyUntil: MonotonicInstant?
    var inbox: [Item] = []
    var isResumePlanned = false
    var behindSince: MonotonicInstant?
    /// For how many turns of its tailer it has known nobody.
    var lonelyTurns = 0
    var sent = 0
    /// How often in a row it asked to be woken at once, and when last.
    var hurries = 0
    var hurried = MonotonicInstant(sinceBoot: .zero)
    /// What this process handed on last.
    var lastAdvanced: Position?

    init(index: Int, name: NodeName, address: PeerAddress, machine: GossipMachine) {
        self.index = index
        self.name = name
        self.address = address
        self.machine = machine
    }

    /// Until when it handles nothing; `nil` if it does.
    func away(at time: MonotonicInstant) -> MonotonicInstant? {
        let until = [frozenUntil, busyUntil].compactMap(\.self).max()
        guard let until, until > time else { return nil }
        return until
    }

    /// What its wall clock says.
    func wallClock(at time: MonotonicInstant) -> Instant {
        let start = Instant(unixMilliseconds: 1_763_702_400_000)
        guard drift != 0 || clockOffset != .zero else { return start.advanced(by: time.sinceBoot) }
        let gained = time.sinceBoot * drift / 1_000_000
        return start.advanced(by: time.sinceBoot + clockOffset + gained)
    }
}
