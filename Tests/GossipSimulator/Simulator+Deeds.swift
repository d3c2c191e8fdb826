// What tests and scenarios do to a simulated cluster.

package import Gossip
package import Vocabulary

extension Simulator {
    package func startAll() {
        for index in nodes.indices { start(index) }
    }

    package func start(_ index: Int) {
        nodes[index].isUp = true
        perform(.start, on: nodes[index])
        if isTailing { add(.tail, to: nodes[index], at: time) }
    }

    package func crash(_ index: Int) {
        let node = nodes[index]
        node.isUp = false
        node.life += 1
        node.inbox = []
        node.isResumePlanned = false
        node.busyUntil = nil
        node.frozenUntil = nil
        node.behindSince = nil
        node.lastAdvanced = nil
    }

    /// A new process with the old disk, or with an empty one, maybe somewhere else.
    package func restart(
        _ index: Int,
        keepsList: Bool,
        contacts: [PeerAddress]? = nil,
        at address: PeerAddress? = nil
    ) {
        let node = nodes[index]
        if node.isUp { crash(index) }
        if !keepsList { node.list = ModelList() }
        if let address {
            places[node.address] = nil
            places[address] = index
            node.address = address
        }
        node.bootEpoch += 1
        node.hasLeft = false
        node.machine = GossipMachine(
            me: Self.member(node.name, node.address, bootEpoch: node.bootEpoch),
            contacts: contacts ?? nodes.prefix(2).map(\.address),
            position: node.list.position,
            tuning: tuning,
            seed: chance.next()
        )
        start(index)
    }

    /// Stops the process for a while, as SIGSTOP does: nothing is handled, packets queue.
    package func freeze(_ index: Int, for duration: Duration) {
        let node = nodes[index]
        node.frozenUntil = time.advanced(by: duration)
    }

    package func tell(_ event: GossipEvent, on index: Int) {
        perform(event, on: nodes[index])
    }

    /// Cuts both directions between two nodes.
    package func cut(_ one: Int, _ other: Int) {
        cuts.insert(Link(from: one, to: other))
        cuts.insert(Link(from: other, to: one))
    }

    /// Commits to the store through one node, which passes the change on.
    package func commit(on index: Int, body: Int = 100) {
        let node = nodes[index]
        let batch = commitSilently(body: body)
        node.reached.append((batch.position, time))
        switch node.list.apply([batch], asTruth: true) {
        case .applied: perform(.published(batch), on: node)
        case .gap, .diverged, .failed, .refused: readStore(node)
        }
        checkHistory(of: node)
    }

    /// Commits without telling anybody: the node died in between.
    @discardableResult
    package func commitSilently(body: Int = 100) -> ChangeBatch {
        let batch = store.next(body: body, epoch: storeEpoch)
        _ = store.apply([batch])
        acknowledged.insert(batch.position)
        return batch
    }

    /// The store fails over and loses its last commits; from now on its epoch is another.
    package func loseTailOfStore(_ count: Int) {
        store.loseTail(count)
        storeEpoch += 1
    }

    /// Brings the node's copy to where the store is, as a tailer does.
    func readStore(_ node: SimulatedNode) {
        let outcome =
            store.changes(after: node.list.position.revision, limit: .max)
            .map { node.list.apply($0, asTruth: true) } ?? .gap(have: node.list.position)
        switch outcome {
        case .applied: break
        case .gap, .diverged, .failed, .refused:
            node.list.install(Array(store.records.values), at: store.position)
        }
        checkHistory(of: node)
        perform(.advanced(node.list.position), on: node)
    }

    // Tailing the store.

    private static let tailers = 3
    private static let behindPatience = Duration.seconds(1)
    /// In turns of its tailer.
    private static let lonelyPatience = 20

    /// Tailers read the store's log at once; others once they have been behind for a second.
    func tail(_ node: SimulatedNode) {
        let period = nodes.count > 100 ? Duration.seconds(2) : .milliseconds(300)
        add(.tail, to: node, at: time.advanced(by: period))
        findOthersInStore(node)
        guard isStoreUp, node.island == 0, node.list.position != store.position else {
            node.behindSince = nil
            return
        }
        if isTailer(node) { return readStore(node) }
        guard let since = node.behindSince else {
            node.behindSince = time
            return
        }
        if since.duration(to: time) >= Self.behindPatience { readStore(node) }
    }

    /// Every member writes its address into the list, so that one that finds nobody, since
    /// everybody it was told of has left, needs but reach the store.
    private func findOthersInStore(_ node: SimulatedNode) {
        guard node.machine.members.count == 1 else { return node.lonelyTurns = 0 }
        node.lonelyTurns += 1
        guard isStoreUp, node.island == 0, node.lonelyTurns > Self.lonelyPatience else { return }
        let others = nodes.filter { $0 !== node }.map(\.address)
        if !others.isEmpty { perform(.meet(others), on: node) }
    }

    private func isTailer(_ node: SimulatedNode) -> Bool {
        func weight(_ name: NodeName) -> UInt64 {
            name.text.utf8.reduce(7) { SeededGenerator.mixed($0 ^ UInt64($1)) }
        }
        let mine = weight(node.name)
        let better = node.machine.members.count { $0.state == .alive && weight($0.name) > mine }
        return better < Self.tailers
    }
}
