import Dispatch
import Glibc
import HTTPClient
import HTTPService
import Synchronization
import TestSupport

/// Counts up and opens a gate at a number.
final class Counter: Sendable {
    private let count = Atomic(0)
    private let target: Int
    let reached = Gate()

    init(target: Int = .max) {
        self.target = target
    }

    var value: Int { count.load(ordering: .relaxed) }

    func add() {
        if count.add(1, ordering: .relaxed).newValue == target { reached.open() }
    }
}

/// Gives `total` chunks of `size` bytes, each filled with its number.
final class CountingStream: HTTPBodyStream {
    private let size: Int
    private let total: Int
    private let given = Atomic(0)
    let cancelled = Gate()

    init(total: Int, size: Int) {
        self.total = total
        self.size = size
    }

    var count: Int { given.load(ordering: .relaxed) }

    func next() async -> [UInt8]? {
        let number = given.load(ordering: .relaxed)
        guard number < total else { return nil }
        given.store(number + 1, ordering: .relaxed)
        return [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
    }

    func cancel() {
        cancelled.open()
    }
}

/// Gives some chunks and then cannot go on.
final class FailingStream: HTTPBodyStream {
    struct Failure: Error {}

    private let limit: Int
    private let given = Atomic(0)

    init(after limit: Int) {
        self.limit = limit
    }

    func next() async throws -> [UInt8]? {
        guard given.add(1, ordering: .relaxed).newValue <= limit else { throw Failure() }
        return Array("chunk\n".utf8)
    }

    func cancel() {}
}

/// Greets and then has nothing until it is cancelled.
final class QuietStream: HTTPBodyStream {
    private let hasGreeted = Atomic(false)
    let asked = Gate()
    let cancelled = Gate()

    func next() async -> [UInt8]? {
        if !hasGreeted.exchange(true, ordering: .relaxed) { return Array("hello\n".utf8) }
        asked.open()
        await cancelled.opened()
        return nil
    }

    func cancel() {
        cancelled.open()
    }
}

extension HTTPServer {
    var url: String { "http://127.0.0.1:\(port)" }
}

extension HTTPResponse {
    static func text(_ text: String) -> Self {
        Self(
            status: 200,
            headers: [("Content-Type", "text/plain")],
            body: .bytes(Array(text.utf8))
        )
    }
}

extension HTTPAnswer {
    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A TCP connection that says exactly what a test wants; it blocks, so it has a thread of its own.
struct RawConnection: Sendable {
    private let descriptor: Int32
    private let queue = DispatchQueue(label: "raw connection")

    init(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = unsafe connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    func write(_ text: String) async {
        await onQueue {
            let bytes = Array(text.utf8)
            var sent = 0
            while sent < bytes.count {
                let rest = Array(bytes[sent...])
                let count = unsafe send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    /// Reads until `isEnough` or the end.
    func read(until isEnough: @escaping @Sendable (String) -> Bool) async -> String {
        await onQueue {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while !isEnough(String(decoding: bytes.suffix(4_096), as: UTF8.self)) {
                let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { break }
                bytes += buffer[..<count]
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Reads to the end and counts the bytes.
    func drain() async -> Int {
        await onQueue {
            var total = 0
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return total }
                total += count
            }
        }
    }

    func close() {
        _ = Glibc.close(descriptor)
    }

    private func onQueue<Answer: Sendable>(
        _ work: @escaping @Sendable () -> Answer
    ) async -> Answer {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
    }
}
