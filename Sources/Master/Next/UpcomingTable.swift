// Jobs in the order in which they are due next; pure.

internal import Vocabulary

/// The jobs of one tenant by when they are due next.
///
/// Memory grows with the jobs: a name, a uid and a time each. What is put or removed
/// leaves an old entry in the heap, which is passed over when it comes up; once there are more of
/// those than jobs, the heap is made anew.
struct UpcomingTable: Sendable {
    /// A job in its turn.
    struct Turn: Equatable, Sendable {
        let due: Instant
        let name: String
    }

    private struct Slot: Sendable {
        var name: String
        /// `nil`: never, as far as is known.
        var due: Instant?
        var hasCalendar: Bool
    }

    struct Entry: Comparable, Sendable {
        let due: Instant
        let slot: Int32

        static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.due, lhs.slot) < (rhs.due, rhs.slot)
        }
    }

    private var slots: [Slot] = []
    private var places: [String: Int32] = [:]
    private var vacant: [Int32] = []
    private var heap: [Entry] = []

    /// How many jobs there are, those that are never due included.
    var count: Int { places.count }

    mutating func put(_ name: String, due: Instant?, hasCalendar: Bool) {
        let slot = Slot(name: name, due: due, hasCalendar: hasCalendar)
        let place: Int32
        if let known = places[name] {
            place = known
            guard slots[Int(place)].due != due || slots[Int(place)].hasCalendar != hasCalendar
            else { return }
            slots[Int(place)] = slot
        } else if let free = vacant.popLast() {
            place = free
            slots[Int(place)] = slot
        } else {
            place = Int32(slots.count)
            slots.append(slot)
        }
        places[name] = place
        if let due { insert(Entry(due: due, slot: place)) }
        tidy()
    }

    mutating func remove(_ name: String) {
        guard let place = places.removeValue(forKey: name) else { return }
        slots[Int(place)] = Slot(name: "", due: nil, hasCalendar: false)
        vacant.append(place)
        tidy()
    }

    /// Has every job that goes by a calendar worked out again.
    ///
    /// - Complexity: O(jobs).
    mutating func doubtCalendars() {
        for (index, slot) in slots.enumerated() where slot.hasCalendar {
            slots[index].due = .startOfTime
            insert(Entry(due: .startOfTime, slot: Int32(index)))
        }
        tidy()
    }

    /// The name of a job whose time in this table has passed at `now`, or is in doubt.
    ///
    /// It is answered until somebody puts it with a later time, or removes it.
    mutating func passed(at now: Instant) -> String? {
        while let first = heap.first, first.due <= now {
            if isCurrent(first) { return slots[Int(first.slot)].name }
            removeFirst()
        }
        return nil
    }

    /// The jobs due after `now` from the soonest on, each once; O(log jobs) a step.
    ///
    /// Those whose time has passed, or is in doubt, are left out: when they are due next is not
    /// known.
    func inOrder(after now: Instant) -> Order { Order(heap: heap, table: self, after: now) }

    private func isCurrent(_ entry: Entry) -> Bool { slots[Int(entry.slot)].due == entry.due }

    /// Walks a heap without changing it, by a frontier of places whose parents are behind.
    struct Order: Sendable {
        fileprivate let heap: [Entry]
        fileprivate let table: UpcomingTable
        private var frontier: [Int] = []
        private let now: Instant
        private var last: Entry?

        fileprivate init(heap: [Entry], table: UpcomingTable, after now: Instant) {
            self.heap = heap
            self.table = table
            self.now = now
            frontier = heap.isEmpty ? [] : [0]
        }

        mutating func next() -> Turn? {
            while let place = frontier.popLast() {
                for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                    // The frontier is short; the soonest stands last.
                    let entry = heap[child]
                    let index = frontier.firstIndex { heap[$0] < entry } ?? frontier.count
                    frontier.insert(child, at: index)
                }
                let entry = heap[place]
                // Put twice with one time, a job has two equal entries.
                guard entry.due > now, table.isCurrent(entry), entry != last else { continue }
                last = entry
                return Turn(due: entry.due, name: table.slots[Int(entry.slot)].name)
            }
            return nil
        }
    }
}

// MARK: - The heap

extension UpcomingTable {
    private mutating func tidy() {
        guard heap.count > 2 * slots.count + 64 else { return }
        // Sorted is a heap as well.
        heap = slots.enumerated().compactMap { index, slot in
            slot.due.map { Entry(due: $0, slot: Int32(index)) }
        }.sorted()
    }

    private mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child] < heap[smallest] {
                smallest = child
            }
            guard smallest != index else { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}
