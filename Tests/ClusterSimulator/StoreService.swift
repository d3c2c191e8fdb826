// The store at the other end of the wire: its state, its weather, and the mistakes it may make.

internal import LockLease
internal import Vocabulary

/// What a member asks of the store.
enum StoreRequest {
    case identify
    case open(NodeIdentity, term: Duration)
    case renew(SessionID)
    case sessions
    case expire(SessionID, Beat)
    case takeOver(SessionID, by: SessionID)
    case close(SessionID)
    case claim(SessionID, RequestID, [ClaimItem])
    case cursors([UID])
    case finish(SessionID, [Completion])
    case triggers
    case head
    case changes(Revision)
    case snapshot
    case object(ObjectKey)
    case commit([ObjectEdit], RequestID)
    case trigger(ObjectKey, RequestID)
    case kill(KillOrder)
    case runs([RunID])
    case lastRun(UID)
    case prune(StoreRetention)
    case accept

    /// Whether a refused store must not answer it.
    var isWriting: Bool {
        switch self {
        case .identify, .sessions, .cursors, .triggers, .head, .changes, .snapshot, .object, .runs,
            .lastRun:
            false
        case .open, .renew, .expire, .takeOver, .close, .claim, .finish, .commit, .trigger, .kill,
            .prune, .accept:
            true
        }
    }
}

extension StoreRequest {
    var isIdentify: Bool {
        if case .identify = self { true } else { false }
    }

    /// Whether it may see what is not certain yet.
    var isGlance: Bool {
        if case .runs = self { true } else { false }
    }
}

/// What the store answers, or why there is no answer.
enum StoreReply {
    case identity(StoreIdentity)
    case session(SessionID)
    case renewal(Renewal)
    case views([SessionView])
    case expired(Bool)
    case lost([RunRecord])
    case outcomes([ClaimOutcome])
    case cursors([UID: Instant])
    case finished([FinishOutcome])
    case triggers([Trigger], next: Instant?)
    case pulse(StorePulse)
    case changes([ChangeBatch])
    case snapshot([ObjectRecord], Position)
    case object(ObjectRecord?)
    case committed(ChangeBatch)
    case triggered(Trigger)
    case runs([RunRecord])
    case done
    case failed(StoreError)
}

/// The store with its weather.
struct StoreService {
    var model: ModelStore
    /// How far its clock is ahead of true time.
    var clockError: Int64 = 0
    var isAway = false
    /// Nothing is answered before then.
    var stalledUntil: Int64 = 0
    var latency: ClosedRange<Int64> = 1...12
    /// In percent of the calls.
    var refused = 0
    var unknownBefore = 0
    var unknownAfter = 0
    /// What is certain while acknowledgements are held back, and since when.
    var certain: (model: ModelStore, at: Int64)?
    /// Counts restarts and failovers: calls that were under way over one have no known outcome.
    var life = 0
    /// Which life of the store each member has its connection to.
    var contacts: [Int: Int] = [:]

    init(requestMemory: Duration) {
        model = ModelStore(id: "cell", requestMemory: requestMemory)
    }
}

extension World {
    var storeClock: Instant { instant(now + store.clockError) }

    /// Carries `request` to the store and its answer back; every call is answered at last.
    func send(
        _ request: StoreRequest,
        from sender: Int,
        answer: @escaping (StoreReply) -> Void
    ) {
        let call = Call(request, from: sender, at: now, life: store.life, answer: answer)
        let isCut = network.cutFromStore.contains(sender)
        if isCut || store.isAway || happens(store.refused) {
            return fail(call, .unavailable("cut"), soon: draw(0...1) == 0)
        }
        // The connections are to a server that is gone: only whoever asks who is there goes on.
        if store.contacts[sender, default: store.life] != store.life, !request.isIdentify {
            let asksFirst = sender >= 0 && mutant != .historyIgnored
            if !asksFirst { store.contacts[sender] = nil }
            return fail(call, .unavailable("connection lost"), soon: true)
        }
        store.contacts[sender] = store.life
        if happens(store.unknownBefore) { return fail(call, .unknown("lost"), soon: false) }
        // A packet may be held up for longer than its sender waits, or lives.
        let isStraggler = setup.has(.delay) && draw(0...99) == 0
        let delay =
            isStraggler
            ? draw(100...setup.term * 3) : max(draw(store.latency), store.stalledUntil - now)
        if isStraggler { evidence.trouble(sender, from: now, to: now + delay + 1_000) }
        if delay > Self.patience { fail(call, .unknown("no answer"), soon: false) }
        after(delay, "arrive") { [unowned self] in arrive(call) }
    }

    private final class Call {
        let request: StoreRequest
        let sender: Int
        let sentAt: Int64
        /// The store's, when it was sent: a connection does not outlive a server.
        let life: Int
        private var answer: ((StoreReply) -> Void)?

        init(
            _ request: StoreRequest,
            from sender: Int,
            at now: Int64,
            life: Int,
            answer: @escaping (StoreReply) -> Void
        ) {
            (self.request, self.sender, sentAt) = (request, sender, now)
            self.life = life
            self.answer = answer
        }

        /// Only the first answer counts.
        func finish(_ reply: StoreReply) {
            let answer = answer
            self.answer = nil
            answer?(reply)
        }
    }

    private static let patience: Int64 = 5_000

    private func fail(_ call: Call, _ error: StoreError, soon: Bool) {
        let rest = max(1, call.sentAt + Self.patience - now)
        after(soon ? draw(1...min(50, rest)) : rest, "fail") { call.finish(.failed(error)) }
    }

    private func arrive(_ call: Call) {
        let isTooLate = now - call.sentAt > Self.patience
        if store.isAway || network.cutFromStore.contains(call.sender) {
            return fail(call, isTooLate ? .unknown("late") : .unavailable("away"), soon: true)
        }
        guard call.life == store.life else {
            return fail(call, .unknown("connection lost"), soon: true)
        }
        if store.stalledUntil > now {
            return after(store.stalledUntil - now, "arrive") { [unowned self] in arrive(call) }
        }
        let before = call.request.isWriting ? store.model.pulse : nil
        let reply = serve(call.request, from: call.sender)
        if let before, store.model.pulse != before { pulse() }
        guard !isTooLate, !happens(store.unknownAfter) else {
            return fail(call, .unknown("answer lost"), soon: true)
        }
        deliver(call, reply, life: store.life)
    }

    /// Takes the answer back, unless the way or the store is gone by then.
    private func deliver(_ call: Call, _ reply: StoreReply, life: Int) {
        after(draw(store.latency), "answer") { [unowned self] in
            let isCut = network.cutFromStore.contains(call.sender)
            if store.life != life || isCut {
                return fail(call, .unknown("connection lost"), soon: !isCut)
            }
            if store.certain != nil, !call.request.isGlance {
                // Not on the second disk yet.
                if now - call.sentAt > Self.patience {
                    return fail(call, .unknown("not durable yet"), soon: true)
                }
                return deliver(call, reply, life: life)
            }
            call.finish(reply)
        }
    }

    /// Tells every node that something has moved, each after a while of its own.
    func pulse() {
        for node in nodes where node.isUp && !node.isPulsePlanned {
            node.isPulsePlanned = true
            after(draw(5...200), "pulse") { [unowned self, unowned node] in
                node.isPulsePlanned = false
                guard node.isUp, !store.isAway, !network.cutFromStore.contains(node.index) else {
                    return
                }
                let pulse = store.model.pulse
                after(draw(store.latency), on: node, "pulse") { node.heed(pulse) }
            }
        }
    }

    /// Restarts the store: connections break, and it is away for `length`.
    func restartStore(for length: Int64) {
        store.life += 1
        store.isAway = true
        after(length, "store-back") { [unowned self] in
            store.isAway = false
            pulse()
        }
    }
}
