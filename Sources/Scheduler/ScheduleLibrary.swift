// Compiled schedules, shared by all jobs with the same text.

internal import CronEval
internal import Vocabulary

/// Compiles each schedule once and forgets it with its last user.
struct ScheduleLibrary: Sendable {
    typealias Index = Int

    private struct Key: Hashable {
        let text: String
        let zone: String
        let rules: ScheduleRules
        /// Only where the text or a jitter spreads by it; otherwise no two jobs could share.
        let seed: String?
    }

    private struct Shelf {
        let key: Key
        let schedule: Schedule
        var users: Int
    }

    private let zones: ZoneCatalog
    private var indexes: [Key: Index] = [:]
    private var shelves: [Shelf?] = []
    private var vacant: [Index] = []

    init(zones: ZoneCatalog) {
        self.zones = zones
    }

    var count: Int { indexes.count }

    subscript(index: Index) -> Schedule? {
        shelves[index]?.schedule
    }

    /// Takes a share of the schedule, compiling it if nobody has one.
    ///
    /// ``release(_:)`` gives it back.
    mutating func take(
        _ text: String,
        zone: String,
        rules: ScheduleRules = .standard,
        seed: String
    ) throws(ScheduleError) -> Index {
        let isSpread = rules.jitter != .zero || Self.isSpread(text)
        let key = Key(text: text, zone: zone, rules: rules, seed: isSpread ? seed : nil)
        if let index = indexes[key] {
            shelves[index]?.users += 1
            return index
        }
        let schedule = try Schedule(
            parsing: text,
            zone: zone,
            in: zones,
            seed: key.seed,
            clockChanges: rules.clockChanges,
            jitter: rules.jitter
        )
        let shelf = Shelf(key: key, schedule: schedule, users: 1)
        let index = vacant.popLast() ?? shelves.count
        if index == shelves.count { shelves.append(shelf) } else { shelves[index] = shelf }
        indexes[key] = index
        return index
    }

    mutating func release(_ index: Index) {
        guard var shelf = shelves[index] else { return }
        shelf.users -= 1
        shelves[index] = shelf.users > 0 ? shelf : nil
        if shelf.users == 0 {
            indexes[shelf.key] = nil
            vacant.append(index)
        }
    }

    /// Whether `text` has an `H` of its own, outside of names such as `THU`.
    private static func isSpread(_ text: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte & 0xDF) }
        let bytes = Array(text.utf8)
        return bytes.indices.contains { index in
            bytes[index] == UInt8(ascii: "H")
                && (index == 0 || !isLetter(bytes[index - 1]))
                && (index + 1 == bytes.count || !isLetter(bytes[index + 1]))
        }
    }
}
