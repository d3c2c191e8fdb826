// The hot index: when each job needs attention, in 20 bytes per job.

internal import Vocabulary

/// Where a job lives in the tables of the scheduler.
typealias JobSlot = Int

/// A heap over times that knows where each slot stands, so that a job's time can be changed.
///
/// Equal times come out by slot, so that a replay finds the same order.
struct FireQueue: Sendable {
    private struct Node {
        var time: Int64
        var slot: UInt32

        static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.time, lhs.slot) < (rhs.time, rhs.slot)
        }
    }

    private static let absent = UInt32.max

    private var nodes: [Node] = []
    /// For each slot, where its node is.
    private var places: [UInt32] = []

    var count: Int { nodes.count }

    var first: (slot: JobSlot, at: Instant)? {
        nodes.first.map { (JobSlot($0.slot), Instant(unixMilliseconds: $0.time)) }
    }

    func time(of slot: JobSlot) -> Instant? {
        guard slot < places.count, places[slot] != Self.absent else { return nil }
        return Instant(unixMilliseconds: nodes[Int(places[slot])].time)
    }

    mutating func set(_ slot: JobSlot, at instant: Instant) {
        while places.count <= slot { places.append(Self.absent) }
        let node = Node(time: instant.unixMilliseconds, slot: UInt32(slot))
        if places[slot] == Self.absent {
            nodes.append(node)
            siftUp(node, from: nodes.count - 1)
        } else {
            replace(at: Int(places[slot]), with: node)
        }
    }

    mutating func remove(_ slot: JobSlot) {
        guard slot < places.count, places[slot] != Self.absent else { return }
        let index = Int(places[slot])
        places[slot] = Self.absent
        let last = nodes.removeLast()
        if index < nodes.count { replace(at: index, with: last) }
    }

    private mutating func replace(at index: Int, with node: Node) {
        if index > 0, node < nodes[(index - 1) / 2] {
            siftUp(node, from: index)
        } else {
            siftDown(node, from: index)
        }
    }

    private mutating func siftUp(_ node: Node, from start: Int) {
        var index = start
        while index > 0, node < nodes[(index - 1) / 2] {
            put(nodes[(index - 1) / 2], at: index)
            index = (index - 1) / 2
        }
        put(node, at: index)
    }

    private mutating func siftDown(_ node: Node, from start: Int) {
        var index = start
        while 2 * index + 1 < nodes.count {
            var child = 2 * index + 1
            if child + 1 < nodes.count, nodes[child + 1] < nodes[child] { child += 1 }
            guard nodes[child] < node else { break }
            put(nodes[child], at: index)
            index = child
        }
        put(node, at: index)
    }

    private mutating func put(_ node: Node, at index: Int) {
        nodes[index] = node
        places[Int(node.slot)] = UInt32(index)
    }
}
