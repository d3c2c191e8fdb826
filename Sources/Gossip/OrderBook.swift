// Signals: kills until they are acknowledged, hints once.

internal import Vocabulary

/// Orders not acknowledged yet, and those already carried out here.
struct OrderBook: Equatable, Sendable {
    struct Order: Equatable, Sendable {
        let number: UInt64
        let kill: KillOrder
        let target: NodeName
        let address: PeerAddress
        let sent: MonotonicInstant
        var resends = 0
    }

    private struct Heard: Equatable, Sendable {
        let number: UInt64
        let teller: NodeName
    }

    private static let heardLimit = 1_024

    var open: [Order] = []
    private var heard: [Heard] = []
    /// Our goodbyes by number, who answered, and how many answers are wanted.
    var farewells: [UInt64: PeerAddress] = [:]
    var answered: [PeerAddress] = []
    var farewellsWanted = 0

    func hasAnswered(_ address: PeerAddress) -> Bool { answered.contains(address) }

    func due(_ order: Order, _ tuning: GossipTuning) -> MonotonicInstant {
        let delays = tuning.killResends
        guard order.resends >= delays.count else { return order.sent + delays[order.resends] }
        return order.sent + (delays.last ?? .zero) * 2
    }

    func nextDue(_ tuning: GossipTuning) -> MonotonicInstant? {
        open.map { due($0, tuning) }.min()
    }

    mutating func close(_ number: UInt64) {
        open.removeAll { $0.number == number }
    }

    /// Whether an order is heard for the first time; from now on it is not.
    mutating func isFirst(_ number: UInt64, by teller: NodeName) -> Bool {
        let order = Heard(number: number, teller: teller)
        guard !heard.contains(order) else { return false }
        if heard.count >= Self.heardLimit { heard.removeFirst() }
        heard.append(order)
        return true
    }
}

extension GossipMachine {
    private static let settledPerFrame = 100
    /// Two names and a number each.
    private static let placementsPerFrame = 10

    mutating func tell(_ signal: Signal, to name: NodeName?, at now: MonotonicInstant) {
        if name == me.name { return outbox.append(.deliver(signal, from: me.name)) }
        let known = name.flatMap { roster[$0]?.member }
        let targets = known.map { [$0] } ?? roster.present
        switch signal {
        case .kill(let order):
            for target in targets { dispatch(order, to: target, at: now) }
        case .settled(let shards):
            tell(shards, inPartsOf: Self.settledPerFrame, targets) { .settled($0) }
        case .passed(let shards):
            tell(shards, inPartsOf: Self.settledPerFrame, targets) { .passed($0) }
        case .ran(let placements):
            tell(placements, inPartsOf: Self.placementsPerFrame, targets) { .ran($0) }
        case .triggers:
            for target in targets {
                send([.signal(0, .triggers, from: me.name)], to: target.address)
            }
        }
    }

    private mutating func tell<Item>(
        _ items: [Item],
        inPartsOf size: Int,
        _ targets: [Member],
        _ signal: ([Item]) -> Signal
    ) {
        for start in stride(from: 0, to: items.count, by: size) {
            let part = Array(items[start..<min(start + size, items.count)])
            for target in targets {
                send([.signal(0, signal(part), from: me.name)], to: target.address)
            }
        }
    }

    private mutating func dispatch(
        _ kill: KillOrder,
        to target: Member,
        at now: MonotonicInstant
    ) {
        if orders.open.count >= tuning.killLimit {
            let oldest = orders.open.removeFirst()
            outbox.append(.note(.killUnanswered(oldest.kill.run, by: oldest.target)))
        }
        let number = nextNumber()
        orders.open.append(
            OrderBook.Order(
                number: number,
                kill: kill,
                target: target.name,
                address: target.address,
                sent: now
            )
        )
        send([.signal(number, .kill(kill), from: me.name)], to: target.address)
    }

    mutating func repeatOrdersIfDue(at now: MonotonicInstant) {
        for order in orders.open where orders.due(order, tuning) <= now {
            guard order.resends < tuning.killResends.count else {
                orders.close(order.number)
                outbox.append(.note(.killUnanswered(order.kill.run, by: order.target)))
                continue
            }
            guard let place = orders.open.firstIndex(of: order) else { continue }
            orders.open[place].resends += 1
            // It may have moved since.
            let address = roster[order.target]?.member.address ?? order.address
            send([.signal(order.number, .kill(order.kill), from: me.name)], to: address)
        }
    }

    mutating func receive(
        _ signal: Signal,
        number: UInt64,
        by teller: NodeName,
        from address: PeerAddress
    ) {
        guard teller != me.name else { return }
        if number != 0 {
            send([.signalAck(number)], to: address)
            guard orders.isFirst(number, by: teller) else { return }
        }
        outbox.append(.deliver(signal, from: teller))
    }
}
