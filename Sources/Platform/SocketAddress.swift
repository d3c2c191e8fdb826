// Internet addresses as the kernel knows them: numbers, not names.

internal import Glibc

/// An IPv4 or IPv6 address with a port, written `192.0.2.1:7946` or `[2001:db8::1]:7946`.
///
/// An IPv4 host seen by a socket for both kinds, `::ffff:192.0.2.1`, is the IPv4 host.
/// - SeeAlso: RFC 4291, section 2.5.5.2; ipv6(7).
package struct SocketAddress: Hashable, Sendable {
    /// The host's 16 bytes, the highest first; an IPv4 address is in the last four.
    private let high: UInt64
    private let low: UInt64
    private let isShort: Bool
    package let port: UInt16

    private init(host: ArraySlice<UInt8>, port: UInt16) {
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        self.init(
            high: host.count == 4 ? 0 : number(host.prefix(8)),
            low: number(host.suffix(host.count == 4 ? 4 : 8)),
            isShort: host.count == 4,
            port: port
        )
    }

    private init(high: UInt64, low: UInt64, isShort: Bool, port: UInt16) {
        let isMapped = !isShort && high == 0 && low >> 32 == 0xFFFF
        self.high = high
        self.low = isMapped ? low & 0xFFFF_FFFF : low
        self.isShort = isShort || isMapped
        self.port = port
    }

    /// The same host at another port.
    package func at(port: UInt16) -> Self {
        Self(high: high, low: low, isShort: isShort, port: port)
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool {
        isShort ? low >> 24 == 127 : high == 0 && low == 1
    }

    /// Whether it means something on one link only, 169.254.0.0/16 or fe80::/10.
    package var isLinkLocal: Bool {
        isShort ? low >> 16 == 0xA9FE : high >> 54 == 0x3FA
    }

    /// Whether it stands for every address of this machine, so that nobody can dial it.
    package var isWildcard: Bool {
        high == 0 && low == 0
    }

    /// Splits `host:port` or `[host]:port`, the host being a number or a name.
    package static func split(_ text: String) -> (host: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        return host.isEmpty ? nil : (String(host), port)
    }

    /// The addresses that `host` has now; blocks, perhaps for seconds.
    package static func resolve(host: String, port: UInt16) -> [Self] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { unsafe freeaddrinfo(first) }
        var found: [Self] = []
        var entry = unsafe first
        while let info = unsafe entry {
            if let raw = unsafe info.pointee.ai_addr,
                let address = unsafe Self(reading: UnsafeRawPointer(raw))
            {
                found.append(address.at(port: port))
            }
            unsafe entry = info.pointee.ai_next
        }
        return found
    }

    /// Calls `body` with the kernel's form.
    func withKernelForm<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        if isShort {
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
            return unsafe withUnsafePointer(to: &form) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var form = sockaddr_in6()
        form.sin6_family = sa_family_t(AF_INET6)
        form.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &form.sin6_addr) { bytes in
            unsafe bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
            unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return unsafe withUnsafePointer(to: &form) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    /// What the kernel wrote, or `nil` if it is neither IPv4 nor IPv6.
    @unsafe
    init?(reading raw: UnsafeRawPointer) {
        switch unsafe Int32(raw.loadUnaligned(as: sa_family_t.self)) {
        case AF_INET:
            let form = unsafe raw.loadUnaligned(as: sockaddr_in.self)
            self.init(
                high: 0,
                low: UInt64(UInt32(bigEndian: form.sin_addr.s_addr)),
                isShort: true,
                port: UInt16(bigEndian: form.sin_port)
            )
        case AF_INET6:
            let form = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
            let (high, low) = unsafe withUnsafeBytes(of: form.sin6_addr) { bytes in
                (
                    UInt64(bigEndian: unsafe bytes.loadUnaligned(as: UInt64.self)),
                    UInt64(
                        bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
                    )
                )
            }
            self.init(high: high, low: low, isShort: false, port: UInt16(bigEndian: form.sin6_port))
        case _: return nil
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// The host's 4 or 16 bytes, the highest first.
    private var bytes: [UInt8] {
        let all = [high, low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) }
        }
        return isShort ? Array(all.suffix(4)) : all
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = isShort ? AF_INET : AF_INET6
        let host = bytes
        unsafe inet_ntop(family, host, &text, socklen_t(text.count))
        let name = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        return isShort ? "\(name):\(port)" : "[\(name)]:\(port)"
    }

    /// An address in numbers; `nil` for a name.
    package init?(_ text: String) {
        guard let (name, port) = Self.split(text) else { return nil }
        for (family, length) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: length)
            if unsafe inet_pton(family, name, &bytes) == 1 {
                self.init(host: bytes[...], port: port)
                return
            }
        }
        return nil
    }
}
