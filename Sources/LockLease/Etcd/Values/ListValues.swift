// Objects, commits and the store's own keys as bytes.

internal import Vocabulary

extension CompactWriter {
    /// Without the key.
    mutating func put(stateOf record: ObjectRecord) {
        put(record.uid.text)
        put(record.version.rawValue)
        put(record.revision)
        put(record.isDeleted)
        put(record.body)
        put(record.digest)
        put(record.createdAt)
        put(record.updatedAt)
        put(record.author)
    }

    mutating func put(_ key: ObjectKey) {
        put(key.tenant)
        put(key.kind.rawValue)
        put(key.name)
    }

    mutating func put(_ position: Position) {
        put(position.revision)
        put(position.digest)
    }
}

extension CompactReader {
    mutating func record(of key: ObjectKey) throws(UnreadableValue) -> ObjectRecord {
        ObjectRecord(
            key: key,
            uid: UID(try text()),
            version: Version(try number()),
            revision: try revision(),
            isDeleted: try flag(),
            body: try data(),
            digest: try digest(),
            createdAt: try instant(),
            updatedAt: try instant(),
            author: try text()
        )
    }

    mutating func objectKey() throws(UnreadableValue) -> ObjectKey {
        let tenant = try text()
        guard let kind = ObjectKind(rawValue: try text()) else { throw UnreadableValue() }
        return ObjectKey(tenant: tenant, kind: kind, name: try text())
    }

    mutating func position() throws(UnreadableValue) -> Position {
        Position(revision: try revision(), digest: try digest())
    }
}

extension ObjectRecord {
    /// With its key, so that a reader of many need not take keys of etcd's apart.
    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(key)
        writer.put(stateOf: self)
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        let key = try reader.objectKey()
        self = try reader.record(of: key)
    }
}

extension ChangeBatch {
    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(previous)
        writer.put(position)
        writer.put(each: records) { writer, record in
            writer.put(record.key)
            writer.put(stateOf: record)
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        self.init(
            previous: try reader.position(),
            position: try reader.position(),
            records: try reader.list { reader throws(UnreadableValue) in
                let key = try reader.objectKey()
                return try reader.record(of: key)
            }
        )
    }
}

/// The list's own key, which every commit compares and writes.
struct HeadValue: Equatable {
    var epoch: UInt32 = 1
    var head = Position.start
    /// The newest commit that pruning removed.
    var floor: UInt64 = 0
    /// The highest fence of any job that pruning removed.
    var fenceFloor = Fence(0)

    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(UInt64(epoch))
        writer.put(head)
        writer.put(floor)
        writer.put(fenceFloor.rawValue)
        return writer.bytes
    }
}

extension HeadValue {
    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        guard let epoch = UInt32(exactly: try reader.unsigned()) else { throw UnreadableValue() }
        self.epoch = epoch
        head = try reader.position()
        floor = try reader.unsigned()
        fenceFloor = Fence(try reader.number())
    }
}

/// What is compared and written only by calls that move it.
struct CounterValue: Equatable {
    var triggers: Int64 = 0
    var triggerPulse: Int64 = 0
    var killPulse: Int64 = 0

    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(triggers)
        writer.put(triggerPulse)
        writer.put(killPulse)
        return writer.bytes
    }
}

extension CounterValue {
    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        triggers = try reader.number()
        triggerPulse = try reader.number()
        killPulse = try reader.number()
    }

    init(_ counters: StoreCounters) {
        triggers = counters.triggers
        triggerPulse = counters.triggerPulse
        killPulse = counters.killPulse
    }
}

/// Whose prefix this is; the first key written and never changed.
struct IdentityValue: Equatable {
    static let mark = "rota store"
    static let schema: Int64 = 1

    var id: String
    var schema = Self.schema

    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(Self.mark)
        writer.put(schema)
        writer.put(id)
        return writer.bytes
    }
}

extension IdentityValue {
    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        guard try reader.text() == Self.mark else { throw UnreadableValue() }
        schema = try reader.number()
        // What a newer release writes behind this is not ours to read.
        id = try reader.text()
    }
}

/// A session; that it lives is that its key is there.
struct SessionValue: Equatable {
    var node: NodeIdentity
    var term: Duration
    /// Of the call that opened it, by which its repetition knows its own.
    var nonce: UInt64
    /// Of a dead one: the last beat, when it ended, and the call that ended it.
    var end: End?

    struct End: Equatable {
        var beat: Beat
        var at: Instant
        var nonce: UInt64
    }

    var bytes: [UInt8] {
        var writer = CompactWriter()
        writer.put(node.name.text)
        writer.put(node.bootID)
        writer.put(Int64(node.processID))
        writer.put(node.address)
        writer.put(term)
        writer.put(nonce)
        writer.put(end) { writer, end in
            writer.put(end.beat.rawValue)
            writer.put(end.at)
            writer.put(end.nonce)
        }
        return writer.bytes
    }

    func view(_ id: SessionID, beat: Beat, openRuns: Int) -> SessionView {
        SessionView(
            id: id,
            node: node,
            beat: end?.beat ?? beat,
            term: term,
            isLive: end == nil,
            // Only a store on one host could tell.
            isGone: false,
            openRuns: openRuns
        )
    }
}

extension SessionValue {
    init(_ bytes: [UInt8]) throws(UnreadableValue) {
        var reader = CompactReader(bytes)
        node = NodeIdentity(
            name: NodeName(try reader.text()),
            bootID: try reader.text(),
            processID: Int32(clamping: try reader.number()),
            address: try reader.text()
        )
        term = try reader.duration()
        nonce = try reader.unsigned()
        end = try reader.optional { reader throws(UnreadableValue) in
            End(
                beat: Beat(try reader.number()),
                at: try reader.instant(),
                nonce: try reader.unsigned()
            )
        }
    }
}
