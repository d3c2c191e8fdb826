// When to look at which job next.

internal import Vocabulary

/// A binary heap of `(time, job)`; entries that were superseded are dropped when they surface.
struct DueQueue: Sendable {
    private struct Entry {
        let at: Instant
        let uid: UID
        let ticket: UInt32
    }

    private var heap: [Entry] = []
    private var tickets: [UID: UInt32] = [:]

    /// Looks at `uid` at `instant`, and at no other time asked for before.
    mutating func set(_ uid: UID, at instant: Instant) {
        let ticket = tickets[uid, default: 0] &+ 1
        tickets[uid] = ticket
        heap.append(Entry(at: instant, uid: uid, ticket: ticket))
        siftUp(heap.count - 1)
    }

    /// Looks at `uid` no more.
    mutating func remove(_ uid: UID) {
        tickets[uid] = nil
    }

    /// When the next job is to be looked at.
    mutating func earliest() -> Instant? {
        dropSuperseded()
        return heap.first?.at
    }

    /// Takes the next job that is to be looked at by `instant`.
    mutating func pop(through instant: Instant) -> UID? {
        dropSuperseded()
        guard let first = heap.first, first.at <= instant else { return nil }
        removeFirst()
        return first.uid
    }

    private mutating func dropSuperseded() {
        while let first = heap.first, tickets[first.uid] != first.ticket { removeFirst() }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].uid) < (heap[right].at, heap[right].uid)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && isBefore(child, least) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private mutating func siftUp(_ index: Int) {
        var child = index
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }
}
