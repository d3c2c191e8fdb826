// A thin wrapper over `MHD_Connection *`: what may be done to one connection.

internal import CMicroHTTPD
internal import Glibc

/// One connection, valid until the daemon reports the request as completed.
// Guarded by the phase of the exchange or feed that holds it, under that one's lock.
@safe struct ConnectionHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
    }

    /// Takes the connection out of the daemon's sight; only from within one of its callbacks.
    func suspend() {
        unsafe MHD_suspend_connection(pointer)
    }

    /// Gives it back, from any thread; exactly once for each ``suspend()``.
    func resume() {
        unsafe MHD_resume_connection(pointer)
    }

    var descriptor: Int32 { unsafe cmicrohttpd_socket(pointer) }
    var headerSize: Int { unsafe Int(cmicrohttpd_header_size(pointer)) }

    var peer: String {
        guard let address = unsafe cmicrohttpd_peer(pointer) else { return "" }
        let length =
            unsafe Int32(address.pointee.sa_family) == AF_INET6
            ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        return unsafe SocketAddress.read(address, length: socklen_t(length))?.host ?? ""
    }

    /// Names in lower case, in the order sent.
    var headers: [(name: String, value: String)] {
        values(.HEADER_KIND).map { ($0.name.lowercased(), $0.value) }
    }

    /// Decoded, in the order sent; the daemon has already read `+` as a space.
    var query: [(name: String, value: String)] {
        values(.GET_ARGUMENT_KIND).map {
            (PercentCoding.decode($0.name), PercentCoding.decode($0.value))
        }
    }

    private func values(_ kind: MHD_ValueKind) -> [(name: String, value: String)] {
        let list = PairList()
        unsafe MHD_get_connection_values(
            pointer,
            kind,
            { context, _, name, value in
                guard let context = unsafe context, let name = unsafe name else { return .YES }
                let list = unsafe Unmanaged<PairList>.fromOpaque(context).takeUnretainedValue()
                let value = unsafe value.map { unsafe String(cString: $0) } ?? ""
                unsafe list.pairs.append((String(cString: name), value))
                return .YES
            },
            Unmanaged.passUnretained(list).toOpaque()
        )
        return list.pairs
    }

    /// Hands the answer to the daemon.
    ///
    /// - Returns: `false` if the connection cannot take one any more.
    func queue(_ response: borrowing NativeResponse, status: Int) -> Bool {
        unsafe MHD_queue_response(pointer, UInt32(status), response.pointer) == .YES
    }
}

/// Where a C callback collects pairs while its caller waits.
private final class PairList {
    var pairs: [(name: String, value: String)] = []
}
