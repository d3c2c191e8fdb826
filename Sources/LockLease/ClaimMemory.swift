// The outcomes of one claim in few bytes, for a repetition of it.

internal import Vocabulary

/// What is remembered of one claim item's outcome.
///
/// The run ids and keys are not in it: whoever repeats a claim sends them again.
enum RememberedOutcome: Equatable {
    /// The digest of what may run, and which planned runs were granted under which fences.
    case won(Digest, [Granted])
    case other(ClaimOutcome)

    struct Granted: Equatable {
        /// Place among the item's planned runs; 0 for a trigger.
        let place: Int
        let fence: Fence
    }
}

extension PackedBytes {
    mutating func put(_ outcome: ClaimOutcome, of item: ClaimItem) {
        switch outcome {
        case .won(let grants):
            put(0)
            put(grants.first?.digest ?? .zero)
            put(Int64(grants.count))
            for grant in grants {
                put(Int64(item.place(of: grant.run)))
                put(grant.fence.rawValue)
            }
        case .taken(let cursor):
            put(1)
            put(cursor.unixMilliseconds)
        case .stale(let current):
            put(2)
            put(current)
        case .disabled: put(3)
        case .early(let clock):
            put(4)
            put(clock.unixMilliseconds)
        case .gone: put(5)
        }
    }
}

extension PackedReader {
    /// The next outcome, or `nil` if the bytes are none.
    mutating func outcome() -> RememberedOutcome? {
        switch number() {
        case 0:
            guard let digest = digest(), let count = number(), count >= 0 else { return nil }
            var granted: [RememberedOutcome.Granted] = []
            for _ in 0..<count {
                guard let place = number(), let fence = number() else { return nil }
                granted.append(.init(place: Int(place), fence: Fence(fence)))
            }
            return .won(digest, granted)
        case 1: return number().map { .other(.taken(cursor: Instant(unixMilliseconds: $0))) }
        case 2: return revision().map { .other(.stale(current: $0)) }
        case 3: return .other(.disabled)
        case 4: return number().map { .other(.early(clock: Instant(unixMilliseconds: $0))) }
        case 5: return .other(.gone)
        case _: return nil
        }
    }
}

extension ClaimItem {
    fileprivate func place(of run: RunID) -> Int {
        switch subject {
        case .instants(from: _, to: _, let runs, skips: _):
            runs.firstIndex { $0.run == run } ?? 0
        case .trigger: 0
        }
    }

    /// The ids of the runs that the item asks for, by place.
    var runIDs: [RunID] {
        switch subject {
        case .instants(from: _, to: _, let runs, skips: _): runs.map(\.run)
        case .trigger(_, let run): [run]
        }
    }
}
