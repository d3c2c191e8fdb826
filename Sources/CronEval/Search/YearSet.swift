// A set of years, small enough to live inside a schedule.

/// A subset of the years 1969 to 2199.
///
/// 1969 is there for places west of Greenwich, where the epoch is still New Year's Eve; only a
/// schedule without a year field selects it.
struct YearSet: Equatable, Sendable {
    static let first = 1969
    static let last = 2199

    private var words = SIMD4<UInt64>()

    /// 231 years.
    static var all: Self { Self(words: SIMD4(.max, .max, .max, 1 << 39 - 1)) }

    init() {}

    private init(words: SIMD4<UInt64>) {
        self.words = words
    }

    mutating func insert(_ year: Int) {
        let place = year - Self.first
        words[place >> 6] |= 1 << UInt64(place & 63)
    }

    func contains(_ year: Int) -> Bool {
        let place = year - Self.first
        guard (0...Self.last - Self.first).contains(place) else { return false }
        return words[place >> 6] >> UInt64(place & 63) & 1 == 1
    }

    /// The first year after `year`, or `nil`.
    func first(after year: Int) -> Int? {
        let place = max(0, year + 1 - Self.first)
        guard place <= Self.last - Self.first else { return nil }
        var word = words[place >> 6] & (.max << UInt64(place & 63))
        var index = place >> 6
        while word == 0 {
            index += 1
            guard index < 4 else { return nil }
            word = words[index]
        }
        return Self.first + index << 6 + word.trailingZeroBitCount
    }

    /// The last year before `year`, or `nil`.
    func last(before year: Int) -> Int? {
        let place = min(Self.last, year - 1) - Self.first
        guard place >= 0 else { return nil }
        var word = words[place >> 6] & (.max >> UInt64(63 - place & 63))
        var index = place >> 6
        while word == 0 {
            index -= 1
            guard index >= 0 else { return nil }
            word = words[index]
        }
        return Self.first + index << 6 + 63 - word.leadingZeroBitCount
    }
}
