// Compiled schedules, shared by all jobs with the same text.

internal import CronEval
internal import Vocabulary

/// Compiles each schedule once and forgets it with its last user.
struct ScheduleLibrary: Sendable {
    typealias Index = Int

    private struct Key: Hashable {
        let text: String
        let zone: String
        let clockChanges: ClockChangePolicy
        let jitter: Duration
        /// Which state of which calendars; `nil`: it uses none.
        let calendar: RuleKey?
        /// Only where the text or a jitter spreads by it; otherwise no two jobs could share.
        let seed: String?
    }

    private struct Shelf {
        let key: Key
        let schedule: Schedule
        var users: Int
    }

    /// States of calendars and what is done with them: equal keys stand for equal rules.
    struct RuleKey: Hashable {
        struct State: Hashable {
            let digest: Digest
            let place: Int
        }

        let states: [State]
        let hasOnly: Bool
        let shift: CalendarShift?
    }

    private struct RuleShelf {
        let rule: CalendarRule
        /// How many schedules are made with it.
        var users: Int
    }

    private let zones: ZoneCatalog
    private var indexes: [Key: Index] = [:]
    private var shelves: [Shelf?] = []
    /// A rule is large, and few rules are in use: all schedules of one share its days.
    private var ruleShelves: [RuleKey: RuleShelf] = [:]
    private var vacant: [Index] = []

    init(zones: ZoneCatalog) {
        self.zones = zones
    }

    var count: Int { indexes.count }
    /// How many rules of calendars it keeps.
    var ruleCount: Int { ruleShelves.count }

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
        calendar: (key: RuleKey, rule: () -> CalendarRule)? = nil,
        seed: String
    ) throws(ScheduleError) -> Index {
        let isSpread = rules.jitter != .zero || Self.isSpread(text)
        let key = Key(
            text: text,
            zone: zone,
            clockChanges: rules.clockChanges,
            jitter: rules.jitter,
            calendar: calendar?.key,
            seed: isSpread ? seed : nil
        )
        if let index = indexes[key] {
            shelves[index]?.users += 1
            return index
        }
        let rule = calendar.map { ruleShelves[$0.key]?.rule ?? $0.rule() }
        let schedule = try Schedule(
            parsing: text,
            zone: zone,
            in: zones,
            seed: key.seed,
            rules: rules,
            calendar: rule
        )
        if let use = key.calendar, let rule {
            ruleShelves[use, default: RuleShelf(rule: rule, users: 0)].users += 1
        }
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
            if let use = shelf.key.calendar { releaseRule(use) }
        }
    }

    private mutating func releaseRule(_ key: RuleKey) {
        guard var shelf = ruleShelves[key] else { return }
        shelf.users -= 1
        ruleShelves[key] = shelf.users > 0 ? shelf : nil
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
