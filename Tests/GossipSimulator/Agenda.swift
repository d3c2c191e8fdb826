// What happens when, in virtual time: a binary heap of plain numbers beside a shelf of entries.

/// Entries by the time they are due, first come first served among equals.
package struct Agenda<Entry> {
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
    private var shelf: [Entry?] = []
    private var free: [Int] = []
    private var count: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { heap.isEmpty }
    package var depth: Int { heap.count }

    /// When the next entry is due, in nanoseconds.
    package var next: Int64? { heap.first?.due }

    /// - Complexity: O(log of the entries there are).
    package mutating func add(_ entry: Entry, at due: Int64) {
        count += 1
        let place: Int
        if let freed = free.popLast() {
            place = freed
            shelf[place] = entry
        } else {
            place = shelf.count
            shelf.append(entry)
        }
        rise(Mark(due: due, order: count, place: place))
    }

    package mutating func pop() -> (due: Int64, entry: Entry)? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty { sink(last) }
        guard let entry = shelf[top.place] else { return nil }
        shelf[top.place] = nil
        free.append(top.place)
        return (top.due, entry)
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
