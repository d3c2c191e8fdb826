// Makes libsodium ready exactly once; every call into it passes here first.

internal import CSodium

enum Sodium {
    /// Initialised on first use, once per process, whichever threads ask.
    private static let isReady = sodium_init() >= 0

    static func prepare() {
        precondition(isReady, "libsodium cannot start: it found no source of randomness")
    }
}
