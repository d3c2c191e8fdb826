// A priority queue: the smallest element first.

/// A binary heap; elements that compare equal come out in any order.
///
/// - SeeAlso: Williams, "Algorithm 232: Heapsort", 1964.
struct BinaryHeap<Element: Comparable & Sendable>: Sendable {
    private var elements: [Element] = []

    init() {}

    init(_ elements: [Element]) {
        // What is in order is a heap.
        self.elements = elements.sorted()
    }

    var isEmpty: Bool { elements.isEmpty }
    var count: Int { elements.count }
    var first: Element? { elements.first }

    mutating func insert(_ element: Element) {
        elements.append(element)
        var index = elements.count - 1
        while index > 0, elements[index] < elements[(index - 1) / 2] {
            elements.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> Element? {
        guard let first = elements.first else { return nil }
        let last = elements.removeLast()
        guard !elements.isEmpty else { return first }
        elements[0] = last
        var index = 0
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < elements.count && elements[child] < elements[smallest] {
                smallest = child
            }
            guard smallest != index else { return first }
            elements.swapAt(index, smallest)
            index = smallest
        }
    }

    /// The elements in no particular order.
    var all: [Element] { elements }

    /// How many bytes it takes.
    var footprint: Int { elements.capacity * MemoryLayout<Element>.stride }

    /// Empties the heap; the elements come in no particular order.
    mutating func removeAll() -> [Element] {
        defer { elements = [] }
        return elements
    }
}
