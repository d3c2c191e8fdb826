// The listening socket, opened here so that a failure has its reason.

internal import Glibc

/// A bound and listening TCP socket, not yet owned by a daemon.
struct Listener {
    let descriptor: Int32
    let port: Int

    init(address: String, port: Int) throws(HTTPServiceError) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_flags = AI_PASSIVE
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(address, String(port), &hints, &found) == 0,
            let first = unsafe found
        else { throw .unknownAddress(address) }
        defer { unsafe freeaddrinfo(first) }
        let target = unsafe first.pointee
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        descriptor = unsafe socket(target.ai_family, kind, target.ai_protocol)
        guard descriptor >= 0 else { throw Self.failure(address, port) }
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        guard unsafe bind(descriptor, target.ai_addr, target.ai_addrlen) == 0,
            listen(descriptor, 1_024) == 0,
            let bound = Self.port(of: descriptor)
        else {
            let failure = Self.failure(address, port)
            close(descriptor)
            throw failure
        }
        self.port = bound
    }

    private static func failure(_ address: String, _ port: Int) -> HTTPServiceError {
        switch errno {
        case EADDRINUSE: .portTaken(address: address, port: port)
        case EACCES: .portNotAllowed(address: address, port: port)
        case EADDRNOTAVAIL: .foreignAddress(address)
        case let code:
            .cannotListen(
                address: address,
                port: port,
                reason: unsafe String(cString: strerror(code))
            )
        }
    }

    private static func port(of descriptor: Int32) -> Int? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe getsockname(descriptor, address, &length) == 0 else { return nil }
                return unsafe SocketAddress.read(address, length: length)?.port
            }
        }
    }
}

/// A socket address as people write it.
enum SocketAddress {
    static func read(
        _ address: UnsafePointer<sockaddr>,
        length: socklen_t
    ) -> (host: String, port: Int)? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let code = unsafe getnameinfo(
            address,
            length,
            &host,
            socklen_t(host.count),
            &service,
            socklen_t(service.count),
            NI_NUMERICHOST | NI_NUMERICSERV
        )
        guard code == 0, let port = Int(text(service)) else { return nil }
        let name = text(host)
        // A dual-stack socket writes IPv4 peers as IPv6.
        return (name.hasPrefix("::ffff:") ? String(name.dropFirst(7)) : name, port)
    }

    private static func text(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
