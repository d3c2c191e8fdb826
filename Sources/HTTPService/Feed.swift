// A streamed body on its way to one reader, without a thread while it is quiet.

internal import Synchronization

/// Asks a stream for one chunk after the other, and sleeps in between.
///
/// While the stream has nothing, the connection is suspended: the daemon does not look at it, and
/// a `DisconnectWatcher` tells when the reader leaves.
final class Feed: Sendable {
    enum Reading {
        case bytes(Int)
        case ended
        case broken
    }

    enum Reason {
        /// The server stops: the reader gets a proper end.
        case stopping
        case readerGone
    }

    private enum Phase {
        /// Nothing at hand; the next read asks the stream.
        case idle
        /// The stream was asked and the connection is suspended.
        case waiting
        case holding([UInt8], sent: Int)
        case ended
        case broken
    }

    private let stream: any HTTPBodyStream
    private let connection: ConnectionHandle
    private let phase = Mutex(Phase.idle)

    init(_ stream: any HTTPBodyStream, on connection: ConnectionHandle) {
        self.stream = stream
        self.connection = connection
    }

    /// Copies what there is, or suspends the connection until there is something.
    ///
    /// Runs on the daemon's thread.
    func read(into space: UnsafeMutableRawBufferPointer) -> Reading {
        let (reading, mustAsk): (Reading, Bool) = phase.withLock { phase in
            switch phase {
            case .idle:
                // Under the lock, so that whoever sees `.waiting` finds it suspended.
                connection.suspend()
                phase = .waiting
                return (.bytes(0), true)
            case .waiting: return (.bytes(0), false)
            case .holding(let chunk, let sent):
                let rest = chunk[sent...].prefix(space.count)
                unsafe space.copyBytes(from: rest)
                phase = rest.endIndex == chunk.count ? .idle : .holding(chunk, sent: rest.endIndex)
                return (.bytes(rest.count), false)
            case .ended: return (.ended, false)
            case .broken: return (.broken, false)
            }
        }
        if mustAsk {
            Task { move(to: await nextPhase()) }
        }
        return reading
    }

    private func nextPhase() async -> Phase {
        do {
            guard let chunk = try await stream.next() else { return .ended }
            return chunk.isEmpty ? .idle : .holding(chunk, sent: 0)
        } catch {
            return .broken
        }
    }

    private func move(to next: Phase) {
        phase.withLock { phase in
            guard case .waiting = phase else { return }
            phase = next
            connection.resume()
        }
    }

    /// Ends the feed from this side; the stream is told unless it had ended by itself.
    func close(_ reason: Reason) {
        let isOpen = phase.withLock { phase in
            let end: Phase = reason == .stopping ? .ended : .broken
            switch phase {
            case .idle, .holding: phase = end
            case .waiting:
                phase = end
                connection.resume()
            case .ended, .broken: return false
            }
            return true
        }
        if isOpen { stream.cancel() }
    }
}
