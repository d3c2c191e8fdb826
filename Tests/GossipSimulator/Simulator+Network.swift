// Packets and streams between simulated nodes.

internal import Gossip
internal import Vocabulary

extension Simulator {
    func send(_ frames: [Frame], to address: PeerAddress, from node: SimulatedNode) {
        guard !frames.isEmpty else { return }
        var packet = PacketCodec.encode(frames)
        if packet.count > tuning.packetLimit {
            violations.append("\(node.name) sent a packet of \(packet.count) bytes")
        }
        packets += 1
        bytes += packet.count
        node.sent += 1
        // A later release: a frame that may be skipped, and now and then one that may not.
        if node.isNewer { packet += [0x7E, 3, 1, 2, 3] }
        if node.criticalEvery > 0, node.sent % node.criticalEvery == 0 { packet += [0x80, 0] }
        note(packet)
        guard let target = place(of: address, from: node), packet.count <= weather.longest else {
            return
        }
        let link = Link(from: node.index, to: target)
        let copies = Double.random(in: 0..<1, using: &chance) < weather.duplication ? 2 : 1
        for _ in 0..<copies where !isLost(on: link) {
            let extra = weather.spread > 0 ? Int(link.lot(seed) * Double(weather.spread)) : 0
            let took = Int.random(in: weather.latency, using: &chance) + extra
            later(
                .bytes(packet, from: node.address),
                target,
                nodes[target].life,
                after: .microseconds(Int64(took))
            )
        }
    }

    private func isLost(on link: Link) -> Bool {
        var loss = weather.loss
        if weather.badLinks > 0, link.lot(~seed) < weather.badLinks { loss = max(loss, 0.5) }
        return loss > 0 && Double.random(in: 0..<1, using: &chance) < loss
    }

    /// Takes eight bytes at a time into the trace, and when they were sent.
    private func note(_ packet: [UInt8]) {
        var word: UInt64 = UInt64(bitPattern: time.nanoseconds)
        var count = 0
        for byte in packet {
            word = word << 8 ^ UInt64(byte)
            count += 1
            if count % 8 == 0 { trace = (trace ^ word) &* 0x9E37_79B9_7F4A_7C15 }
        }
        trace = SeededGenerator.mixed(trace ^ word)
    }

    /// The node that a packet from `node` to `address` reaches, if any.
    private func place(of address: PeerAddress, from node: SimulatedNode) -> Int? {
        guard let place = places[address], nodes[place].isUp, nodes[place].island == node.island,
            cuts.isEmpty || !cuts.contains(Link(from: node.index, to: place))
        else { return nil }
        return place
    }

    /// The node that a stream to `address` reaches: that takes both directions.
    private func partner(at address: PeerAddress, of node: SimulatedNode) -> Int? {
        guard let place = place(of: address, from: node), !weather.isStreamLost,
            cuts.isEmpty || !cuts.contains(Link(from: place, to: node.index))
        else { return nil }
        return place
    }

    func ask(
        _ number: UInt64,
        _ request: StreamRequest,
        at address: PeerAddress,
        from node: SimulatedNode
    ) {
        guard let target = partner(at: address, of: node),
            let coded = try? StreamCodec.decodeRequest(StreamCodec.encode(request))
        else {
            let failure = SimulatedNode.Item.event(.exchangeFailed(number))
            return later(failure, node.index, node.life, after: .milliseconds(700))
        }
        if case .ping = request {
            let trip = Duration.microseconds(Int64(2 * weather.latency.lowerBound))
            later(.event(.connected(number)), node.index, node.life, after: trip)
        }
        let item = SimulatedNode.Item.request(number, coded, from: node.index, life: node.life)
        later(item, target, nodes[target].life)
        // A frozen or dying server: the answer, if there is one, came before this.
        later(.event(.exchangeFailed(number)), node.index, node.life, after: .seconds(2))
    }

    func serve(
        _ request: StreamRequest,
        number: UInt64,
        on node: SimulatedNode,
        asker: Int,
        life: Int
    ) {
        let reply: StreamReply
        switch request {
        case .pushPull(let sheet):
            sheetCount += 1
            sheets[sheetCount] = (asker, life, number)
            return perform(.sheet(sheet, request: sheetCount), on: node)
        case .compare(let marks):
            sheetCount += 1
            sheets[sheetCount] = (asker, life, number)
            return perform(.marks(marks, request: sheetCount), on: node)
        case .pull(let revision):
            if let batches = node.list.changes(after: revision, limit: 20) {
                reply = .batches(batches)
            } else {
                reply = .compacted(floor: node.list.floor)
            }
        case .snapshot, .audit: reply = .refused("whole snapshots only")
        case .ping: reply = .pong(node.machine.sender)
        }
        answer(reply, to: number, asker, life)
    }

    func answer(_ request: UInt64, _ reply: StreamReply) {
        guard let asked = sheets.removeValue(forKey: request) else { return }
        answer(reply, to: asked.number, asked.asker, asked.life)
    }

    private func answer(_ reply: StreamReply, to number: UInt64, _ asker: Int, _ life: Int) {
        guard let coded = try? StreamCodec.decodeReply(StreamCodec.encode(reply)) else {
            return violations.append("an answer is refused: \(reply)")
        }
        later(.event(.answered(number, coded)), asker, life)
    }

    func install(
        _ number: UInt64,
        from address: PeerAddress,
        above: Revision,
        on node: SimulatedNode
    ) {
        guard let source = partner(at: address, of: node),
            nodes[source].list.position.revision > above
        else {
            let failure = SimulatedNode.Item.event(.exchangeFailed(number))
            return later(failure, node.index, node.life, after: .milliseconds(20))
        }
        let list = nodes[source].list
        node.list.install(Array(list.records.values), at: list.position)
        checkHistory(of: node)
        later(.event(.installed(number, list.position)), node.index, node.life)
    }
}
