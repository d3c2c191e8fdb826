// Who goes first: this node's place among those that may run a job, worked out when asked for.

internal import Vocabulary

/// This node's rank for every kind of job, cached until the members change.
struct Ranking: Sendable {
    /// Jobs with the same selector have the same eligible nodes.
    typealias Audience = Int

    private struct Shelf: Sendable {
        let key: [String]
        let selector: NodeSelector
        var users: Int
        /// As of `membership`; empty before the first question.
        var names: [NodeName] = []
        var ranks: [Int16] = []
        var membership = 0
    }

    private static let unknown: Int16 = -1
    private static let outside: Int16 = -2
    /// The audience of jobs that any node may run.
    static let everybody: Audience = 0

    private let me: NodeName
    private var candidates: [Candidate] = []
    /// Counts the changes of `candidates`.
    private var membership = 1
    private var indexes: [[String]: Audience] = [[]: everybody]
    private var shelves: [Shelf?]
    private var vacant: [Audience] = []

    init(me: NodeName) {
        self.me = me
        shelves = [Shelf(key: [], selector: NodeSelector(), users: 1)]
    }

    /// Takes over the members; answers whether anything changed.
    mutating func update(_ members: [Candidate]) -> Bool {
        let sorted = members.sorted { $0.name < $1.name }
        guard sorted != candidates else { return false }
        candidates = sorted
        membership += 1
        return true
    }

    /// Takes a share of the selector's audience; ``release(_:)`` gives it back.
    mutating func take(_ selector: NodeSelector) -> Audience {
        let key = Self.key(of: selector)
        if let index = indexes[key] {
            shelves[index]?.users += 1
            return index
        }
        let shelf = Shelf(key: key, selector: selector, users: 1)
        let index = vacant.popLast() ?? shelves.count
        if index == shelves.count { shelves.append(shelf) } else { shelves[index] = shelf }
        indexes[key] = index
        return index
    }

    mutating func release(_ audience: Audience) {
        guard var shelf = shelves[audience] else { return }
        shelf.users -= 1
        shelves[audience] = shelf.users > 0 ? shelf : nil
        if shelf.users == 0 {
            indexes[shelf.key] = nil
            vacant.append(audience)
        }
    }

    /// This node's place for jobs of `audience` in `shard`, from 0; `nil` if it may not run them.
    ///
    /// - Complexity: O(1), but O(members) for the first question after a change.
    mutating func rank(_ audience: Audience, _ shard: VirtualShard) -> Int? {
        guard var shelf = shelves[audience] else { return nil }
        if shelf.membership != membership {
            // The copy would otherwise share the array that is written below.
            shelves[audience] = nil
            refresh(&shelf)
            shelves[audience] = shelf
        }
        guard !shelf.ranks.isEmpty else { return nil }
        var rank = shelf.ranks[shard.number]
        if rank == Self.unknown {
            rank =
                shard.ranked(shelf.names).firstIndex(of: me)
                .map { Int16(clamping: $0) }
                ?? Self.outside
            shelves[audience]?.ranks[shard.number] = rank
        }
        return rank == Self.outside ? nil : Int(rank)
    }

    private func refresh(_ shelf: inout Shelf) {
        shelf.membership = membership
        shelf.names = candidates.filter { candidate in
            !candidate.isDraining
                && shelf.selector.matches(name: candidate.name, tags: candidate.tags)
        }.map(\.name)
        let isIn = shelf.names.contains(me)
        shelf.ranks = isIn ? Array(repeating: Self.unknown, count: VirtualShard.count) : []
        if !isIn { shelf.names = [] }
    }

    /// Equal for selectors that select the same nodes; empty for the one that selects all.
    private static func key(of selector: NodeSelector) -> [String] {
        guard !selector.tags.isEmpty || !selector.nodes.isEmpty else { return [] }
        let tags = selector.tags.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        return ["\(tags.count)"] + tags + Set(selector.nodes).sorted().map(\.text)
    }
}
