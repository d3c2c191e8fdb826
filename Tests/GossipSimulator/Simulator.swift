// A cluster in one process, under one seed and a clock of its own.

package import Gossip
package import Vocabulary

/// Nodes, a network between them and a store, in virtual time; the seed decides everything.
package final class Simulator {
    package internal(set) var nodes: [SimulatedNode] = []
    package var weather = Weather()
    /// Directions in which nothing arrives, though everybody else reaches both ends.
    package var cuts: Set<Link> = []
    package var store = ModelList()
    /// Every position that the store ever acknowledged, lost ones included.
    package internal(set) var acknowledged: Set<Position> = [.start]
    /// What new commits are numbered under.
    package var storeEpoch: UInt32 = 1
    package var isStoreUp = true
    /// Whether nodes that start from now on read the store by themselves.
    package var isTailing = false
    package private(set) var time = MonotonicInstant(sinceBoot: .seconds(1_000))
    package internal(set) var packets = 0
    package internal(set) var bytes = 0
    package private(set) var events = 0
    /// A digest of everything that was ever sent, and when.
    package internal(set) var trace: UInt64 = 0
    /// How often a member was held to have failed though nothing was wrong with it.
    package private(set) var wrongfulFailures = 0
    /// How often a member was held to have failed whose process was there, whatever its state.
    package private(set) var failures = 0
    /// What must never be and was.
    package internal(set) var violations: [String] = []
    let tuning: GossipTuning
    let seed: UInt64
    var chance: SeededGenerator
    var places: [PeerAddress: Int] = [:]
    var sheets: [UInt64: (asker: Int, life: Int, number: UInt64)] = [:]
    var sheetCount: UInt64 = 0
    private var agenda = Agenda<(node: Int, life: Int, item: SimulatedNode.Item)>()

    /// - Parameters:
    ///   - count: How many nodes, none of them started.
    ///   - seed: Decides everything.
    ///   - seeds: How many of the first nodes everybody knows the addresses of.
    ///   - tuning: The protocol's numbers.
    package init(
        _ count: Int,
        seed: UInt64,
        seeds: Int = 1,
        tuning: GossipTuning = GossipTuning()
    ) {
        self.seed = seed
        chance = SeededGenerator(seed: seed)
        self.tuning = tuning
        let addresses = (0..<count).map { PeerAddress("10.0.0.\($0):7946") }
        for (index, address) in addresses.enumerated() {
            let name = NodeName("n\(index)")
            let machine = GossipMachine(
                me: Self.member(name, address, bootEpoch: 1_000),
                contacts: Array(addresses.prefix(seeds)),
                position: .start,
                tuning: tuning,
                seed: chance.next()
            )
            places[address] = index
            nodes.append(
                SimulatedNode(index: index, name: name, address: address, machine: machine)
            )
        }
    }

    package static func member(
        _ name: NodeName,
        _ address: PeerAddress,
        bootEpoch: UInt64
    ) -> Member {
        Member(
            name: name,
            role: .node,
            address: address,
            httpAddress: "10.0.0.1:7900",
            tags: ["zone": "a"],
            standing: Standing(bootEpoch: bootEpoch, incarnation: 0, state: .alive),
            release: "1.0.0",
            zoneData: "2026a"
        )
    }

    /// Another host with a process of its own, not started yet.
    package func add(_ name: NodeName, at address: PeerAddress, bootEpoch: UInt64) {
        let machine = GossipMachine(
            me: Self.member(name, address, bootEpoch: bootEpoch),
            contacts: nodes.prefix(2).map(\.address),
            position: .start,
            tuning: tuning,
            seed: chance.next()
        )
        let node = SimulatedNode(
            index: nodes.count,
            name: name,
            address: address,
            machine: machine
        )
        node.bootEpoch = bootEpoch
        places[address] = node.index
        nodes.append(node)
    }

    package func place(at address: PeerAddress) -> Int? { places[address] }

    package func run(for duration: Duration) {
        let end = time.advanced(by: duration)
        let limit = end.nanoseconds
        while let due = agenda.next, due <= limit { step() }
        time = end
    }

    /// Runs until `condition` holds, checked every 50 ms.
    ///
    /// - Returns: How long it took; `nil` if it never holds.
    package func run(
        until condition: (Simulator) -> Bool,
        atMost limit: Duration
    ) -> Duration? {
        let began = time
        while !condition(self) {
            guard began.duration(to: time) < limit else { return nil }
            run(for: .milliseconds(50))
        }
        return began.duration(to: time)
    }

    // The world.

    private func step() {
        guard let (due, entry) = agenda.pop() else { return }
        if due > time.nanoseconds { time = MonotonicInstant(sinceBoot: .nanoseconds(due)) }
        let node = nodes[entry.node]
        guard node.isUp, node.life == entry.life else { return }
        if case .resume = entry.item {
            node.isResumePlanned = false
            return resume(node)
        }
        guard node.away(at: time) == nil, node.inbox.isEmpty else { return keep(entry.item, node) }
        process(entry.item, on: node)
    }

    /// Lets the item wait until the process has time; a full socket buffer loses packets.
    private func keep(_ item: SimulatedNode.Item, _ node: SimulatedNode) {
        if case .bytes = item, node.inbox.count >= SimulatedNode.bufferLimit { return }
        node.inbox.append(item)
        planResume(node)
    }

    private func planResume(_ node: SimulatedNode) {
        guard !node.isResumePlanned else { return }
        node.isResumePlanned = true
        add(.resume, to: node, at: node.away(at: time) ?? time)
    }

    private func resume(_ node: SimulatedNode) {
        var done = 0
        while done < node.inbox.count, node.isUp, node.away(at: time) == nil {
            process(node.inbox[done], on: node)
            done += 1
        }
        node.inbox.removeFirst(min(done, node.inbox.count))
        if !node.inbox.isEmpty { planResume(node) }
    }

    private func process(_ item: SimulatedNode.Item, on node: SimulatedNode) {
        events += 1
        if node.serviceTime > .zero { node.busyUntil = time.advanced(by: node.serviceTime) }
        switch item {
        case .event(let event): perform(event, on: node)
        case .bytes(let bytes, let from):
            guard let frames = try? PacketCodec.decode(bytes) else {
                node.refused += 1
                return
            }
            perform(.packet(frames, from: from), on: node)
        case .apply(let batches):
            perform(.applied(node.list.apply(batches)), on: node)
            checkHistory(of: node)
        case .request(let number, let request, let asker, let life):
            serve(request, number: number, on: node, asker: asker, life: life)
        case .tail: tail(node)
        case .catchUp: readStore(node)
        case .resume: break
        }
    }

    func perform(_ event: GossipEvent, on node: SimulatedNode) {
        let wall = node.wallClock(at: time)
        for action in node.machine.handle(event, at: time, wallClock: wall) {
            perform(action, of: node)
        }
    }

    private func perform(_ action: GossipAction, of node: SimulatedNode) {
        switch action {
        case .send(let frames, let address): send(frames, to: address, from: node)
        case .exchange(let number, let request, let address):
            ask(number, request, at: address, from: node)
        case .supply(let revision, let addresses):
            let known = node.list.changes(after: revision, limit: GossipMachine.giftCount) ?? []
            for frames in node.machine.gift(of: known) {
                for address in addresses { send(frames, to: address, from: node) }
            }
        case .answer(let request, let reply): answer(request, reply)
        case .apply(let batches):
            let delay = Duration.microseconds(Int64.random(in: 50...2_000, using: &chance))
            later(.apply(batches), node.index, node.life, after: delay)
        case .install(let number, let address, let above):
            install(number, from: address, above: above, on: node)
        case .askStore:
            node.storeAsked += 1
            if isStoreUp { later(.catchUp, node.index, node.life) }
        case .deliver(let signal, _): node.delivered.append(signal)
        case .advanced(let position):
            if let last = node.lastAdvanced, position.revision <= last.revision {
                violations.append("\(node.name) hands on \(position) after \(last)")
            }
            node.lastAdvanced = position
            node.reached.append((position, time))
        case .membersChanged: countWrongs(on: node)
        case .adoptBootEpoch(let epoch): node.bootEpoch = epoch
        case .note(let note): node.notes.append(note)
        case .left:
            node.hasLeft = true
            crash(node.index)
        case .wake(let due):
            node.hurries = due <= time && node.hurried == time ? node.hurries + 1 : 0
            node.hurried = time
            guard node.hurries < 100 else {
                violations.append("\(node.name) wants to be woken all the time")
                return crash(node.index)
            }
            add(.event(.wake), to: node, at: due)
        }
    }

    private func countWrongs(on node: SimulatedNode) {
        guard nodes.count <= 100 else { return }
        for member in node.machine.members where member.state == .failed {
            guard let place = places[member.address], nodes[place].isUp,
                nodes[place].bootEpoch == member.bootEpoch
            else { continue }
            failures += 1
        }
        guard node.troubledUntil <= time else { return }
        for member in node.machine.members where member.state == .failed {
            guard let place = places[member.address] else { continue }
            let accused = nodes[place]
            if accused.isUp, accused.island == node.island, accused.frozenUntil == nil,
                accused.bootEpoch == member.bootEpoch, accused.troubledUntil <= time
            {
                wrongfulFailures += 1
            }
        }
    }

    // When things happen.

    func add(_ item: SimulatedNode.Item, to node: SimulatedNode, at due: MonotonicInstant) {
        agenda.add((node.index, node.life, item), at: max(due, time).nanoseconds)
    }

    /// Lets `item` happen in `delay`, or when the network has carried it.
    func later(
        _ item: SimulatedNode.Item,
        _ node: Int,
        _ life: Int,
        after delay: Duration? = nil
    ) {
        let microseconds = Int64(Int.random(in: weather.latency, using: &chance))
        let wait = delay.map(\.nanoseconds) ?? microseconds * 1_000
        agenda.add((node, life, item), at: time.nanoseconds + wait)
    }
}

extension Duration {
    /// Whole nanoseconds; enough for three centuries.
    var nanoseconds: Int64 {
        let (seconds, rest) = components
        return seconds * 1_000_000_000 + rest / 1_000_000_000
    }
}

extension MonotonicInstant {
    var nanoseconds: Int64 { sinceBoot.nanoseconds }
}
