// Causes the troubles that a seed has drawn, and ends them all.

internal import LockLease
internal import Scheduler
internal import Vocabulary

/// Something goes wrong every few minutes, each for a while.
final class Nemesis {
    unowned let world: World
    private let end: Int64
    private var backup: (model: ModelStore, at: Int64)?
    /// How long after a trouble nobody is expected to be on time.
    private var recovery: Int64 { world.setup.term * 3 + 5_000 }

    init(_ world: World, until end: Int64) {
        self.world = world
        self.end = end
        for trouble in world.setup.troubles { prepare(trouble) }
        for trouble in world.setup.troubles { plan(trouble) }
    }

    private func prepare(_ trouble: Trouble) {
        switch trouble {
        case .calls:
            world.store.refused = world.pick([0, 1, 5])
            world.store.unknownBefore = world.pick([0, 1, 5])
            world.store.unknownAfter = world.pick([1, 3, 10])
            world.evidence.trouble(nil, from: 0, to: end + recovery)
        case .slowStore:
            world.store.latency = 1...world.pick([50, 400])
            world.evidence.trouble(nil, from: 0, to: end + recovery)
        case .loss: world.network.loss = world.pick([5, 30, 100])
        case .delay:
            world.network.noteDelay = world.pick([500, 20_000, 300_000])
            world.network.duplication = 20
        case .clock:
            for node in world.nodes {
                node.clock.setWall(error: world.draw(-400...400), drift: 0, at: 0)
            }
        case .rate:
            for node in world.nodes {
                node.clock.setRate(Double(world.draw(85...118)) / 100, at: 0)
            }
            world.evidence.trouble(nil, from: 0, to: end + recovery)
        case .narrow: world.evidence.trouble(nil, from: 0, to: .max)
        case _: break
        }
    }

    /// Every trouble comes at times of its own.
    private func plan(_ trouble: Trouble) {
        let gap: ClosedRange<Int64> =
            switch trouble {
            case .blackout: end / 3...end
            case .rollback: end / 4...end
            case _: .minutes(1)...Int64.minutes(20)
            }
        world.after(world.draw(gap), "nemesis") { [unowned self] in
            guard world.now < end else { return }
            cause(trouble)
            if trouble != .blackout, trouble != .rollback { plan(trouble) }
        }
    }

    private var anyNode: SimulatedNode { world.pick(world.nodes) }

    /// Mostly about as long as matters to sessions, seldom many times that.
    private var length: Int64 {
        let term = world.setup.term
        return world.pick([
            world.draw(100...term / 2), world.draw(term / 2...term * 2),
            world.draw(term...term * 6),
        ])
    }

    private func note(_ node: SimulatedNode?, _ length: Int64) {
        world.evidence.trouble(node?.index, from: world.now, to: world.now + length + recovery)
    }

    private func cause(_ trouble: Trouble) {
        switch trouble {
        case .crash, .power, .disk: kill(trouble)
        case .pause, .suspend:
            let (node, length) = (anyNode, length)
            note(node, length)
            node.freeze(for: length, withTasks: trouble == .suspend)
        case .leave:
            let (node, length) = (anyNode, length)
            note(node, length + 30_000)
            node.leave()
            world.after(length + 31_000, "return") { node.start() }
        case .cutStore: cut(\.cutFromStore, marks: true)
        case .cutPeers: cut(\.cutFromPeers, marks: false)
        case .clock: setClock(anyNode, error: world.draw(-400...400))
        case .wildClock:
            let (node, length) = (anyNode, length)
            let error: Int64 = world.pick([.seconds(2), .minutes(5), .hours(1), .hours(30)])
            setClock(node, error: world.draw(0...1) == 0 ? error : -error)
            world.after(length * 2, "set") { [unowned self] in setClock(node, error: 0) }
            note(node, length * 2)
        case .storeClock: setStoreClock()
        case .forgery: forge()
        case .prune:
            world.send(.prune(StoreRetention()), from: -1) { _ in }
        case .blackout: blackOut()
        case .calls, .slowStore, .storeAway, .storeRestart, .failover, .rollback:
            harmStore(trouble)
        case .loss, .delay, .rate, .members, .points, .narrow, .edits, .kills: break
        }
    }

    private func kill(_ trouble: Trouble) {
        let (node, length) = (anyNode, length)
        note(node, length)
        if trouble == .power { node.losePower() } else { node.crash() }
        if trouble == .disk { node.disk = SimulatedNode.Disk() }
        world.after(length, "restart") { node.start() }
    }

    private func cut(_ ways: WritableKeyPath<Network, Set<Int>>, marks: Bool) {
        let (node, length) = (anyNode, length)
        if marks { note(node, length) }
        world.say("\(node.name) is cut off")
        world.network[keyPath: ways].insert(node.index)
        world.announceMembers()
        world.after(length, "mend") { [unowned self] in
            world.say("\(node.name) is not cut off any more")
            world.network[keyPath: ways].remove(node.index)
            world.announceMembers()
            world.pulse()
        }
    }

    private func setClock(_ node: SimulatedNode, error: Int64) {
        world.say("\(node.name)'s clock is off by \(error) ms")
        node.clock.setWall(error: error, drift: world.draw(-200...200), at: world.now)
        node.clockWasSet()
    }

    private func setStoreClock() {
        world.store.clockError = world.draw(-2_000...2_000)
        note(nil, 0)
        world.evidence.trouble(nil, from: world.now, to: end + recovery)
    }

    private func forge() {
        guard let master = world.master, let name = master.names.randomElement(using: &world.chance)
        else { return }
        let node = anyNode
        note(node, .minutes(2))
        node.forge(master.key(name))
        world.after(world.draw(.seconds(1)...Int64.minutes(2)), "mend") { [unowned self] in
            if let record = world.store.model.object(master.key(name)) { node.mend(record) }
        }
    }

    /// Everything is down, for as long as a long night.
    private func blackOut() {
        let length = world.draw(.minutes(30)...Int64.hours(26))
        world.say("everything is down for \(length / 60_000) minutes")
        note(nil, length)
        world.evidence.blackout += length
        world.master?.isIdle = true
        for node in world.nodes { node.losePower() }
        world.after(length, "morning") { [unowned self] in
            world.master?.isIdle = false
            for node in world.nodes { node.start() }
        }
    }

    // MARK: The store

    private func harmStore(_ trouble: Trouble) {
        let length: Int64 = length
        switch trouble {
        case .slowStore:
            world.store.stalledUntil = world.now + length / 2
            note(nil, length)
        case .storeAway, .storeRestart:
            let brief: Int64 = world.draw(200...5_000)
            let time = trouble == .storeAway ? length : brief
            note(nil, time)
            world.say("the store is away for \(time) ms")
            world.restartStore(for: time)
        case .failover: failOver()
        case .rollback: rollBack()
        case _: break
        }
    }

    /// Acknowledgements are held back for a while; then what nobody was told of may be lost.
    private func failOver() {
        guard world.store.certain == nil else { return }
        world.store.certain = (world.store.model, world.now)
        let pruned = world.evidence.archived.count
        let length: Int64 = world.draw(50...4_000)
        note(nil, length + 2_000)
        world.after(length, "failover") { [unowned self] in
            guard let certain = world.store.certain else { return }
            world.store.certain = nil
            guard world.draw(0...2) > 0 else { return }
            world.say("the store fails over and loses what it had not acknowledged")
            world.store.model = certain.model
            world.evidence.unarchive(downTo: pruned)
            world.inspector.rolledBack(to: certain.at, isSilent: true, world)
            world.restartStore(for: world.draw(100...2_000))
        }
    }

    /// A backup is restored; somebody accepts it once a node has refused it.
    private func rollBack() {
        guard world.store.certain == nil else { return }
        let kept = (model: world.store.model, at: world.now)
        let pruned = world.evidence.archived.count
        world.after(world.draw(.seconds(5)...Int64.minutes(10)), "restore") { [unowned self] in
            guard world.store.certain == nil, !world.evidence.isHealing else { return }
            let away: Int64 = world.draw(500...8_000)
            // What was decided since then is open once more.
            let end = world.now + away + .minutes(3) + recovery
            world.evidence.trouble(nil, from: kept.at, to: end)
            world.say("the store is restored as it was \((world.now - kept.at) / 1_000) s ago")
            world.store.model = kept.model
            world.evidence.unarchive(downTo: pruned)
            world.master?.isIdle = true
            world.inspector.rolledBack(to: kept.at, isSilent: false, world)
            world.restartStore(for: away)
            world.after(away + world.draw(.seconds(20)...Int64.minutes(2)), "accept") {
                [unowned self] in acceptIfRefused()
            }
        }
    }

    private func acceptIfRefused() {
        world.master?.isIdle = false
        guard world.nodes.contains(where: \.refusesStore) else { return }
        world.say("the restored store is accepted")
        world.evidence.trouble(nil, from: world.now, to: world.now + recovery)
        accept()
    }

    private func accept() {
        world.send(.accept, from: -1) { [unowned self] reply in
            if case .failed = reply { world.after(1_000, "accept") { [unowned self] in accept() } }
        }
    }

    // MARK: The end

    /// Ends every trouble, for good.
    func heal() {
        world.say("all troubles end")
        world.evidence.isHealing = true
        world.evidence.healedAt = world.now
        world.evidence.trouble(nil, from: world.now, to: world.now + recovery)
        world.network = Network()
        world.store.isAway = false
        world.store.stalledUntil = 0
        world.store.latency = 1...12
        (world.store.refused, world.store.unknownBefore, world.store.unknownAfter) = (0, 0, 0)
        world.store.certain = nil
        world.store.clockError = 0
        world.setup.slots = 50
        for node in world.nodes {
            node.clock.setWall(error: world.draw(-20...20), drift: 0, at: world.now)
            node.clockWasSet()
            if node.isFrozen {
                node.frozenUntil = world.now
                world.drainInbox(of: node)
            }
            if node.isUp { node.handle(.slots(free: node.freeSlots)) }
            node.start()
        }
        if let master = world.master {
            for name in master.names {
                guard let record = world.store.model.object(master.key(name)) else { continue }
                for node in world.nodes { node.mend(record) }
            }
        }
        acceptIfRefused()
        world.announceMembers()
        world.pulse()
        world.after(recovery, "accept") { [unowned self] in acceptIfRefused() }
    }
}

extension SimulatedNode {
    /// Whether this node holds that the store went back.
    var refusesStore: Bool {
        do throws(StoreError) {
            try witness.check()
            return false
        } catch {
            return true
        }
    }
}
