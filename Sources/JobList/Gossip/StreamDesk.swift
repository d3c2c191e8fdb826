// Streams: asks other peers and answers them, on a thread of its own.

internal import Gossip
internal import Platform
internal import Synchronization
internal import Vocabulary

/// Serves and opens streams, so that a slow peer or a long list never delays a probe.
actor StreamDesk {
    static let patience = Duration.seconds(5)
    /// A snapshot's pages, together.
    static let longPatience = Duration.seconds(600)
    private static let requestLimit = 4 << 20
    private static let pageBytes = 1 << 20
    private static let batchesPerRead = 200
    private static let recordsPerRead = 500

    private let loop: EventLoop
    private let keys: GossipKeys
    private let list: any ReplicatedList
    private let name: NodeName
    private var open: [UInt64: Readiness] = [:]
    private var openCount: UInt64 = 0

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
        onConnect: @Sendable () -> Void = {}
    ) async throws(StreamFault) -> StreamReply {
        let (ticket, readiness) = begin(Self.patience)
        defer { open[ticket] = nil }
        var pipe = try await StreamPipe.dial(
            address,
            keys: keys,
            readiness: readiness,
            onConnect: onConnect
        )
        return try await Self.converse(request, over: &pipe)
    }

    /// Every object of a peer's copy, as of where its first page was read or later.
    ///
    /// The peer may move on between two pages. What later pages have too new is brought in again
    /// by the changes after the position returned, and ends the same.
    func snapshot(
        from address: SocketAddress
    ) async throws(StreamFault) -> (records: [ObjectRecord], position: Position) {
        let (ticket, readiness) = begin(Self.longPatience)
        defer { open[ticket] = nil }
        var pipe = try await StreamPipe.dial(address, keys: keys, readiness: readiness)
        var records: [ObjectRecord] = []
        var first: Position?
        while true {
            let reply = try await Self.converse(.snapshot(after: records.last?.key), over: &pipe)
            guard case .page(let page, let position, let isLast) = reply else { throw .malformed }
            let start = first ?? position
            first = start
            guard position.revision.epoch == start.revision.epoch,
                page.isEmpty || records.last.map({ $0.key < page[0].key }) ?? true
            else { throw .malformed }
            records += page
            if isLast { return (records, start) }
            guard !page.isEmpty else { throw .malformed }
        }
    }

    private static func converse(
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
        let hello = Readiness(on: loop, until: SystemClock.monotonic.advanced(by: Self.patience))
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
            do throws(ReplicaError) { return .batches(try await batches(after: revision)) } catch {
                guard case .compacted(let floor) = error else { return .refused("\(error)") }
                return .compacted(floor: floor)
            }
        case .snapshot(let key):
            do throws(ReplicaError) { return try await page(after: key) } catch {
                return .refused("\(error)")
            }
        }
    }

    /// As many batches as fit an answer, at least one if there is one.
    private func batches(after revision: Revision) async throws(ReplicaError) -> [ChangeBatch] {
        var batches: [ChangeBatch] = []
        var size = 0
        while batches.count < 1_000 {
            let more = try await list.changes(
                after: batches.last?.position.revision ?? revision,
                limit: Self.batchesPerRead
            )
            for batch in more {
                size += StreamCodec.size(of: batch)
                guard batches.isEmpty || size <= Self.pageBytes else { return batches }
                batches.append(batch)
            }
            if more.isEmpty { break }
        }
        return batches
    }

    private func page(after key: ObjectKey?) async throws(ReplicaError) -> StreamReply {
        let (records, position) = try await list.snapshot(after: key, limit: Self.recordsPerRead)
        var page: [ObjectRecord] = []
        var size = 0
        for record in records {
            size += StreamCodec.size(of: record)
            guard page.isEmpty || size <= Self.pageBytes else { break }
            page.append(record)
        }
        return .page(page, at: position, isLast: records.isEmpty)
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

    private func begin(_ patience: Duration) -> (ticket: UInt64, readiness: Readiness) {
        openCount += 1
        let readiness = Readiness(on: loop, until: SystemClock.monotonic.advanced(by: patience))
        open[openCount] = readiness
        return (openCount, readiness)
    }
}
