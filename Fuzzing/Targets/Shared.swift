// What all targets share: bytes as libFuzzer hands them over.

/// What libFuzzer gives: `count` bytes from `start` on, which may be `nil` if there are none.
func input(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: start, count: count))
}

/// Ends the process, which libFuzzer counts as a find, if `holds` is false.
func check(_ holds: Bool, _ claim: @autoclosure () -> String) {
    guard holds else { fatalError(claim()) }
}

extension Sequence<UInt8> {
    /// A number that differs from input to input.
    var digest: UInt64 {
        reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
