// Datagrams, many in one system call each way.

internal import CLinux
internal import Glibc

/// Where datagrams are received into, over and over, by one thread.
package final class DatagramBuffer {
    /// As many are received at once; fewer mean that there are no more.
    package static let count = 32

    private let longest: Int
    private var bytes: [UInt8]
    private var found = Array(repeating: clinux_datagram(), count: DatagramBuffer.count)

    /// - Parameter longest: Longer datagrams are cut off.
    package init(longest: Int) {
        self.longest = longest
        bytes = [UInt8](repeating: 0, count: longest * Self.count)
    }

    /// What came of receiving.
    package enum Receipt: Equatable, Sendable {
        /// That many, at least one; there may be more.
        case datagrams(Int)
        case nothing
        /// Such as an earlier datagram's refusal; the socket works on.
        case failed(Int32)
    }

    /// Receives what has come, without waiting, at most 32.
    package func receive(from socket: Socket) -> Receipt {
        let count = unsafe clinux_receive_many(
            socket.descriptor,
            &bytes,
            longest,
            &found,
            UInt32(Self.count)
        )
        if count > 0 { return .datagrams(Int(count)) }
        return count == 0 || errno == EAGAIN || errno == EINTR ? .nothing : .failed(errno)
    }

    /// The datagram at `place` of those received last; `nil` if it came from no internet address.
    package func datagram(_ place: Int) -> (bytes: [UInt8], from: SocketAddress)? {
        let start = place * longest
        let end = start + min(longest, Int(found[place].length))
        let sender = unsafe withUnsafeBytes(of: found[place].from) { raw in
            unsafe raw.baseAddress.flatMap { unsafe SocketAddress(reading: $0) }
        }
        return sender.map { (Array(bytes[start..<end]), $0) }
    }
}

extension Socket {
    /// Sends the same datagram to every one of `addresses`; how many the kernel did not take.
    package func send(_ bytes: [UInt8], to addresses: [SocketAddress]) -> Int {
        var forms = addresses.map(\.kernelForm)
        var done = 0
        var failures = 0
        while done < forms.count {
            let sent = unsafe forms.withUnsafeMutableBufferPointer { forms in
                unsafe clinux_send_many(
                    descriptor,
                    bytes,
                    bytes.count,
                    forms.baseAddress.map { unsafe $0 + done },
                    UInt32(forms.count - done)
                )
            }
            if sent < 0, errno == EINTR { continue }
            // The first one was refused; the others are tried without it.
            if sent <= 0 { failures += 1 }
            done += max(1, Int(sent))
        }
        return failures
    }
}

extension SocketAddress {
    fileprivate var kernelForm: sockaddr_storage {
        var storage = sockaddr_storage()
        unsafe withKernelForm { form, length in
            unsafe withUnsafeMutableBytes(of: &storage) {
                unsafe $0.copyMemory(
                    from: UnsafeRawBufferPointer(start: form, count: Int(length))
                )
            }
        }
        return storage
    }
}
