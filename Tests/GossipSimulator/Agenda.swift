// What happens when, in virtual time: a binary heap of plain numbers beside a shelf of entries.

/// Entries by the time they are due, first come first served among equals.
package struct Agenda<Entry> {
    private var order = AgendaOrder()
    private var shelf: [Entry?] = []

    package init() {}

    package var isEmpty: Bool { order.isEmpty }
    package var depth: Int { order.depth }

    /// When the next entry is due, in nanoseconds.
    package var next: Int64? { order.next }

    /// - Complexity: O(log of the entries there are).
    package mutating func add(_ entry: Entry, at due: Int64) {
        let place = order.add(at: due)
        if place == shelf.count { shelf.append(entry) } else { shelf[place] = entry }
    }

    package mutating func pop() -> (due: Int64, entry: Entry)? {
        guard let (due, place) = order.pop(), let entry = shelf[place] else { return nil }
        shelf[place] = nil
        return (due, entry)
    }
}

/// The order of an agenda, and where on a shelf each of its entries is.
///
/// It knows nothing of the entries: whoever keeps the shelf beside it, in a module of its own, does
/// not pay for what their type is.
package struct AgendaOrder {
    /// Small and without references, since a heap moves its elements about.
    private struct Mark {
        let due: Int64
        let order: UInt64
        let place: Int

        func isBefore(_ other: Self) -> Bool {
            due == other.due ? order < other.order : due < other.due
        }
    }

    private var heap: [Mark] = []
    private var free: [Int] = []
    private var count: UInt64 = 0
    private var places = 0

    package init() {}

    package var isEmpty: Bool { heap.isEmpty }
    package var depth: Int { heap.count }

    package var next: Int64? { heap.first?.due }

    /// Answers where the entry's place on the shelf is: one that is free, or the next new one.
    ///
    /// - Complexity: O(log of the entries there are).
    package mutating func add(at due: Int64) -> Int {
        count += 1
        let place: Int
        if let freed = free.popLast() {
            place = freed
        } else {
            place = places
            places += 1
        }
        rise(Mark(due: due, order: count, place: place))
        return place
    }

    /// Takes out what is due next; its place is free then.
    package mutating func pop() -> (due: Int64, place: Int)? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty { sink(last) }
        free.append(top.place)
        return (top.due, top.place)
    }

    private mutating func rise(_ mark: Mark) {
        heap.append(mark)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard mark.isBefore(heap[parent]) else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = mark
    }

    private mutating func sink(_ mark: Mark) {
        var parent = 0
        while true {
            var least = 2 * parent + 1
            guard least < heap.count else { break }
            if least + 1 < heap.count, heap[least + 1].isBefore(heap[least]) { least += 1 }
            guard heap[least].isBefore(mark) else { break }
            heap[parent] = heap[least]
            parent = least
        }
        heap[parent] = mark
    }
}
