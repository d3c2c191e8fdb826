// Finds a job's slot by its uid, in five to six bytes per job.

/// A hash table of slots: 4,096 small tables with open addressing, each grown by a quarter.
///
/// An entry is a slot and six bits of the hash, so that few others' records are looked at. Small
/// tables grow one at a time: no single edit pays for all of ten million jobs.
///
/// - SeeAlso: Knuth, "The Art of Computer Programming", volume 3, 6.4, algorithm L, and R for
///   removal.
struct UIDTable: Sendable {
    /// The most slots there can be.
    static let limit = 1 << 26 - 1
    private static let partBits: UInt64 = 12
    private static let vacant: UInt32 = 0

    private var parts: [[UInt32]] = Array(repeating: [], count: 1 << partBits)
    private var counts: [UInt32] = Array(repeating: 0, count: 1 << partBits)

    /// How many bytes it takes.
    var footprint: Int {
        parts.reduce(0) { $0 + $1.capacity * 4 + ($1.isEmpty ? 0 : 32) } + parts.count * 12
    }

    /// Makes room for about `count` slots, so that none of the tables has to grow.
    mutating func reserve(_ count: Int, hashes: (JobSlot) -> UInt64) {
        let even = count >> Int(Self.partBits)
        // Tables are not filled evenly; four standard deviations do for nearly all.
        let most = even + 4 * Int(Double(even).squareRoot())
        // Three quarters full: of a table that is fuller, too much is looked at in vain.
        let size = most + most / 3
        for part in parts.indices where parts[part].count < size {
            resize(part, to: size, hashes: hashes)
        }
    }

    /// What a search came to.
    enum Found {
        case slot(JobSlot)
        /// Nothing, and what is looked for would be entered there.
        case vacancy(Vacancy)
    }

    /// A place that is vacant until the next change of the table.
    struct Vacancy {
        fileprivate let place: Int
    }

    /// Looks for the slot of hash `hash` that `isIt`.
    func find(_ hash: UInt64, where isIt: (JobSlot) -> Bool) -> Found {
        let part = Self.part(of: hash)
        let size = parts[part].count
        guard size > 0 else { return .vacancy(Vacancy(place: 0)) }
        let tag = Self.tag(of: hash)
        var place = Self.home(of: hash, in: size)
        while true {
            let entry = parts[part][place]
            if entry == Self.vacant { return .vacancy(Vacancy(place: place)) }
            if entry >> 26 == tag, isIt(Self.slot(of: entry)) {
                return .slot(Self.slot(of: entry))
            }
            place = place + 1 == size ? 0 : place + 1
        }
    }

    /// Looks at the table that `hash` belongs to, so that it is near for ``touch(_:)``.
    func touchPart(_ hash: UInt64) -> UInt32 {
        UInt32(truncatingIfNeeded: parts[Self.part(of: hash)].count)
    }

    /// Looks where a search for `hash` would begin, so that it is near when it does.
    func touch(_ hash: UInt64) -> UInt32 {
        let part = Self.part(of: hash)
        let size = parts[part].count
        return size == 0 ? 0 : parts[part][Self.home(of: hash, in: size)]
    }

    /// Whether ``grow(for:hashes:)`` must go before one more of hash `hash`.
    func isFull(for hash: UInt64) -> Bool {
        let part = Self.part(of: hash)
        // Seven eighths full at most, so that a place is vacant in each.
        return (Int(counts[part]) + 1) * 8 > parts[part].count * 7
    }

    mutating func grow(for hash: UInt64, hashes: (JobSlot) -> UInt64) {
        let part = Self.part(of: hash)
        let size = parts[part].count
        resize(part, to: max(4, size + size / 4), hashes: hashes)
    }

    /// Enters a slot that is not there yet; there must be fewer than ``limit``, and room.
    mutating func insert(_ slot: JobSlot, _ hash: UInt64) {
        let part = Self.part(of: hash)
        put(Self.tag(of: hash) << 26 | UInt32(slot + 1), hash, in: part)
        counts[part] += 1
    }

    /// The same where a search for it has just ended.
    mutating func insert(_ slot: JobSlot, _ hash: UInt64, at vacancy: Vacancy) {
        let part = Self.part(of: hash)
        parts[part][vacancy.place] = Self.tag(of: hash) << 26 | UInt32(slot + 1)
        counts[part] += 1
    }

    mutating func remove(_ slot: JobSlot, _ hash: UInt64, hashes: (JobSlot) -> UInt64) {
        let part = Self.part(of: hash)
        let size = parts[part].count
        guard size > 0 else { return }
        let wanted = Self.tag(of: hash) << 26 | UInt32(slot + 1)
        var hole = Self.home(of: hash, in: size)
        while parts[part][hole] != wanted {
            if parts[part][hole] == Self.vacant { return }
            hole = hole + 1 == size ? 0 : hole + 1
        }
        counts[part] -= 1
        // What was pushed beyond the hole moves back into it.
        var place = hole
        while true {
            place = place + 1 == size ? 0 : place + 1
            let entry = parts[part][place]
            guard entry != Self.vacant else { break }
            let home = Self.home(of: hashes(Self.slot(of: entry)), in: size)
            let isBetween =
                hole <= place ? home > hole && home <= place : home > hole || home <= place
            if !isBetween {
                parts[part][hole] = entry
                hole = place
            }
        }
        parts[part][hole] = Self.vacant
    }

    private mutating func put(_ entry: UInt32, _ hash: UInt64, in part: Int) {
        let size = parts[part].count
        var place = Self.home(of: hash, in: size)
        while parts[part][place] != Self.vacant { place = place + 1 == size ? 0 : place + 1 }
        parts[part][place] = entry
    }

    private mutating func resize(_ part: Int, to size: Int, hashes: (JobSlot) -> UInt64) {
        let old = parts[part]
        parts[part] = Array(repeating: Self.vacant, count: size)
        for entry in old where entry != Self.vacant {
            put(entry, hashes(Self.slot(of: entry)), in: part)
        }
    }

    private static func part(of hash: UInt64) -> Int { Int(hash >> (64 - partBits)) }
    private static func slot(of entry: UInt32) -> JobSlot { JobSlot(entry & 0x3FF_FFFF) - 1 }
    private static func tag(of hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash & 0x3F) }

    /// The bits between the part's and the tag's, spread evenly over `size`.
    private static func home(of hash: UInt64, in size: Int) -> Int {
        let bits = hash >> 8 & 0xFFFF_FFFF
        return Int((bits * UInt64(size)) >> 32)
    }
}
