// The newest changes of the copy, in memory: whoever follows closely need not read the disk.

internal import Synchronization
internal import Vocabulary

/// Where the copy stands, and the last batches that led there.
///
/// Written by the replica after each commit, read from any thread. It holds only what is on the
/// disk too, so that nobody is told of a change that the end of this process would take back.
final class RecentChanges: Sendable {
    fileprivate struct State {
        var position: Position
        /// The position before the first of `batches`.
        var start: Position
        var batches: [ChangeBatch] = []
        var sizes: [Int] = []
        var bytes = 0
        var isClosed = false
        /// Some of it is in the log alone.
        var isWaiting = false
    }

    /// About so many bytes are kept, and so many batches.
    static let byteLimit = 256 << 10
    static let countLimit = 512

    private let state: Mutex<State>

    init(at position: Position, isWaiting: Bool = false) {
        state = Mutex(State(position: position, start: position, isWaiting: isWaiting))
    }

    /// Whether the objects on the disk are behind the log.
    var isWaiting: Bool { state.withLock { $0.isWaiting } }

    /// The objects on the disk are where the log is.
    func settled() { state.withLock { $0.isWaiting = false } }

    var position: Position { state.withLock { $0.position } }

    /// The copy came to stand at `position` otherwise than by ``append(_:)``.
    func restart(at position: Position) {
        state.withLock { $0 = State(position: position, start: position) }
    }

    /// Answers no more than where the copy stood.
    func close() {
        state.withLock { state in
            state = State(position: state.position, start: state.position)
            state.isClosed = true
        }
    }

    /// `batches` were committed, each following the one before it.
    func append(_ batches: [ChangeBatch], isWaiting: Bool = false) {
        guard let last = batches.last else { return }
        state.withLock { state in
            for batch in batches {
                let size = Self.size(of: batch)
                state.batches.append(batch)
                state.sizes.append(size)
                state.bytes += size
            }
            state.position = last.position
            state.isWaiting = isWaiting
            let isTooMuch =
                state.bytes > Self.byteLimit || state.batches.count > Self.countLimit
            guard isTooMuch else { return }
            // A part at a time, so that not every batch moves all others.
            var (count, left) = (0, state.bytes)
            while left > Self.byteLimit * 3 / 4
                || state.batches.count - count > Self.countLimit * 3 / 4
            {
                left -= state.sizes[count]
                count += 1
            }
            state.drop(count)
        }
    }

    /// What leads up to `floor` is not kept any longer.
    func forget(through floor: Revision) {
        state.withLock { state in
            let count = state.batches.prefix { $0.position.revision <= floor }.count
            if count > 0 { state.drop(count) }
        }
    }

    /// The batches after `revision`, at most `limit` and about `bytes` of them; `nil` if it takes
    /// the log to tell.
    func changes(after revision: Revision, limit: Int, bytes: Int) -> [ChangeBatch]? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            if revision >= state.position.revision { return [] }
            guard let first = state.place(after: revision) else { return nil }
            var (end, sum) = (first, 0)
            while end < state.batches.count, end - first < limit {
                sum += state.sizes[end]
                guard end == first || sum <= bytes else { break }
                end += 1
            }
            return Array(state.batches[first..<end])
        }
    }

    /// What a batch counts as in a page.
    private static func size(of batch: ChangeBatch) -> Int {
        batch.records.reduce(256) { $0 + $1.body.count + 160 }
    }
}

extension RecentChanges.State {
    fileprivate mutating func drop(_ count: Int) {
        start = batches[count - 1].position
        bytes -= sizes[..<count].reduce(0, +)
        batches.removeFirst(count)
        sizes.removeFirst(count)
    }

    /// Where the batch that follows `revision` is; `nil` if that is not among these positions.
    fileprivate func place(after revision: Revision) -> Int? {
        if revision == start.revision { return 0 }
        var (low, high) = (0, batches.count)
        while low < high {
            let middle = (low + high) / 2
            if batches[middle].position.revision < revision {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low < batches.count, batches[low].position.revision == revision else { return nil }
        return low + 1
    }
}
