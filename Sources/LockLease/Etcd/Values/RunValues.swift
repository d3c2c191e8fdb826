// Runs, triggers, skips and orders as bytes.

internal import Vocabulary

extension CompactWriter {
    mutating func put(_ key: RunKey) {
        put(key.job.text)
        put(key.instant)
        put(Int64(key.shard.index))
        put(Int64(key.shard.count))
        put(Int64(key.attempt))
    }

    mutating func put(_ cause: Cause) {
        put(cause.word)
        put(cause.detail)
    }

    mutating func put(_ lineage: Lineage) {
        put(lineage.isByHand)
        put(Int64(lineage.retries))
        put(Int64(lineage.losses))
    }

    mutating func put(_ order: KillOrder) {
        put(order.author)
        put(order.grace) { $0.put($1) }
        put(order.requestedAt)
    }

    /// Of a job: the kind is known.
    mutating func put(job name: ObjectKey) {
        put(name.tenant)
        put(name.name)
    }
}

extension CompactReader {
    mutating func runKey() throws(UnreadableValue) -> RunKey {
        let job = UID(try text())
        let instant = try instant()
        let (index, count) = (Int(try number()), Int(try number()))
        guard count >= 1, (1...count).contains(index) else { throw UnreadableValue() }
        return RunKey(
            job: job,
            instant: instant,
            shard: Shard(index: index, of: count),
            attempt: Int(try number())
        )
    }

    mutating func cause() throws(UnreadableValue) -> Cause {
        guard let cause = Cause(word: try text(), detail: try text()) else {
            throw UnreadableValue()
        }
        return cause
    }

    mutating func lineage() throws(UnreadableValue) -> Lineage {
        Lineage(isByHand: try flag(), retries: Int(try number()), losses: Int(try number()))
    }

    mutating func killOrder(of run: RunID) throws(UnreadableValue) -> KillOrder {
        KillOrder(
            run: run,
            author: try text(),
            grace: try optional { reader throws(UnreadableValue) in try reader.duration() },
            requestedAt: try instant()
        )
    }

    mutating func jobName() throws(UnreadableValue) -> ObjectKey {
        ObjectKey(tenant: try text(), kind: .job, name: try text())
    }
}

extension StoredRun {
    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(record.key)
        writer.put(job: record.name)
        writer.put(record.cause)
        writer.put(lineage)
        writer.put(record.fence.rawValue)
        writer.put(record.revision)
        writer.put(record.node.text)
        writer.put(record.session.rawValue)
        writer.put(record.state.rawValue)
        writer.put(record.claimedAt)
        writer.put(record.finishedAt) { $0.put($1) }
        writer.put(record.exit) { writer, exit in
            switch exit {
            case .code(let code):
                writer.put(UInt64(0))
                writer.put(Int64(code))
            case .signal(let number):
                writer.put(UInt64(1))
                writer.put(Int64(number))
            case .httpStatus(let status):
                writer.put(UInt64(2))
                writer.put(Int64(status))
            }
        }
        writer.put(record.reason)
        writer.put(record.kill) { $0.put($1) }
        writer.put(retry?.rawValue) { $0.put($1) }
        return writer.bytes
    }

    init(_ id: RunID, _ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        let key = try reader.runKey()
        let name = try reader.jobName()
        let cause = try reader.cause()
        lineage = try reader.lineage()
        let fence = Fence(try reader.number())
        let revision = try reader.revision()
        let node = NodeName(try reader.text())
        let session = SessionID(try reader.number())
        guard let state = RunState(rawValue: try reader.text()) else { throw UnreadableValue() }
        record = RunRecord(
            id: id,
            key: key,
            name: name,
            cause: cause,
            fence: fence,
            revision: revision,
            node: node,
            session: session,
            state: state,
            claimedAt: try reader.instant(),
            finishedAt: try reader.optional { reader throws(UnreadableValue) in
                try reader.instant()
            }
        )
        record.exit = try reader.optional { reader throws(UnreadableValue) in try reader.exit() }
        record.reason = try reader.text()
        record.kill = try reader.optional { reader throws(UnreadableValue) in
            try reader.killOrder(of: id)
        }
        retry = try reader.optional { reader throws(UnreadableValue) in
            TriggerID(try reader.number())
        }
    }
}

extension CompactReader {
    fileprivate mutating func exit() throws(UnreadableValue) -> ExitStatus {
        let kind = try unsigned()
        let number = try number()
        switch kind {
        case 0: return .code(Int32(clamping: number))
        case 1: return .signal(Int32(clamping: number))
        case 2: return .httpStatus(Int(number))
        case _: throw UnreadableValue()
        }
    }
}

extension PendingTrigger {
    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(trigger.key)
        writer.put(job: trigger.name)
        writer.put(trigger.cause)
        writer.put(trigger.notBefore)
        writer.put(lineage)
        return writer.bytes
    }

    init(_ id: TriggerID, _ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        trigger = Trigger(
            id: id,
            key: try reader.runKey(),
            name: try reader.jobName(),
            cause: try reader.cause(),
            notBefore: try reader.instant()
        )
        lineage = try reader.lineage()
    }
}

extension StoredSkip {
    /// The last instant is in the key.
    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(range.from)
        writer.put(Int64(range.count))
        writer.put(range.reason.rawValue)
        writer.put(at)
        return writer.bytes
    }

    init(through: Instant, _ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        let from = try reader.instant()
        let count = Int(try reader.number())
        guard let reason = SkipReason(rawValue: try reader.text()) else { throw UnreadableValue() }
        range = SkipRange(from: from, through: through, count: count, reason: reason)
        at = try reader.instant()
    }
}

extension KillOrder {
    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(self)
        return writer.bytes
    }

    init(_ run: RunID, _ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        self = try reader.killOrder(of: run)
    }
}

/// What the index of a job's closed runs tells without the record.
struct ClosedMark: Equatable {
    var instant: Instant
    var finishedAt: Instant
}

extension ClosedMark {
    init(_ run: RunRecord) {
        instant = run.key.instant
        finishedAt = run.finishedAt ?? run.claimedAt
    }

    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(instant)
        writer.put(finishedAt)
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        instant = try reader.instant()
        finishedAt = try reader.instant()
    }
}
