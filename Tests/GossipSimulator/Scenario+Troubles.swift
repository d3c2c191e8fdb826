// What each kind of trouble does, and how all of it ends.

internal import Gossip
internal import Vocabulary

extension Scenario {
    /// Troubles that are there from the start.
    func prepare() {
        for node in cluster.nodes {
            if faults.contains(.versions), isLucky(oneIn: 3) {
                node.isNewer = true
                node.criticalEvery = isLucky(oneIn: 2) ? 20 : 0
            }
        }
        if faults.contains(.links) { cluster.weather.badLinks = 0.1 }
        if faults.contains(.clock), let wrong = cluster.nodes.randomElement(using: &chance) {
            wrong.clockOffset = .milliseconds(draw(-900...900))
            wrong.drift = draw(-100...100)
        }
        if faults.contains(.delay) { cluster.weather.spread = 20_000 }
    }

    func cause(_ fault: Fault) {
        switch fault {
        case .loss, .delay, .duplication, .small, .streams: changeWeather(fault)
        case .oneway, .cut, .partition: divide(fault)
        case .crash, .disk, .move, .leave: end(fault)
        case .stall, .starve: slow(fault)
        case .clock:
            guard isLucky(oneIn: 8), let node = cluster.nodes.first(where: { $0.drift != 0 })
            else { return }
            node.clockOffset = .milliseconds(draw(-900...900))
        case .clone: clone()
        case .rollback:
            guard isLucky(oneIn: 12), cluster.isStoreUp else { return }
            cluster.loseTailOfStore(draw(1...5))
            cluster.commitSilently()
        case .storeless: if isLucky(oneIn: 6) { cluster.isStoreUp.toggle() }
        case .kills: kill()
        case .words: speak()
        case .links, .versions, .burst: break
        }
    }

    private func changeWeather(_ fault: Fault) {
        switch fault {
        case .loss:
            let loss = [0, 0.01, 0.05, 0.1, 0.3][draw(0...4)]
            if loss > 0.05 { isLossHigh = true }
            cluster.weather.loss = loss
        case .delay:
            cluster.weather.latency = isLucky(oneIn: 3) ? 1_000...120_000 : 100...900
        case .duplication: cluster.weather.duplication = isLucky(oneIn: 2) ? 0.2 : 0
        case .small: cluster.weather.longest = isLucky(oneIn: 3) ? 600 : .max
        case .streams: cluster.weather.isStreamLost = isLucky(oneIn: 3)
        case _: break
        }
    }

    private func divide(_ fault: Fault) {
        guard isLucky(oneIn: 5), cluster.nodes.count > 1 else { return }
        let nodes = cluster.nodes.indices.shuffled(using: &chance)
        let end = round + draw(1...12)
        switch fault {
        case .oneway:
            let link = Link(from: nodes[0], to: nodes[1])
            cluster.cuts.insert(link)
            mendings[end, default: []].append { [cluster] in cluster.cuts.remove(link) }
        case .cut:
            cluster.cut(nodes[0], nodes[1])
        case .partition:
            for index in nodes.prefix(draw(1...nodes.count - 1)) { cluster.nodes[index].island = 1 }
            mendings[end, default: []].append { [cluster] in
                for node in cluster.nodes { node.island = 0 }
            }
        case _: break
        }
    }

    private func end(_ fault: Fault) {
        guard isLucky(oneIn: 4), let node = anyLive() else { return }
        // The first two are those whose addresses everybody starts with.
        guard fault != .move || node.index > 1, node.index < originals else { return }
        if fault == .leave {
            cluster.tell(.leave, on: node.index)
        } else {
            cluster.crash(node.index)
        }
        guard !isLucky(oneIn: 4) else { return }
        let address = PeerAddress("10.0.1.\(draw(0...9_999)):7946")
        let isFree = cluster.place(at: address) == nil
        mendings[round + draw(1...8), default: []].append { [cluster, originals] in
            guard !node.isUp else { return }
            cluster.restart(
                node.index,
                keepsList: fault != .disk,
                contacts: cluster.nodes.prefix(min(2, originals)).map(\.address),
                at: fault == .move && isFree ? address : nil
            )
        }
    }

    private func slow(_ fault: Fault) {
        guard let node = anyLive() else { return }
        let time = cluster.time
        switch fault {
        case .stall:
            guard isLucky(oneIn: 5) else { return }
            let duration = Duration.milliseconds(draw(100...12_000))
            cluster.freeze(node.index, for: duration)
            node.troubledUntil = time.advanced(by: duration + .seconds(15))
        case .starve:
            // A third of them, by index, so that it is always the same ones.
            for node in cluster.live where node.index % 3 == 1 {
                node.serviceTime = .milliseconds(draw(1...150))
            }
        case _: break
        }
    }

    private func clone() {
        guard cluster.nodes.count == originals, isLucky(oneIn: 6), let node = anyLive() else {
            return
        }
        let address = PeerAddress("10.0.2.1:7946")
        let epoch = Int(node.bootEpoch) + draw(-1...1)
        cluster.add(node.name, at: address, bootEpoch: UInt64(epoch))
        cluster.start(cluster.nodes.count - 1)
    }

    private func kill() {
        guard isLucky(oneIn: 2), let teller = anyLive(), let target = anyLive(),
            teller.index != target.index, target.index < originals,
            cluster.member(target.index, seenBy: teller.index) != nil
        else { return }
        let order = KillOrder(
            run: RunID("run-\(kills.count)"),
            author: "ada",
            grace: nil,
            requestedAt: .epoch
        )
        kills.append(
            Kill(
                order: order,
                teller: teller.index,
                tellerLife: teller.life,
                target: target.index,
                targetLife: target.life
            )
        )
        cluster.tell(.tell(.kill(order), to: target.name), on: teller.index)
    }

    private func speak() {
        guard isLucky(oneIn: 2), let node = anyLive() else { return }
        let load = MemberLoad(running: UInt32(draw(0...9)), slots: 10)
        cluster.tell(.load(load), on: node.index)
        guard isLucky(oneIn: 4) else { return }
        cluster.tell(.flags(isDraining: isLucky(oneIn: 2), isStale: false), on: node.index)
        cluster.tell(.zoneData("2026\(isLucky(oneIn: 2) ? "a" : "b")"), on: node.index)
    }

    /// Ends all troubles, and brings back most of those that are down.
    func heal() {
        cluster.weather = Weather()
        cluster.cuts = []
        cluster.isStoreUp = true
        for node in cluster.nodes {
            node.island = 0
            node.frozenUntil = nil
            node.serviceTime = .zero
            node.criticalEvery = 0
        }
        // Whoever runs two processes of one name ends one of them.
        for index in originals..<max(originals, cluster.nodes.count) { cluster.crash(index) }
        for index in 0..<originals where !cluster.nodes[index].isUp {
            guard index < 2 || !isLucky(oneIn: 3) else { continue }
            cluster.restart(
                index,
                keepsList: true,
                contacts: cluster.nodes.prefix(min(2, originals)).map(\.address)
            )
        }
        cluster.commitSilently()
    }
}
