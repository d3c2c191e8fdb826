// Who goes first: this node's place among those that may run a job, worked out when asked for.

internal import Vocabulary

/// This node's rank for every kind of job, cached until the members change.
struct Ranking: Sendable {
    /// Jobs with the same terms and route have the same eligible nodes and the same kind of order.
    typealias Audience = Int

    private struct Key: Hashable, Sendable {
        let terms: Eligibility.Terms
        let route: RoutePolicy
    }

    private struct Shelf: Sendable {
        let key: Key
        var users: Int
        /// As of `membership`; empty before the first question, and where this node is not in it.
        var eligible: [Candidate] = []
        var ranks: [Int16] = []
        var membership = 0
        /// Whether just those take part who would for a job that anybody may run.
        var isForAll = false
    }

    private static let unknown: Int16 = -1
    private static let outside: Int16 = -2
    /// The audience of jobs that any node may run, in the plain order.
    static let everybody: Audience = 0

    let me: NodeName
    private var candidates: [Candidate] = []
    /// Counts the changes of `candidates`, loads included.
    private var membership = 1
    private var indexes: [Key: Audience]
    private var shelves: [Shelf?]
    private var vacant: [Audience] = []

    init(me: NodeName) {
        self.me = me
        let plain = JobSpec(task: .shell(ShellTask(command: "")))
        let key = Key(terms: Eligibility.Terms(of: plain), route: .spread)
        indexes = [key: Self.everybody]
        shelves = [Shelf(key: key, users: 1)]
    }

    /// Takes over the members; answers whether anything but loads and clocks changed.
    mutating func update(_ members: [Candidate]) -> Bool {
        let sorted = members.sorted { $0.name < $1.name }
        guard sorted != candidates else { return false }
        let isOther = sorted.map(\.withoutLoad) != candidates.map(\.withoutLoad)
        let isBusier = sorted.map(\.loadInEighths) != candidates.map(\.loadInEighths)
        candidates = sorted
        if isOther || isBusier { dropRanks(all: isOther) }
        return isOther
    }

    /// Loads matter to one route only; the others' ranks stay.
    private mutating func dropRanks(all: Bool) {
        membership += 1
        guard !all else { return }
        for index in shelves.indices where shelves[index]?.key.route != .leastLoaded {
            if shelves[index]?.membership == membership - 1 {
                shelves[index]?.membership = membership
            }
        }
    }

    /// How far the clocks of those in the race are apart, this node's included.
    var clockSpread: Duration {
        let others = candidates.filter { !$0.isClockOff && $0.name != me }
        let offsets = others.compactMap(\.clockOffset)
        return max(.zero, offsets.max() ?? .zero) - min(.zero, offsets.min() ?? .zero)
    }

    /// Takes a share of the audience of such jobs; ``release(_:)`` gives it back.
    mutating func take(_ spec: JobSpec) -> Audience {
        let key = Key(terms: Eligibility.Terms(of: spec), route: spec.route)
        if let index = indexes[key] {
            shelves[index]?.users += 1
            return index
        }
        let shelf = Shelf(key: key, users: 1)
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

    func route(of audience: Audience) -> RoutePolicy {
        shelves[audience]?.key.route ?? .spread
    }

    /// This node's place for jobs of `audience` in `shard`, from 0; `nil` if it takes no part.
    ///
    /// - Complexity: O(1), but O(members) for the first question after a change, and for every
    ///   question about a job that stays where it ran if that is elsewhere.
    mutating func rank(
        _ audience: Audience,
        _ shard: VirtualShard,
        _ question: RouteQuestion
    ) -> Int? {
        freshen(audience)
        guard shelves[audience]?.ranks.isEmpty == false else { return nil }
        if case .sticky = question.route, let last = question.last {
            return last == me ? 0 : order(audience, shard, question).firstIndex(of: me)
        }
        var rank = shelves[audience]?.ranks[shard.number] ?? Self.outside
        if rank == Self.unknown {
            // The rotation of a round robin comes on top.
            let plain = RouteQuestion(route: question.route)
            rank =
                order(audience, shard, plain).firstIndex(of: me).map { Int16(clamping: $0) }
                ?? Self.outside
            shelves[audience]?.ranks[shard.number] = rank
        }
        guard rank != Self.outside else { return nil }
        guard case .roundRobin = question.route else { return Int(rank) }
        let count = Int64(shelves[audience]?.eligible.count ?? 1)
        return Int(((Int64(rank) - question.ordinal) % count + count) % count)
    }

    /// All who take part, in order; empty if this node does not.
    ///
    /// - Complexity: O(members · log members).
    mutating func order(
        _ audience: Audience,
        _ shard: VirtualShard,
        _ question: RouteQuestion
    ) -> [NodeName] {
        freshen(audience)
        return shard.ranked(shelves[audience]?.eligible ?? [], under: question)
    }

    /// How many take part; 0 if this node does not.
    mutating func count(_ audience: Audience) -> Int {
        freshen(audience)
        return shelves[audience]?.eligible.count ?? 0
    }

    /// Whether what is said of a shard holds for these jobs too: the same nodes, in the same order.
    mutating func isForAll(_ audience: Audience) -> Bool {
        guard audience != Self.everybody else { return true }
        freshen(audience)
        return shelves[audience]?.isForAll == true
    }

    private mutating func freshen(_ audience: Audience) {
        guard var shelf = shelves[audience], shelf.membership != membership else { return }
        refresh(&shelf)
        shelves[audience] = shelf
    }

    private func refresh(_ shelf: inout Shelf) {
        shelf.membership = membership
        shelf.eligible = Eligibility(of: shelf.key.terms, among: candidates).eligible
        shelf.isForAll = false
        if shelf.key.route == .spread, shelf.key.terms.isWithoutSelector, let all = shelves[0] {
            let plain = Eligibility(of: all.key.terms, among: candidates).eligible
            shelf.isForAll = shelf.eligible.map(\.name) == plain.map(\.name)
        }
        let isIn = shelf.eligible.contains { $0.name == me }
        shelf.ranks = isIn ? Array(repeating: Self.unknown, count: VirtualShard.count) : []
        if !isIn { shelf.eligible = [] }
    }
}

extension Candidate {
    fileprivate var withoutLoad: Candidate {
        var plain = self
        plain.running = 0
        plain.slots = 0
        plain.clockOffset = nil
        return plain
    }
}

extension Eligibility.Terms {
    fileprivate var isWithoutSelector: Bool { tags.isEmpty && nodes.isEmpty && only == nil }
}
