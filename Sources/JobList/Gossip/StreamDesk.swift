// Streams: asks other peers and answers them, on a thread of its own.

internal import Gossip
internal import Platform
internal import Synchronization
internal import Vocabulary

/// Serves and opens streams, so that a slow peer or a long list never delays a probe.
actor StreamDesk {
    static let patience = Duration.seconds(5)
    /// The other side may have to read its whole list.
    static let auditPatience = Duration.seconds(60)
    /// All that one guest may ask.
    static let longPatience = Duration.seconds(600)
    private static let requestLimit = 4 << 20
    private static let pageBytes = 1 << 20
    private static let batchesPerAnswer = 1_000
    private static let batchesPerRead = 200
    private static let rowsPerChunk = 500
    /// Whole lists that are sent at once; a herd of new members waits rather than slow each other.
    static let snapshotLimit = 2
    /// So many chunks have ``chunkPatience`` to get through: some 15 MB in a minute.
    private static let chunksPerPatience = 64
    static let chunkPatience = Duration.seconds(60)

    let loop: EventLoop
    let keys: GossipKeys
    private let list: any ReplicatedList
    private let name: NodeName
    var open: [UInt64: Readiness] = [:]
    private var openCount: UInt64 = 0
    private var snapshotsServed = 0

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    init(loop: EventLoop, keys: GossipKeys, list: any ReplicatedList, name: NodeName) {
        self.loop = loop
        self.keys = keys
        self.list = list
        self.name = name
    }

    // Asking.

    /// Asks one question; `onConnect` is called once the other host has taken the stream.
    func ask(
        _ request: StreamRequest,
        at address: SocketAddress,
        patience: Duration = StreamDesk.patience,
        onConnect: @Sendable () -> Void = {}
    ) async throws(StreamFault) -> StreamReply {
        let (ticket, readiness) = begin(patience)
        defer { open[ticket] = nil }
        var pipe = try await StreamPipe.dial(
            address,
            keys: keys,
            readiness: readiness,
            onConnect: onConnect
        )
        return try await Self.converse(request, over: &pipe)
    }

    static func converse(
        _ request: StreamRequest,
        over pipe: inout StreamPipe
    ) async throws(StreamFault) -> StreamReply {
        try await pipe.send(StreamCodec.encode(request))
        let answer = try await pipe.receive(limit: StreamCodec.messageLimit)
        do throws(GossipCodecError) {
            return try StreamCodec.decodeReply(answer)
        } catch {
            throw .malformed
        }
    }

    // Answering.

    /// Answers questions until the other side has no more.
    ///
    /// `compare` answers what is asked about rosters; `me` is what we sign with.
    func serve(
        _ socket: Socket,
        comparing compare: @Sendable (StreamRequest) async -> StreamReply,
        me: @Sendable () async -> Sender
    ) async throws(StreamFault) {
        let (ticket, readiness) = begin(Self.longPatience)
        defer { open[ticket] = nil }
        // A guest that says nothing sensible soon is shown out.
        let hello = patience(Self.patience)
        let greeting = openCount + 1
        openCount = greeting
        open[greeting] = hello
        defer { open[greeting] = nil }
        var pipe = try await StreamPipe.take(socket, keys: keys, readiness: hello)
        while true {
            let question: [UInt8]
            do throws(StreamFault) {
                question = try await pipe.receive(limit: Self.requestLimit)
            } catch .closed {
                return
            }
            pipe.trust(readiness)
            let request: StreamRequest
            do throws(GossipCodecError) {
                request = try StreamCodec.decodeRequest(question)
            } catch {
                throw .malformed
            }
            if case .snapshot(let key, let base) = request {
                try await sendSnapshot(after: key, base: base, over: &pipe)
                continue
            }
            let reply = await answer(request, comparing: compare, me: me)
            try await pipe.send(StreamCodec.encode(reply))
        }
    }

    private func answer(
        _ request: StreamRequest,
        comparing compare: @Sendable (StreamRequest) async -> StreamReply,
        me: @Sendable () async -> Sender
    ) async -> StreamReply {
        switch request {
        case .pushPull, .compare: return await compare(request)
        case .ping(let target):
            return target == name ? .pong(await me()) : .refused("this is \(name)")
        case .pull(let revision):
            do throws(ReplicaError) { return try await batches(after: revision) } catch {
                guard case .compacted(let floor) = error else { return .refused("\(error)") }
                return .compacted(floor: floor)
            }
        case .audit(let question):
            do throws(ReplicaError) { return .audit(try await answer(question)) } catch {
                return .refused("\(error)")
            }
        // Sent in many answers, elsewhere.
        case .snapshot: return .refused("this is no single answer")
        }
    }

    /// As many batches as fit an answer, at least one if there is one.
    ///
    /// Whoever has nothing and would need more than one answer is better off with a snapshot.
    private func batches(after revision: Revision) async throws(ReplicaError) -> StreamReply {
        var batches: [ChangeBatch] = []
        var size = 0
        reading: while batches.count < Self.batchesPerAnswer {
            let more = try await list.changes(
                after: batches.last?.position.revision ?? revision,
                limit: min(Self.batchesPerRead, Self.batchesPerAnswer - batches.count)
            )
            if more.isEmpty { return .batches(batches) }
            for batch in more {
                let bytes = StreamCodec.size(of: batch)
                if batches.isEmpty, bytes > StreamCodec.messageLimit - 64 {
                    return .tooLarge(batch.position.revision)
                }
                size += bytes
                guard batches.isEmpty || size <= Self.pageBytes else { break reading }
                batches.append(batch)
            }
        }
        guard revision == .zero, let last = batches.last else { return .batches(batches) }
        let isAll = try await list.changes(after: last.position.revision, limit: 1).isEmpty
        return isAll ? .batches(batches) : .compacted(floor: last.position.revision)
    }

    private func answer(
        _ question: AuditQuestion
    ) async throws(ReplicaError) -> AuditAnswer {
        guard let list = list as? any AuditedList else {
            throw .unavailable("this copy keeps no sums")
        }
        switch question {
        case .root(let root, let position):
            let mine = await list.audit()
            guard mine.position == position else { return .elsewhere(mine.position) }
            return mine.sums.root == root ? .same : .sums(mine.sums.bytes)
        case .marks(let buckets):
            let (marks, position) = try await list.marks(in: buckets)
            return .marks(marks, at: position)
        }
    }

    /// Sends all that is in the list after `key`, chunk by chunk, reading the next meanwhile.
    private func sendSnapshot(
        after key: ObjectKey?,
        base: Position?,
        over pipe: inout StreamPipe
    ) async throws(StreamFault) {
        guard snapshotsServed < Self.snapshotLimit else {
            return try await pipe.send(StreamCodec.encode(.busy))
        }
        snapshotsServed += 1
        defer { snapshotsServed -= 1 }
        if let base, let floor = await missing(base) {
            return try await pipe.send(StreamCodec.encode(.compacted(floor: floor)))
        }
        var next = await Self.chunk(of: list, after: key)
        for number in 0... {
            let chunk: SnapshotChunk
            let lastKey: ObjectKey?
            switch next {
            case .success(let read): (chunk, lastKey) = read
            case .failure(let error):
                return try await pipe.send(StreamCodec.encode(.refused("\(error)")))
            }
            if number % Self.chunksPerPatience == 0 { pipe.trust(patience(Self.chunkPatience)) }
            guard !chunk.isLast else {
                return try await pipe.send(StreamCodec.encode(.chunk(chunk)))
            }
            let list = list
            async let following = Self.chunk(of: list, after: lastKey)
            try await pipe.send(StreamCodec.encode(.chunk(chunk)))
            next = await following
        }
    }

    private static func chunk(
        of list: any ReplicatedList,
        after key: ObjectKey?
    ) async -> Result<(chunk: SnapshotChunk, lastKey: ObjectKey?), ReplicaError> {
        do throws(ReplicaError) {
            return .success(try await list.chunk(after: key, limit: rowsPerChunk))
        } catch {
            return .failure(error)
        }
    }

    /// From where this copy has changes, if it does not have all that came after `base`.
    private func missing(_ base: Position) async -> Revision? {
        let have = await list.position()
        if have == base { return nil }
        do throws(ReplicaError) {
            let next = try await list.changes(after: base.revision, limit: 1)
            return next.first?.previous == base ? nil : have.revision
        } catch {
            guard case .compacted(let floor) = error else { return have.revision }
            return floor
        }
    }

    /// What waits until some work is done, but not longer than `limit`.
    func patience(_ limit: Duration) -> Readiness {
        Readiness(on: loop, until: SystemClock.monotonic.advanced(by: limit))
    }

    // Beside streams: small files, whose syncing may take long.

    func keep(members: [String], at path: String) -> SystemError? {
        do throws(SystemError) { try GossipFiles.keep(members: members, at: path) } catch {
            return error
        }
        return nil
    }

    func keep(bootEpoch: UInt64, at path: String) -> SystemError? {
        do throws(SystemError) { try GossipFiles.keep(bootEpoch, at: path) } catch {
            return error
        }
        return nil
    }

    /// Ends every stream under way.
    func closeAll() {
        for readiness in open.values { readiness.expire() }
    }

    func begin(_ patience: Duration) -> (ticket: UInt64, readiness: Readiness) {
        openCount += 1
        let readiness = self.patience(patience)
        open[openCount] = readiness
        return (openCount, readiness)
    }
}
