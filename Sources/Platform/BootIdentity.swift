// Which boot of the machine this is.

/// The kernel's name for this boot; another one means that every older process is gone.
package enum BootIdentity {
    /// `/proc/sys/kernel/random/boot_id`, or empty where it cannot be read.
    package static var current: String {
        guard let bytes = try? FileStore.read("/proc/sys/kernel/random/boot_id", limit: 128) else {
            return ""
        }
        return String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    }
}
