// Compiled schedules, shared by all jobs with the same text.

internal import CronEval
internal import Vocabulary

/// Compiles each schedule once and forgets it with its last user.
///
/// A text with `H` is one entry whose schedules are compiled when they are first asked for: jobs
/// whose hashes set it alike share one. A jitter is put on when it is asked for.
struct ScheduleLibrary: Sendable {
    typealias Index = Int

    private struct Key: Hashable {
        let text: String
        let zone: String
        let clockChanges: ClockChangePolicy
        let jitter: Duration
        /// Which state of which calendars; `nil`: it uses none.
        let calendar: RuleKey?
    }

    /// A schedule and its last answer, which is that of all jobs that ask for the same.
    private struct Compiled {
        let schedule: Schedule
        private var from = Instant.endOfTime
        private var next: Instant?

        init(_ schedule: Schedule) {
            self.schedule = schedule
        }

        mutating func next(after instant: Instant) -> Instant? {
            if from <= instant, next.map({ instant < $0 }) ?? true { return next }
            from = instant
            next = schedule.next(after: instant)
            return next
        }
    }

    private struct Shelf {
        let key: Key
        let rule: CalendarRule?
        /// What tells jobs apart; `nil`: nothing, and the one schedule is compiled.
        let dials: SpreadDials?
        /// Where each setting's schedule is among the compiled ones, or -1.
        ///
        /// Empty if there are more settings than are worth keeping.
        var places: [Int32] = []
        var compiled: [Compiled] = []
        var users = 1

        /// Where the schedule of a job is; `nil`: not compiled, or not kept.
        func place(for seed: JobSeed) -> Int? {
            guard let dials else { return 0 }
            guard !places.isEmpty else { return nil }
            let place = places[Int(dials.setting(after: seed.hash))]
            return place < 0 ? nil : Int(place)
        }

        mutating func keep(_ schedule: Schedule, for seed: JobSeed) -> Int? {
            guard let dials, !places.isEmpty else { return nil }
            places[Int(dials.setting(after: seed.hash))] = Int32(compiled.count)
            compiled.append(Compiled(schedule))
            return compiled.count - 1
        }
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

    /// Texts with more settings are compiled anew whenever they are asked for.
    private static let settingLimit: UInt64 = 16_384

    private let zones: ZoneCatalog
    private var indexes: [Key: Index] = [:]
    private var shelves: [Shelf?] = []
    /// A rule is large, and few rules are in use: all schedules of one share its days.
    private var ruleShelves: [RuleKey: RuleShelf] = [:]
    private var vacant: [Index] = []

    init(zones: ZoneCatalog) {
        self.zones = zones
    }

    /// How many schedules are compiled, or will be when they are asked for.
    var count: Int {
        shelves.reduce(0) { $0 + ($1.map { max(1, $0.compiled.count) } ?? 0) }
    }

    /// How many rules of calendars it keeps.
    var ruleCount: Int { ruleShelves.count }

    /// Takes a share of the schedule, compiling it if nobody has one.
    ///
    /// ``release(_:)`` gives it back.
    mutating func take(
        _ text: String,
        zone: String,
        rules: ScheduleRules = .standard,
        calendar: (key: RuleKey, rule: () -> CalendarRule)? = nil
    ) throws(ScheduleError) -> Index {
        let key = Key(
            text: text,
            zone: zone,
            clockChanges: rules.clockChanges,
            jitter: rules.jitter,
            calendar: calendar?.key
        )
        if let index = indexes[key] {
            shelves[index]?.users += 1
            return index
        }
        let rule = calendar.map { ruleShelves[$0.key]?.rule ?? $0.rule() }
        // Whether it can be read does not depend on the seed.
        let schedule = try compile(key, rule, seed: "")
        var shelf = Shelf(key: key, rule: rule, dials: try SpreadDials(of: text))
        if let count = shelf.dials?.count, count <= Self.settingLimit {
            shelf.places = Array(repeating: -1, count: Int(count))
        } else if shelf.dials == nil {
            shelf.compiled = [Compiled(schedule)]
        }
        if let use = key.calendar, let rule {
            ruleShelves[use, default: RuleShelf(rule: rule, users: 0)].users += 1
        }
        let index = vacant.popLast() ?? shelves.count
        if index == shelves.count { shelves.append(shelf) } else { shelves[index] = shelf }
        indexes[key] = index
        return index
    }

    private func compile(
        _ key: Key,
        _ rule: CalendarRule?,
        seed: String
    ) throws(ScheduleError) -> Schedule {
        try Schedule(
            parsing: key.text,
            zone: key.zone,
            in: zones,
            seed: seed,
            clockChanges: key.clockChanges,
            calendar: rule
        )
    }

    mutating func release(_ index: Index) {
        shelves[index]?.users -= 1
        guard let shelf = shelves[index], shelf.users <= 0 else { return }
        shelves[index] = nil
        indexes[shelf.key] = nil
        vacant.append(index)
        if let use = shelf.key.calendar { releaseRule(use) }
    }

    private mutating func releaseRule(_ key: RuleKey) {
        guard var shelf = ruleShelves[key] else { return }
        shelf.users -= 1
        ruleShelves[key] = shelf.users > 0 ? shelf : nil
    }

    // MARK: Asking

    /// The schedule as the job of `seed` has it; `nil` if nobody has a share of it.
    func schedule(_ index: Index, for seed: JobSeed) -> Schedule? {
        guard let shelf = shelves[index] else { return nil }
        let schedule =
            shelf.place(for: seed).map { shelf.compiled[$0].schedule }
            ?? (try? compile(shelf.key, shelf.rule, seed: seed.text))
        guard shelf.key.jitter > .zero else { return schedule }
        return schedule?.delayed(upTo: shelf.key.jitter, seed: seed.text)
    }

    /// When the job of `seed` is next due after `instant`.
    ///
    /// - Complexity: A few nanoseconds for what was asked before, some 50 more with `H`; a search,
    ///   and for a jitter or a setting that is new a compilation of about 1 µs, otherwise.
    mutating func next(
        _ index: Index,
        for seed: JobSeed,
        after instant: Instant
    ) -> Instant? {
        if shelves[index]?.key.jitter == .zero {
            if shelves[index]?.dials == nil {
                return shelves[index]?.compiled[0].next(after: instant)
            }
            if let place = place(index, for: seed) {
                return shelves[index]?.compiled[place].next(after: instant)
            }
            return schedule(index, for: seed)?.next(after: instant)
        }
        return schedule(index, for: seed)?.next(after: instant)
    }

    /// How the fires of a schedule depend on the job.
    enum Spreading {
        case none, hash, other
    }

    func spreading(of index: Index) -> Spreading {
        guard let shelf = shelves[index], shelf.key.jitter == .zero else { return .other }
        if shelf.dials == nil { return .none }
        return shelf.places.isEmpty ? .other : .hash
    }

    /// For ``Spreading/hash``: a number below ``settings(of:)``, the same for jobs that are always
    /// due at the same time; `hash` is the seed's.
    func setting(_ index: Index, for hash: StableHash) -> Int {
        shelves[index]?.dials.map { Int($0.setting(after: hash)) } ?? 0
    }

    func settings(of index: Index) -> Int { shelves[index]?.places.count ?? 0 }

    /// Where the schedule of a job is, after it has been compiled if it is worth keeping.
    private mutating func place(_ index: Index, for seed: JobSeed) -> Int? {
        if let place = shelves[index]?.place(for: seed) { return place }
        guard let shelf = shelves[index], !shelf.places.isEmpty,
            let schedule = try? compile(shelf.key, shelf.rule, seed: seed.text)
        else { return nil }
        return shelves[index]?.keep(schedule, for: seed)
    }
}
