// Datagram and stream sockets that never block.

internal import CLinux
internal import Glibc

/// One socket, closed when the last reference goes; unwatch it before that.
package final class Socket: Sendable {
    /// What came of reading.
    package enum Reading: Equatable, Sendable {
        case bytes([UInt8])
        /// Nothing yet.
        case nothing
        /// The other side has closed.
        case end
        case failed(Int32)
    }

    /// What came of receiving a datagram.
    package enum Receipt: Equatable, Sendable {
        case datagram([UInt8], from: SocketAddress)
        case nothing
        /// Such as an earlier datagram's refusal; the socket works on.
        case failed(Int32)
    }

    package let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// A socket for datagrams to and from `address`; port 0 takes any free one.
    package static func datagrams(at address: SocketAddress) throws(SystemError) -> Socket {
        let socket = try make(SOCK_DGRAM, for: address)
        // A burst from many peers fits; the kernel grants what it allows.
        socket.set(SOL_SOCKET, SO_RCVBUF, 4 << 20)
        try socket.bind(to: address)
        return socket
    }

    /// A socket that takes connections at `address`; port 0 takes any free one.
    package static func listener(at address: SocketAddress) throws(SystemError) -> Socket {
        let socket = try make(SOCK_STREAM, for: address)
        socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        try socket.bind(to: address)
        guard listen(socket.descriptor, 128) == 0 else {
            throw .last(while: "listen at \(address)")
        }
        return socket
    }

    /// Begins to connect; once writable, ``connectionError`` says whether it worked.
    package static func connecting(to address: SocketAddress) throws(SystemError) -> Socket {
        let socket = try make(SOCK_STREAM, for: address)
        socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        let code = unsafe address.withKernelForm { form, length in
            unsafe connect(socket.descriptor, form, length)
        }
        guard code == 0 || errno == EINPROGRESS else { throw .last(while: "connect to \(address)") }
        return socket
    }

    /// Where this socket is bound.
    package var localAddress: SocketAddress? {
        unsafe address { unsafe getsockname($0, $1, $2) }
    }

    /// Whom this socket is connected with.
    package var remoteAddress: SocketAddress? {
        unsafe address { unsafe getpeername($0, $1, $2) }
    }

    private func address(
        _ read: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutableBytes(of: &storage) { raw in
            guard let base = raw.baseAddress else { return nil }
            let form = unsafe base.assumingMemoryBound(to: sockaddr.self)
            guard unsafe read(descriptor, form, &length) == 0 else { return nil }
            return unsafe SocketAddress(reading: UnsafeRawPointer(base))
        }
    }

    /// 0 if the connection stands, else why not.
    package var connectionError: Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let result = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
        return result == 0 ? code : errno
    }

    /// The next datagram, cut off after `buffer.count` bytes.
    package func receive(into buffer: inout [UInt8]) -> Receipt {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return unsafe withUnsafeMutableBytes(of: &storage) { raw in
            guard let base = raw.baseAddress else { return .nothing }
            let form = unsafe base.assumingMemoryBound(to: sockaddr.self)
            let count = unsafe recvfrom(descriptor, &buffer, buffer.count, 0, form, &length)
            guard count >= 0 else {
                return errno == EAGAIN || errno == EINTR ? .nothing : .failed(errno)
            }
            guard let sender = unsafe SocketAddress(reading: UnsafeRawPointer(base)) else {
                return .failed(EAFNOSUPPORT)
            }
            return .datagram(Array(buffer.prefix(count)), from: sender)
        }
    }

    /// Sends one datagram; 0, or why the kernel did not take it.
    package func send(_ bytes: [UInt8], to address: SocketAddress) -> Int32 {
        let count = unsafe address.withKernelForm { form, length in
            unsafe sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), form, length)
        }
        return count >= 0 ? 0 : errno
    }

    /// The next connection, or `nil` if there is none.
    package func accept() -> Socket? {
        let accepted = clinux_accept(descriptor)
        guard accepted >= 0 else { return nil }
        let socket = Socket(accepted)
        socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        return socket
    }

    /// At most `limit` bytes of what has arrived.
    package func read(atMost limit: Int) -> Reading {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = unsafe Glibc.recv(descriptor, &buffer, limit, 0)
        if count > 0 { return .bytes(Array(buffer.prefix(count))) }
        if count == 0 { return .end }
        return errno == EAGAIN || errno == EINTR ? .nothing : .failed(errno)
    }

    /// How many of `bytes` the kernel took, 0 if none fit now; `nil` if the connection broke.
    package func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : nil
    }

    private static func make(
        _ type: __socket_type,
        for address: SocketAddress
    ) throws(SystemError) -> Socket {
        let family = unsafe address.withKernelForm { form, _ in unsafe Int32(form.pointee.sa_family)
        }
        let flags = type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = Glibc.socket(family, Int32(flags), 0)
        guard descriptor >= 0 else { throw .last(while: "make a socket for \(address)") }
        return Socket(descriptor)
    }

    private func bind(to address: SocketAddress) throws(SystemError) {
        let code = unsafe address.withKernelForm { form, length in
            unsafe Glibc.bind(descriptor, form, length)
        }
        guard code == 0 else { throw .last(while: "bind to \(address)") }
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        _ = unsafe setsockopt(
            descriptor,
            level,
            option,
            &value,
            socklen_t(MemoryLayout<Int32>.size)
        )
    }
}

/// A descriptor that is readable while a socket is writable, for ``EventLoop/watch(_:readable:)``.
package final class WriteWatch: Sendable {
    package let descriptor: Int32

    /// - SeeAlso: epoll(7), "an epoll file descriptor is itself poll-able".
    package init(of socket: Socket) throws(SystemError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw .last(while: "make an epoll set") }
        let code = clinux_epoll_set(
            descriptor,
            EPOLL_CTL_ADD,
            socket.descriptor,
            EPOLLOUT.rawValue
        )
        guard code == 0 else {
            let error = SystemError.last(while: "watch a socket")
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }
}
