import Foundation
import Glibc
import Synchronization
import Testing

/// A TCP relay to one port of this machine, which can swallow the answers to chosen requests.
final class CuttingProxy: Sendable {
    enum Cut: Sendable {
        /// The request is passed on; instead of its answer the connection ends.
        case answer
        /// The request is passed on; its answer never comes and nothing ends.
        case silence
        /// The request waits here until ``CuttingProxy/release()``.
        case hold
    }

    private struct Plan {
        var cut = Cut.answer
        var needle: [UInt8] = []
        var left = 0
        var done = 0
    }

    let port: Int
    private let target: UInt16
    private let plan = Mutex(Plan())
    private let released = DispatchSemaphore(value: 0)

    /// A relay to the port of `endpoint`, as in `127.0.0.1:2379`.
    init(to endpoint: String) throws {
        target = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                unsafe bind(listener, plain, length) + listen(listener, 64)
                    + getsockname(listener, plain, &length)
            }
        }
        guard code == 0 else { throw Missing(what: "a port for the proxy: errno \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0, let proxy = self else { break }
                proxy.relay(client)
            }
            close(listener)
        }
    }

    var endpoint: String { "127.0.0.1:\(port)" }
    /// How many answers have been swallowed.
    var done: Int { plan.withLock { $0.done } }

    /// Has the answers to the next `count` requests that hold `needle` be cut off.
    func cut(_ needle: String, times count: Int = 1, to cut: Cut = .answer) {
        plan.withLock { $0 = Plan(cut: cut, needle: Array(needle.utf8), left: count) }
    }

    /// Lets a request go on that is held.
    func release() { released.signal() }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private func relay(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(target)
        let code = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                unsafe connect(server, plain, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            close(server)
            close(client)
            return
        }
        let swallowing = Swallowing()
        Thread.detachNewThread {
            var request: [UInt8] = []
            Self.pump(from: client, to: server) { bytes in
                request = swallowing.isNew ? bytes : request + bytes
                guard let cut = self.match(request) else { return true }
                request = []
                switch cut {
                case .answer, .silence: swallowing.start(cut)
                case .hold: self.released.wait()
                }
                return true
            }
        }
        Thread.detachNewThread {
            Self.pump(from: server, to: client) { _ in
                switch swallowing.answer() {
                case nil, .hold: return true
                case .silence: return nil
                case .answer: return false
                }
            }
            // The other thread ends with its sockets.
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    private func match(_ request: [UInt8]) -> Cut? {
        plan.withLock { plan in
            guard plan.left > 0, !request.isEmpty,
                request.count >= plan.needle.count,
                (0...(request.count - plan.needle.count)).contains(where: {
                    request[$0...].starts(with: plan.needle)
                })
            else { return nil }
            plan.left -= 1
            plan.done += 1
            return plan.cut
        }
    }

    /// Copies until either side ends; `pass` answers whether to send on (`nil`: drop, `false`:
    /// end).
    private static func pump(
        from source: Int32,
        to target: Int32,
        pass: ([UInt8]) -> Bool?
    ) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(source, &buffer, buffer.count)
            guard count > 0 else { return }
            switch pass(Array(buffer[..<count])) {
            case false?: return
            case nil: continue
            case true?: break
            }
            var sent = 0
            while sent < count {
                let more = unsafe buffer[sent..<count].withUnsafeBytes { bytes in
                    unsafe send(target, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
                }
                guard more > 0 else { return }
                sent += more
            }
        }
    }

    /// What becomes of the answers on one connection.
    private final class Swallowing: Sendable {
        private let state = Mutex<(cut: Cut?, isAnswered: Bool)>((nil, true))

        /// Whether the next bytes of the client begin a request.
        var isNew: Bool {
            state.withLock { state in
                defer { state.isAnswered = false }
                return state.isAnswered
            }
        }

        func start(_ cut: Cut) { state.withLock { $0.cut = cut } }

        func answer() -> Cut? {
            state.withLock { state in
                state.isAnswered = true
                return state.cut
            }
        }
    }
}
