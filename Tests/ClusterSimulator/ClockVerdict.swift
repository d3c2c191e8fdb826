// Whether a clock is one that a node has to keep out of the race for, by the true clocks.

/// The checks' own account of what decision 0075 promises, so that a node which keeps out without
/// need has no excuse.
///
/// There is no margin: a node believes an offset only as far as it exceeds half the way there and
/// back, so no offset that it measures is larger than the true one; and here, where ways take no
/// time, each is the true one.
struct ClockVerdict {
    /// Further than this from the middle clock a node keeps out.
    private static let limit: Int64 = 500
    /// Once out, it keeps out until it is within this.
    private static let returnLimit: Int64 = 400

    /// The clock is far off, and most others agree: its node is not expected to be on time.
    private(set) var isDoubtful = false
    private var isFarOff = false

    /// `others`: how far each clock that the node sees is ahead of its own, in milliseconds.
    mutating func judge(among others: [Int64]) {
        let all = (others + [0]).sorted()
        let limit = 2 * (isFarOff ? Self.returnLimit : Self.limit)
        // Twice the median, so that halves count.
        let middle = all[(all.count - 1) / 2] + all[all.count / 2]
        let isAgreed = 2 * all.count { abs(2 * $0 - middle) <= limit } > all.count
        isDoubtful = isAgreed && abs(middle) > limit
        isFarOff = !isAgreed || isDoubtful
    }
}
