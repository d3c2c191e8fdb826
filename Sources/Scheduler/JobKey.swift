// Uids as the tables hold them: sixteen bytes, whatever their text.

internal import Vocabulary

/// A uid's number, or a number given out for a uid of another form.
struct JobKey: Hashable, Comparable, Sendable {
    let high: UInt64
    let low: UInt64

    /// No uid of the usual form is held under a number that begins like this.
    fileprivate static let odd = UInt64.max

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// `nil` for one of the few numbers that are given out.
    init?(_ bits: UIDBits) {
        guard bits.high != Self.odd else { return nil }
        self.init(high: bits.high, low: bits.low)
    }

    var isOdd: Bool { high == Self.odd }

    /// Where a table puts it; uids are random, but nothing relies on it.
    var hash: UInt64 { SeededGenerator.mixed(high ^ SeededGenerator.mixed(low)) }

    static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.high, lhs.low) < (rhs.high, rhs.low)
    }
}

/// What `H`, jitter and the shard of a job go by, in whichever form it is at hand.
enum JobSeed: Sendable {
    case bits(UIDBits)
    case text(String)

    /// A hash to which the uid's text was added.
    var hash: StableHash {
        var hash = StableHash()
        switch self {
        case .bits(let bits): bits.add(to: &hash)
        case .text(let text): hash.add(text)
        }
        return hash
    }

    var text: String {
        switch self {
        case .bits(let bits): bits.uid.text
        case .text(let text): text
        }
    }
}

/// Numbers for uids that are not 32 hexadecimal digits; in a list of ours there are none.
struct OddUIDs: Sendable {
    private var texts: [UInt64: String] = [:]
    private var numbers: [String: UInt64] = [:]
    private var last: UInt64 = 0

    var count: Int { texts.count }

    /// The key of `uid`; `nil` for an odd one that was not taken in.
    func key(of uid: UID) -> JobKey? {
        if let key = Self.key(of: uid) { return key }
        return numbers[uid.text].map { JobKey(high: JobKey.odd, low: $0) }
    }

    /// The key of `uid`, which is taken in if it is odd.
    mutating func take(_ uid: UID) -> JobKey {
        if let key = key(of: uid) { return key }
        last += 1
        texts[last] = uid.text
        numbers[uid.text] = last
        return JobKey(high: JobKey.odd, low: last)
    }

    mutating func release(_ key: JobKey) {
        guard key.isOdd, let text = texts.removeValue(forKey: key.low) else { return }
        numbers[text] = nil
    }

    func seed(of key: JobKey) -> JobSeed {
        guard key.isOdd else { return .bits(UIDBits(high: key.high, low: key.low)) }
        return .text(texts[key.low] ?? "")
    }

    func uid(of key: JobKey) -> UID {
        guard key.isOdd else { return UIDBits(high: key.high, low: key.low).uid }
        return UID(texts[key.low] ?? "")
    }

    private static func key(of uid: UID) -> JobKey? {
        UIDBits(uid).flatMap { JobKey($0) }
    }
}
