// Addresses as text and as the kernel has them.

internal import Glibc

/// IPv4 and IPv6 addresses, as 4 or 16 bytes in the network's order.
enum NumericAddress {
    /// `nil` unless `text` is one address and nothing else.
    static func bytes(_ text: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if unsafe inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }

    /// `nil` for sockets of other kinds.
    static func bytes(of address: UnsafePointer<sockaddr>) -> [UInt8]? {
        let raw = unsafe UnsafeRawPointer(address)
        switch unsafe Int32(address.pointee.sa_family) {
        case AF_INET:
            let whole = unsafe raw.loadUnaligned(as: sockaddr_in.self)
            return unsafe withUnsafeBytes(of: whole.sin_addr) { unsafe Array($0) }
        case AF_INET6:
            let whole = unsafe raw.loadUnaligned(as: sockaddr_in6.self)
            return unsafe withUnsafeBytes(of: whole.sin6_addr) { unsafe Array($0) }
        case _: return nil
        }
    }

    static func text(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard unsafe inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else {
            return "?"
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
