import Gossip
import Vocabulary

/// What the network does to what is sent.
struct Weather {
    var loss = 0.0
    var duplication = 0.0
    /// In microseconds; a wide range reorders.
    var latency = 100...900
    var isStreamLost = false
}

/// A cluster in one process, under one seed and a clock of its own.
final class Simulator {
    struct Node {
        let name: NodeName
        let address: PeerAddress
        var machine: GossipMachine
        var list = ModelList()
        /// Counts processes; what was meant for an earlier one is dropped.
        var life = 0
        var isUp = false
        var bootEpoch: UInt64 = 1_000
        /// How far its wall clock is ahead of the true time.
        var clockOffset = Duration.zero
        var island = 0
        var delivered: [Signal] = []
        var notes: [GossipNote] = []
        var storeAsked = 0
        /// Frozen until then: nothing is handled.
        var frozenUntil: MonotonicInstant?
        var hasLeft = false
        var reached: [(Position, MonotonicInstant)] = []
    }

    private enum Item {
        case event(GossipEvent)
        case bytes([UInt8], from: PeerAddress)
        case apply([ChangeBatch])
        case catchUp
        case request(UInt64, StreamRequest, from: Int, life: Int)
    }

    var nodes: [Node] = []
    var weather = Weather()
    /// Pairs that cannot reach each other, though everybody else reaches both.
    var cuts: Set<Set<Int>> = []
    var store = ModelList()
    var isStoreThere = true
    private(set) var time = MonotonicInstant(sinceBoot: .seconds(1_000))
    private(set) var packets = 0
    private(set) var bytes = 0
    /// A digest of everything that was ever sent, and when.
    private(set) var trace: UInt64 = 0
    /// How often a member that was up was held to have failed, on some other member.
    private(set) var wrongfulFailures = 0
    private var chance: SeededGenerator
    private var queue = Agenda<(node: Int, life: Int, item: Item)>()
    private var sheets: [UInt64: (asker: Int, life: Int, number: UInt64)] = [:]
    private var sheetCount: UInt64 = 0
    private let tuning: GossipTuning

    init(_ count: Int, seed: UInt64, seeds: Int = 1, tuning: GossipTuning = GossipTuning()) {
        chance = SeededGenerator(seed: seed)
        self.tuning = tuning
        let addresses = (0..<count).map { PeerAddress("10.0.0.\($0):7946") }
        for index in 0..<count {
            let name = NodeName("n\(index)")
            let contacts = Array(addresses.prefix(seeds))
            nodes.append(
                Node(
                    name: name,
                    address: addresses[index],
                    machine: GossipMachine(
                        me: Self.member(name, addresses[index], bootEpoch: 1_000),
                        contacts: contacts,
                        position: .start,
                        tuning: tuning,
                        seed: chance.next()
                    )
                )
            )
        }
    }

    static func member(_ name: NodeName, _ address: PeerAddress, bootEpoch: UInt64) -> Member {
        Member(
            name: name,
            role: .node,
            address: address,
            tags: ["zone": "a"],
            standing: Standing(bootEpoch: bootEpoch, incarnation: 0, state: .alive)
        )
    }

    // What tests do.

    func startAll() {
        for index in nodes.indices { start(index) }
    }

    func start(_ index: Int) {
        nodes[index].isUp = true
        perform(.start, on: index)
    }

    func crash(_ index: Int) {
        nodes[index].isUp = false
        nodes[index].life += 1
    }

    /// A new process with the old disk, or with an empty one.
    func restart(_ index: Int, keepsList: Bool, contacts: [PeerAddress]? = nil) {
        let node = nodes[index]
        if !keepsList { nodes[index].list = ModelList() }
        nodes[index].bootEpoch += 1
        nodes[index].machine = GossipMachine(
            me: Self.member(node.name, node.address, bootEpoch: nodes[index].bootEpoch),
            contacts: contacts ?? [nodes[0].address, nodes[1].address],
            position: nodes[index].list.position,
            tuning: tuning,
            seed: chance.next()
        )
        start(index)
    }

    func tell(_ event: GossipEvent, on index: Int) {
        perform(event, on: index)
    }

    /// Commits to the store through one node, which passes the change on.
    func commit(on index: Int, body: Int = 100, epoch: UInt32 = 1) {
        let batch = store.next(body: body, epoch: epoch)
        _ = store.apply([batch])
        nodes[index].reached.append((batch.position, time))
        if case .applied = nodes[index].list.apply([batch]) {
            perform(.published(batch), on: index)
        } else {
            _ = nodes[index].list.apply(store.changes(after: .zero, limit: .max) ?? [])
            perform(.advanced(nodes[index].list.position), on: index)
        }
    }

    /// Commits without telling anybody: the node died in between.
    func commitSilently(body: Int = 100) {
        _ = store.apply([store.next(body: body)])
    }

    func run(for duration: Duration) {
        let end = time.advanced(by: duration)
        while let due = queue.next, due <= end { step() }
        time = end
    }

    /// Runs until `condition` holds, checked every 50 ms; `nil` if it never does.
    func run(
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

    // What tests ask.

    /// Whether every live node sees the same, and exactly the live ones as alive.
    var areViewsEqual: Bool {
        let live = nodes.filter(\.isUp)
        let names = live.map(\.name).sorted()
        let views = live.map { node in
            node.machine.members.filter { $0.state != .left && $0.state != .failed }
        }
        guard let first = views.first else { return true }
        return first.map(\.name) == names
            && views.allSatisfy { view in
                view.map(\.standing) == first.map(\.standing)
                    && view.allSatisfy { $0.state == .alive }
            }
    }

    var areListsEqual: Bool {
        nodes.filter(\.isUp).allSatisfy {
            $0.list.position == store.position && $0.machine.position == store.position
                && $0.list.records == store.records
        }
    }

    /// Whether no copy ever was anywhere the store was not.
    var areListsPrefixes: Bool {
        nodes.allSatisfy { node in node.list.history.allSatisfy(store.history.contains) }
    }

    func state(of index: Int, seenBy other: Int) -> MemberState? {
        nodes[other].machine.members.first { $0.name == nodes[index].name }?.state
    }

    // The world.

    private func step() {
        guard let (due, entry) = queue.pop() else { return }
        time = max(time, due)
        let index = entry.node
        guard nodes[index].isUp, nodes[index].life == entry.life else { return }
        if let frozen = nodes[index].frozenUntil {
            if frozen > time {
                return queue.add(entry, at: frozen)
            }
            nodes[index].frozenUntil = nil
        }
        switch entry.item {
        case .event(let event): perform(event, on: index)
        case .bytes(let bytes, let from):
            // A packet that the codec refuses would be a fault of the codec here.
            guard let frames = try? PacketCodec.decode(bytes) else {
                fatalError("own packet refused")
            }
            perform(.packet(frames, from: from), on: index)
        case .apply(let batches): perform(.applied(nodes[index].list.apply(batches)), on: index)
        case .catchUp:
            _ = nodes[index].list.apply(
                store.changes(after: nodes[index].list.position.revision, limit: .max) ?? [],
                asTruth: true
            )
            perform(.advanced(nodes[index].list.position), on: index)
        case .request(let number, let request, let asker, let life):
            serve(request, number: number, on: index, asker: asker, life: life)
        }
    }

    private func perform(_ event: GossipEvent, on index: Int) {
        let wall = Instant(unixMilliseconds: 1_763_702_400_000)
            .advanced(by: time.sinceBoot + nodes[index].clockOffset)
        let actions = nodes[index].machine.handle(event, at: time, wallClock: wall)
        for action in actions {
            perform(action, of: index)
        }
    }

    private func perform(_ action: GossipAction, of index: Int) {
        switch action {
        case .send(let frames, let address): send(frames, to: address, from: index)
        case .exchange(let number, let request, let address):
            ask(number, request, at: address, from: index)
        case .answer(let request, let sheet):
            guard let asked = sheets.removeValue(forKey: request) else { return }
            later(asked.asker, asked.life, .event(.answered(asked.number, .sheet(sheet))))
        case .apply(let batches):
            let delay = Duration.microseconds(Int64.random(in: 50...2_000, using: &chance))
            later(index, nodes[index].life, .apply(batches), after: delay)
        case .install(let number, let address, let above):
            install(number, from: address, above: above, on: index)
        case .askStore:
            nodes[index].storeAsked += 1
            guard isStoreThere else { return }
            later(index, nodes[index].life, .catchUp)
        case .deliver(let signal, _): nodes[index].delivered.append(signal)
        case .advanced(let position): nodes[index].reached.append((position, time))
        case .membersChanged: countWrongs(on: index)
        case .adoptBootEpoch(let epoch): nodes[index].bootEpoch = epoch
        case .note(let note): nodes[index].notes.append(note)
        case .left:
            nodes[index].hasLeft = true
            crash(index)
        case .wake(let due): queue.add((index, nodes[index].life, .event(.wake)), at: due)
        }
    }

    private func countWrongs(on index: Int) {
        for member in nodes[index].machine.members where member.state == .failed {
            let accused = nodes.first { $0.name == member.name }
            if let accused, accused.isUp, accused.island == nodes[index].island,
                accused.frozenUntil == nil, accused.bootEpoch == member.bootEpoch
            {
                wrongfulFailures += 1
            }
        }
    }

    private func send(_ frames: [Frame], to address: PeerAddress, from index: Int) {
        guard !frames.isEmpty else { return }
        let packet = PacketCodec.encode(frames)
        precondition(packet.count <= tuning.packetLimit, "a packet of \(packet.count) bytes")
        packets += 1
        bytes += packet.count
        for byte in packet { trace = (trace ^ UInt64(byte)) &* 0x100_0000_01B3 }
        trace ^= UInt64(truncatingIfNeeded: time.sinceBoot.milliseconds)
        guard let target = reachable(address, from: index) else { return }
        let isDouble = Double.random(in: 0..<1, using: &chance) < weather.duplication
        for _ in 0..<(isDouble ? 2 : 1)
        where Double.random(in: 0..<1, using: &chance) >= weather.loss {
            later(target, nodes[target].life, .bytes(packet, from: nodes[index].address))
        }
    }

    private func reachable(_ address: PeerAddress, from index: Int) -> Int? {
        nodes.indices.first {
            nodes[$0].address == address && nodes[$0].isUp
                && nodes[$0].island == nodes[index].island && !cuts.contains([$0, index])
        }
    }

    private func ask(
        _ number: UInt64,
        _ request: StreamRequest,
        at address: PeerAddress,
        from index: Int
    ) {
        let life = nodes[index].life
        guard let target = reachable(address, from: index), !weather.isStreamLost,
            let coded = try? StreamCodec.decodeRequest(StreamCodec.encode(request))
        else {
            return later(
                index,
                life,
                .event(.exchangeFailed(number)),
                after: .milliseconds(700)
            )
        }
        later(target, nodes[target].life, .request(number, coded, from: index, life: life))
        // A frozen or dying server: the answer, if there is one, came before this.
        later(index, life, .event(.exchangeFailed(number)), after: .seconds(2))
    }

    private func serve(
        _ request: StreamRequest,
        number: UInt64,
        on index: Int,
        asker: Int,
        life: Int
    ) {
        let reply: StreamReply
        switch request {
        case .pushPull(let sheet):
            sheetCount += 1
            sheets[sheetCount] = (asker, life, number)
            return perform(.sheet(sheet, request: sheetCount), on: index)
        case .pull(let revision):
            if let batches = nodes[index].list.changes(after: revision, limit: 20) {
                reply = .batches(batches)
            } else {
                reply = .compacted(floor: nodes[index].list.floor)
            }
        case .snapshot, .audit: reply = .refused("whole snapshots only")
        case .ping:
            let me = nodes[index]
            reply = .pong(
                Sender(name: me.name, bootEpoch: me.bootEpoch, position: me.list.position)
            )
        }
        guard let coded = try? StreamCodec.decodeReply(StreamCodec.encode(reply)) else {
            fatalError("own answer refused")
        }
        later(asker, life, .event(.answered(number, coded)))
    }

    private func install(
        _ number: UInt64,
        from address: PeerAddress,
        above: Revision,
        on index: Int
    ) {
        let life = nodes[index].life
        guard let source = reachable(address, from: index),
            nodes[source].list.position.revision > above
        else {
            return later(
                index,
                life,
                .event(.exchangeFailed(number)),
                after: .milliseconds(20)
            )
        }
        let list = nodes[source].list
        nodes[index].list.install(Array(list.records.values), at: list.position)
        later(index, life, .event(.installed(number, list.position)))
    }

    private func later(_ node: Int, _ life: Int, _ item: Item, after delay: Duration? = nil) {
        let latency = Duration.microseconds(Int64.random(in: 0...1, using: &chance))
        let range = weather.latency
        let wait = delay ?? .microseconds(Int64(Int.random(in: range, using: &chance)))
        queue.add((node, life, item), at: time.advanced(by: wait + latency))
    }
}

/// What happens when: a binary heap, first come first served among equals.
struct Agenda<Entry> {
    private var heap: [(due: MonotonicInstant, order: Int, entry: Entry)] = []
    private var count = 0

    var next: MonotonicInstant? { heap.first?.due }

    mutating func add(_ entry: Entry, at due: MonotonicInstant) {
        count += 1
        heap.append((due, count, entry))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (MonotonicInstant, Entry)? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let top = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && isBefore(child, least) {
                least = child
            }
            guard least != parent else { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (top.due, top.entry)
    }

    private func isBefore(_ lhs: Int, _ rhs: Int) -> Bool {
        (heap[lhs].due, heap[lhs].order) < (heap[rhs].due, heap[rhs].order)
    }
}
