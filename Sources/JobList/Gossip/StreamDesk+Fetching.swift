// Fetching a whole list from another member, as far as the connection lasts.

internal import Gossip
internal import Platform
internal import Vocabulary

/// Why a whole list could not be fetched.
enum FetchFault: Error, Equatable {
    case stream(StreamFault)
    /// The other side sends as many lists as it may.
    case busy
    /// The other side's list does not go with what was taken so far, or is not further than ours.
    case gone(String)
    case list(ReplicaError)
}

extension StreamDesk {
    /// Brings `installation` to its end with what the member at `address` has.
    ///
    /// One chunk is taken in while the next one is on its way, so at most two are in memory.
    ///
    /// A list that is not further than `above` is not wanted.
    ///
    /// - Throws: ``FetchFault``; what was taken in stays in `installation`.
    func fetch(
        into installation: any ListInstallation,
        from address: SocketAddress,
        above: Revision
    ) async throws(FetchFault) {
        let (ticket, readiness) = begin(Self.patience)
        defer { open[ticket] = nil }
        var pipe: StreamPipe
        do throws(StreamFault) {
            pipe = try await StreamPipe.dial(address, keys: keys, readiness: readiness)
        } catch {
            throw .stream(error)
        }
        while true {
            switch await installation.progress().next {
            case .finished: return
            case .chunk(let key, let base):
                try await takeChunks(
                    after: key,
                    base: base,
                    above: above,
                    into: installation,
                    over: &pipe
                )
            case .changes(let revision):
                renewPatience(of: &pipe, ticket)
                try await takeChanges(after: revision, into: installation, over: &pipe)
            }
        }
    }

    private func takeChunks(
        after key: ObjectKey?,
        base: Position?,
        above: Revision,
        into installation: any ListInstallation,
        over pipe: inout StreamPipe
    ) async throws(FetchFault) {
        let (ticket, readiness) = begin(Self.chunkPatience)
        defer { open[ticket] = nil }
        pipe.trust(readiness)
        try await Self.send(.snapshot(after: key, base: base), over: &pipe)
        var chunk = try Self.chunk(in: try await Self.receive(over: &pipe))
        guard base != nil || chunk.position.revision > above else {
            throw .gone("it stands at \(chunk.position)")
        }
        while true {
            renewPatience(of: &pipe, ticket)
            let taken = chunk
            async let failure = Self.add(taken, to: installation)
            if chunk.isLast {
                if let failure = await failure { throw .list(failure) }
                return
            }
            chunk = try Self.chunk(in: try await Self.receive(over: &pipe))
            if let failure = await failure { throw .list(failure) }
        }
    }

    private func takeChanges(
        after revision: Revision,
        into installation: any ListInstallation,
        over pipe: inout StreamPipe
    ) async throws(FetchFault) {
        try await Self.send(.pull(after: revision), over: &pipe)
        switch try await Self.receive(over: &pipe) {
        case .batches(let batches):
            guard !batches.isEmpty else { throw .gone("it has nothing after \(revision)") }
            do throws(ReplicaError) { try await installation.amend(batches) } catch {
                throw .list(error)
            }
        case .compacted(let floor): throw .gone("its history begins at \(floor)")
        case _: throw .stream(.malformed)
        }
    }

    /// From now on the other side has a little longer.
    private func renewPatience(of pipe: inout StreamPipe, _ ticket: UInt64) {
        let readiness = patience(Self.chunkPatience)
        open[ticket] = readiness
        pipe.trust(readiness)
    }

    private static func chunk(in reply: StreamReply) throws(FetchFault) -> SnapshotChunk {
        switch reply {
        case .chunk(let chunk): return chunk
        case .busy: throw .busy
        case .compacted(let floor): throw .gone("its history begins at \(floor)")
        case .refused(let why): throw .gone(why)
        case _: throw .stream(.malformed)
        }
    }

    private static func add(
        _ chunk: SnapshotChunk,
        to installation: any ListInstallation
    ) async -> ReplicaError? {
        do throws(ReplicaError) { try await installation.add(chunk) } catch { return error }
        return nil
    }

    private static func send(
        _ request: StreamRequest,
        over pipe: inout StreamPipe
    ) async throws(FetchFault) {
        do throws(StreamFault) {
            try await pipe.send(StreamCodec.encode(request))
        } catch {
            throw .stream(error)
        }
    }

    private static func receive(over pipe: inout StreamPipe) async throws(FetchFault) -> StreamReply
    {
        do throws(StreamFault) {
            let answer = try await pipe.receive(limit: StreamCodec.messageLimit)
            do throws(GossipCodecError) { return try StreamCodec.decodeReply(answer) } catch {
                throw StreamFault.malformed
            }
        } catch {
            throw .stream(error)
        }
    }
}
