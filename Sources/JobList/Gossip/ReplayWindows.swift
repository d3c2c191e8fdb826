// Which packets have been seen: each counts once.

/// For each sender's session, its highest number and which of the 1,024 up to it have come.
struct ReplayWindows {
    private struct Window {
        var highest: UInt64 = 0
        var seen = [UInt64](repeating: 0, count: words)
        var lastUsed: UInt64 = 0

        mutating func accept(_ counter: UInt64) -> Bool {
            if counter > highest {
                let passed = min(counter - highest, ReplayWindows.size)
                for step in 0..<passed { clear(counter - step) }
                highest = counter
            } else if highest - counter >= ReplayWindows.size {
                return false
            }
            let (word, bit) = Self.place(counter)
            guard seen[word] & bit == 0 else { return false }
            seen[word] |= bit
            return true
        }

        private mutating func clear(_ counter: UInt64) {
            let (word, bit) = Self.place(counter)
            seen[word] &= ~bit
        }

        private static func place(_ counter: UInt64) -> (word: Int, bit: UInt64) {
            (Int(counter % ReplayWindows.size / 64), 1 << (counter % 64))
        }
    }

    private static let words = 16
    private static let size = UInt64(words * 64)
    /// About 1.5 MB; a cluster has one session per member's process.
    static let sessionLimit = 8_192

    private var windows: [UInt64: Window] = [:]
    private var uses: UInt64 = 0

    var sessionCount: Int { windows.count }

    /// Whether number `counter` of `session` comes for the first time and not far too late.
    ///
    /// Of more than 8,192 sessions the one unheard of for longest is forgotten.
    mutating func accept(_ counter: UInt64, of session: UInt64) -> Bool {
        uses += 1
        if windows[session] == nil, windows.count >= Self.sessionLimit { forgetOldest() }
        windows[session, default: Window()].lastUsed = uses
        return windows[session]?.accept(counter) ?? false
    }

    private mutating func forgetOldest() {
        guard let oldest = windows.min(by: { $0.value.lastUsed < $1.value.lastUsed }) else {
            return
        }
        windows[oldest.key] = nil
    }
}
