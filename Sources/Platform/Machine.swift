// What this machine and this process are called.

internal import Glibc

/// Facts about the machine.
package enum Machine {
    package static var processID: Int32 { getpid() }

    /// The host's name without its domain.
    package static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        let bytes = buffer.prefix { $0 != 0 && $0 != 0x2E }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
