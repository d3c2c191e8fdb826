// A connection to one serf agent's control port.

internal import Platform
internal import RaceWords
internal import Synchronization

/// Speaks serf's protocol of version 1: a header, then for some answers a body.
final class SerfLink: Sendable {
    private enum Expected {
        /// A header alone.
        case nothing
        case body
        /// A header alone the first time, with a body from then on.
        case stream(hasBegun: Bool)
    }

    private struct State {
        var unread: [UInt8] = []
        var expected: [Int: Expected] = [:]
        var lastNumber = 0
        /// The answer whose body has not come yet.
        var awaited: Int?
    }

    /// A body, and the error of its header if there was one.
    typealias Receiver = @Sendable (PackedValue?, _ error: String) -> Void

    private let socket: Socket
    private let state = Mutex(State())
    private let receivers = Mutex<[Int: Receiver]>([:])

    /// Connects and greets; answers are handed over on `loop`'s thread.
    init(to address: String, on loop: EventLoop) async throws {
        guard let place = SocketAddress(address) else {
            throw RaceFailure("no address: \(address)")
        }
        let connected = await until(within: .seconds(20), every: .milliseconds(20)) {
            () -> Socket? in
            guard let socket = try? Socket.connecting(to: place) else { return nil }
            // On this machine a refusal comes at once.
            try? await Task.sleep(for: .milliseconds(2))
            return socket.connectionError == 0 ? socket : nil
        }
        guard let connected else { throw RaceFailure("\(address) does not answer") }
        socket = connected
        loop.watch(socket.descriptor) { [weak self, loop] in self?.read(on: loop) }
        try await send("handshake", .map([("Version", .number(1))]), answered: .nothing) { _, _ in }
    }

    func subscribe(_ type: String, _ receiver: @escaping Receiver) async throws {
        let body = PackedValue.map([("Type", .text(type))])
        try await send("stream", body, answered: .stream(hasBegun: false), receiver)
    }

    func event(_ name: String, payload: [UInt8]) async throws {
        let body = PackedValue.map([
            ("Name", .text(name)), ("Payload", .bytes(payload)), ("Coalesce", .flag(false)),
        ])
        try await send("event", body, answered: .nothing) { _, _ in }
    }

    func members(_ receiver: @escaping Receiver) async throws {
        try await send("members", nil, answered: .body, receiver)
    }

    func join(_ address: String) async throws {
        let body = PackedValue.map([
            ("Existing", .list([.text(address)])), ("Replay", .flag(false)),
        ])
        try await send("join", body, answered: .body) { _, _ in }
    }

    func close(on loop: EventLoop) { loop.unwatch(socket.descriptor) }

    private func send(
        _ command: String,
        _ body: PackedValue?,
        answered expected: Expected,
        _ receiver: @escaping Receiver
    ) async throws {
        let number = state.withLock { state in
            state.lastNumber += 1
            state.expected[state.lastNumber] = expected
            return state.lastNumber
        }
        receivers.withLock { $0[number] = receiver }
        let header = PackedValue.map([("Command", .text(command)), ("Seq", .number(number))])
        var rest = (header.packed + (body?.packed ?? []))[...]
        while !rest.isEmpty {
            guard let count = socket.write(rest) else { throw RaceFailure("a link broke") }
            rest = rest.dropFirst(count)
            if count == 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
    }

    private func read(on loop: EventLoop) {
        switch socket.read(atMost: 65_536) {
        case .bytes(let bytes):
            let found = state.withLock { state in
                state.unread += bytes
                return Self.answers(&state)
            }
            for (number, body, error) in found {
                receivers.withLock { $0[number] }?(body, error)
            }
        case .nothing: break
        case .end, .failed: loop.unwatch(socket.descriptor)
        }
    }

    /// Takes every whole answer off what has arrived.
    private static func answers(
        _ state: inout State
    ) -> [(number: Int, body: PackedValue?, error: String)] {
        var found: [(number: Int, body: PackedValue?, error: String)] = []
        var reader = PackedReader(state.unread)
        var done = 0
        while let value = try? reader.value() {
            if let number = state.awaited {
                found.append((number, value, ""))
                state.awaited = nil
            } else {
                let number = value["Seq"]?.number ?? 0
                let error = value["Error"]?.text ?? ""
                switch state.expected[number] {
                case .body where error.isEmpty: state.awaited = number
                case .stream(true): state.awaited = number
                case .stream(false):
                    state.expected[number] = .stream(hasBegun: true)
                    found.append((number, nil, error))
                case .nothing, .body, nil: found.append((number, nil, error))
                }
            }
            done = reader.position
        }
        state.unread.removeFirst(done)
        return found
    }
}
