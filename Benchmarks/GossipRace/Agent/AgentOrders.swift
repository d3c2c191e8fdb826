// What an agent is told while it runs, through a named pipe in its folder.

internal import Glibc
internal import Platform

/// One thing an agent is to do.
enum AgentOrder: Sendable {
    /// Make `count` changes, one after the other, each with a body of `bytes`; without a store.
    case publish(count: Int, bytes: Int)
    /// Commit `count` edits to the store, `perSecond` of them in each second.
    case commit(count: Int, bytes: Int, perSecond: Int, isSpread: Bool)

    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        let numbers = words.dropFirst().compactMap { Int($0) }
        switch (words.first, numbers.count) {
        case ("publish", 2): self = .publish(count: numbers[0], bytes: numbers[1])
        case ("commit", 4):
            self = .commit(
                count: numbers[0],
                bytes: numbers[1],
                perSecond: numbers[2],
                isSpread: numbers[3] == 1
            )
        case _: return nil
        }
    }

    var line: String {
        switch self {
        case .publish(let count, let bytes): "publish \(count) \(bytes)\n"
        case .commit(let count, let bytes, let perSecond, let isSpread):
            "commit \(count) \(bytes) \(perSecond) \(isSpread ? 1 : 0)\n"
        }
    }
}

/// Both ends of the pipe.
final class AgentOrders: Sendable {
    let all: AsyncStream<AgentOrder>

    static func path(in folder: String) -> String { "\(folder)/orders" }

    /// Makes the pipe, by whoever gives orders.
    static func make(in folder: String) throws {
        guard unsafe mkfifo(path(in: folder), 0o600) == 0 else {
            throw SystemError.last(while: "make a pipe in \(folder)")
        }
    }

    static func give(_ order: AgentOrder, in folder: String) throws {
        let descriptor = unsafe open(path(in: folder), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last(while: "order \(folder)") }
        defer { close(descriptor) }
        let bytes = Array(order.line.utf8)
        guard unsafe write(descriptor, bytes, bytes.count) == bytes.count else {
            throw SystemError.last(while: "order \(folder)")
        }
    }

    /// Reads orders, each of which was written at once.
    init(folder: String, on loop: EventLoop) throws {
        let descriptor = unsafe open(Self.path(in: folder), O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError.last(while: "read orders") }
        let (all, queue) = AsyncStream.makeStream(of: AgentOrder.self)
        self.all = all
        loop.watch(descriptor) {
            var buffer = [UInt8](repeating: 0, count: 4_096)
            let count = unsafe read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            for line in String(decoding: buffer[..<count], as: UTF8.self).split(separator: "\n") {
                if let order = AgentOrder(line) { queue.yield(order) }
            }
        }
    }
}
