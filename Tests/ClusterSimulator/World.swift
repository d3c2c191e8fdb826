// Virtual time, one source of chance, and everything that waits for its moment.

internal import GossipSimulator
internal import Vocabulary

/// The simulated world: nodes, store, master, and the agenda that moves them.
///
/// True time is in whole milliseconds since the beginning. Nothing in here reads a clock, and no
/// order of a dictionary decides anything, so a seed is a history.
final class World {
    /// Something that happens to a node, or to the world itself.
    struct Entry {
        /// −1: the world.
        let node: Int
        let life: Int
        let tag: StaticString
        let run: () -> Void
    }

    let seed: UInt64
    /// What true time 0 is called.
    let epoch: Instant
    var setup: Setup
    let mutant: Mutant?
    var chance: SeededGenerator
    private(set) var now: Int64 = 0
    private(set) var events = 0
    /// A digest of everything that happened, and when.
    private(set) var trace: UInt64 = 0
    private var agenda = AgendaOrder()
    private var shelf: [Entry?] = []

    var nodes: [SimulatedNode] = []
    var store: StoreService
    var master: SimulatedMaster?
    var network = Network()
    let evidence: Evidence
    var inspector: Inspector
    var bodies: [Digest: Job] = [:]
    /// Lines for people, if somebody asked for them.
    var lines: [Line]?

    struct Line {
        let at: Int64
        let text: String
    }

    init(seed: UInt64, setup: Setup, mutant: Mutant?) {
        self.seed = seed
        self.setup = setup
        self.mutant = mutant
        epoch = setup.epoch
        chance = SeededGenerator(seed: seed ^ 0xC1C5_7E25_1A0B_0001)
        evidence = Evidence()
        inspector = Inspector()
        store = StoreService(requestMemory: setup.requestMemory)
    }

    // MARK: Chance

    func draw(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &chance) }
    func draw(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &chance) }
    /// Whether something of `percent` happens.
    func happens(_ percent: Int) -> Bool { percent > 0 && draw(0...99) < percent }
    func pick<Element>(_ list: [Element]) -> Element { list[draw(0...list.count - 1)] }
    /// Mostly little, seldom much: `range` on a scale of doublings.
    func skewed(_ range: ClosedRange<Int64>) -> Int64 {
        var high = range.upperBound
        while high > range.lowerBound * 2 + 1, draw(0...1) == 0 { high /= 2 }
        return draw(range.lowerBound...max(range.lowerBound, high))
    }

    // MARK: Time

    func instant(_ time: Int64) -> Instant {
        Instant(unixMilliseconds: epoch.unixMilliseconds + time)
    }

    func time(of instant: Instant) -> Int64 {
        instant.unixMilliseconds - epoch.unixMilliseconds
    }

    /// Lets something happen to the world in `delay`.
    func after(_ delay: Int64, _ tag: StaticString, _ run: @escaping () -> Void) {
        add(Entry(node: -1, life: 0, tag: tag, run: run), in: delay)
    }

    /// Lets something happen to `node`, unless it has died by then; while it stands still it waits.
    func after(
        _ delay: Int64,
        on node: SimulatedNode,
        _ tag: StaticString,
        _ run: @escaping () -> Void
    ) {
        add(Entry(node: node.index, life: node.life, tag: tag, run: run), in: delay)
    }

    private func add(_ entry: Entry, in delay: Int64) {
        let place = agenda.add(at: now + max(0, delay))
        if place == shelf.count { shelf.append(entry) } else { shelf[place] = entry }
    }

    /// Runs until `end`.
    func run(until end: Int64) {
        while let next = agenda.next, next <= end, let (due, place) = agenda.pop() {
            now = max(now, due)
            guard let entry = shelf[place] else { continue }
            shelf[place] = nil
            dispatch(entry)
        }
        now = max(now, end)
    }

    private func dispatch(_ entry: Entry) {
        guard entry.node >= 0 else { return perform(entry) }
        let node = nodes[entry.node]
        guard node.isUp, node.life == entry.life else { return }
        guard !node.isFrozen, node.inbox.isEmpty else { return node.inbox.append(entry) }
        perform(entry)
    }

    /// Hands a node what came while it stood still, as long as it goes on.
    func drainInbox(of node: SimulatedNode) {
        var done = 0
        while done < node.inbox.count, node.isUp, !node.isFrozen {
            let entry = node.inbox[done]
            done += 1
            if entry.life == node.life { perform(entry) }
        }
        node.inbox.removeFirst(min(done, node.inbox.count))
    }

    private func perform(_ entry: Entry) {
        events += 1
        let mark = UInt64(bitPattern: now) ^ UInt64(truncatingIfNeeded: entry.node) << 48
        mix(mark ^ UInt64(entry.tag.utf8CodeUnitCount) << 40)
        entry.run()
    }

    /// Takes something that happened into the digest.
    func mix(_ value: UInt64) { trace = SeededGenerator.mixed(trace ^ value) }

    func say(_ text: @autoclosure () -> String) {
        guard lines != nil else { return }
        lines?.append(Line(at: now, text: text()))
    }
}

/// What a seed has decided before anything happens.
struct Setup {
    var epoch = Instant(unixSeconds: 1_763_702_400)
    var nodes = 5
    var troubles: [Trouble] = []
    /// How long troubles go on.
    var length: Int64 = .hours(2)
    /// The sessions' term; much else goes by it.
    var term: Int64 = .seconds(10)
    /// Whether the store knows at once that a process is gone.
    var isOnOneHost = false
    var slots = 50
    var jobs = 30
    var requestMemory = Duration.seconds(900)

    func has(_ trouble: Trouble) -> Bool { troubles.contains(trouble) }
}
