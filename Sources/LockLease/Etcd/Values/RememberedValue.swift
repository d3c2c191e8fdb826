// What is remembered of a request, for a repetition of it.

internal import Vocabulary

/// The outcome of one request, in bytes.
enum RememberedValue: Equatable {
    /// What was planned for each item; whether a win came true is told by its runs.
    case claim([RememberedOutcome])
    case commit(UInt64)
    case trigger(Trigger)
    case backfill([BackfillVerdict])

    var bytes: [UInt8] {
        var writer = CompactWriter()
        switch self {
        case .claim(let outcomes):
            writer.put(UInt64(0))
            writer.put(each: outcomes) { $0.put($1) }
        case .commit(let sequence):
            writer.put(UInt64(1))
            writer.put(sequence)
        case .trigger(let trigger):
            writer.put(UInt64(2))
            writer.put(trigger.id.rawValue)
            writer.put(trigger.key)
            writer.put(job: trigger.name)
            writer.put(trigger.cause)
            writer.put(trigger.notBefore)
        case .backfill(let verdicts):
            writer.put(UInt64(3))
            writer.put(each: verdicts) { $0.put(Int64($1.rawValue)) }
        }
        return writer.bytes
    }
}

extension RememberedValue {
    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        switch try reader.unsigned() {
        case 0:
            self = .claim(
                try reader.list { reader throws(UnreadableValue) in try reader.outcome() }
            )
        case 1: self = .commit(try reader.unsigned())
        case 2:
            self = .trigger(
                Trigger(
                    id: TriggerID(try reader.number()),
                    key: try reader.runKey(),
                    name: try reader.jobName(),
                    cause: try reader.cause(),
                    notBefore: try reader.instant()
                )
            )
        case 3:
            self = .backfill(
                try reader.list { reader throws(UnreadableValue) in
                    guard let verdict = BackfillVerdict(rawValue: try reader.number()) else {
                        throw UnreadableValue()
                    }
                    return verdict
                }
            )
        case _: throw UnreadableValue()
        }
    }
}

extension RememberedOutcome {
    init(_ outcome: ClaimOutcome, of item: ClaimItem) {
        guard case .won(let grants) = outcome else {
            self = .other(outcome)
            return
        }
        let ids = item.runIDs
        self = .won(
            grants.first?.digest ?? .zero,
            grants.map { grant in
                Granted(place: ids.firstIndex(of: grant.run) ?? 0, fence: grant.fence)
            }
        )
    }
}

extension CompactWriter {
    fileprivate mutating func put(_ outcome: RememberedOutcome) {
        switch outcome {
        case .won(let digest, let granted):
            put(UInt64(0))
            put(digest)
            put(each: granted) { writer, grant in
                writer.put(Int64(grant.place))
                writer.put(grant.fence.rawValue)
            }
        case .other(.taken(let cursor)):
            put(UInt64(1))
            put(cursor)
        case .other(.stale(let current)):
            put(UInt64(2))
            put(current)
        case .other(.disabled): put(UInt64(3))
        case .other(.early(let clock)):
            put(UInt64(4))
            put(clock)
        case .other(.gone): put(UInt64(5))
        case .other(.won): preconditionFailure("a win is remembered by its grants")
        }
    }
}

extension CompactReader {
    fileprivate mutating func outcome() throws(UnreadableValue) -> RememberedOutcome {
        switch try unsigned() {
        case 0:
            .won(
                try digest(),
                try list { reader throws(UnreadableValue) in
                    RememberedOutcome.Granted(
                        place: Int(try reader.number()),
                        fence: Fence(try reader.number())
                    )
                }
            )
        case 1: .other(.taken(cursor: try instant()))
        case 2: .other(.stale(current: try revision()))
        case 3: .other(.disabled)
        case 4: .other(.early(clock: try instant()))
        case 5: .other(.gone)
        case _: throw UnreadableValue()
        }
    }
}
