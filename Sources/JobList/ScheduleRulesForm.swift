// Jitter and the policy for clock changes, as a spec and its eras say them.

internal import Vocabulary

/// Reads and writes the members of a spec that a schedule is read under.
enum ScheduleRulesForm {
    static let fields = ["jitter", "dst", "calendar"]

    static func read(_ members: MemberReader) -> ScheduleRules {
        var rules = ScheduleRules.standard
        rules.jitter = members.duration("jitter", in: Limits.jitter) ?? .zero
        rules.calendar = readCalendar(members)
        guard let value = members["dst"],
            let inner = MemberReader(
                value,
                at: members.place("dst"),
                known: ["gap", "overlap"],
                faults: members.faults
            )
        else { return rules }
        rules.clockChanges.gap = inner.word("gap")
        rules.clockChanges.overlap = inner.word("overlap")
        return rules
    }

    private static func readCalendar(_ members: MemberReader) -> CalendarUse? {
        guard let value = members["calendar"],
            let inner = MemberReader(
                value,
                at: members.place("calendar"),
                known: ["only", "except", "shift"],
                faults: members.faults
            )
        else { return nil }
        let only = inner.text("only", limit: Limits.tagBytes)
        let except = inner.texts("except", count: CalendarUse.exceptLimit, limit: Limits.tagBytes)
        let use = CalendarUse(only: only, except: except ?? [], shift: inner.word("shift"))
        if use.names.isEmpty {
            members.fault(
                "calendar",
                "this names no calendar; write only with one, or except with a list of some"
            )
        }
        return use
    }

    /// What differs from the standard.
    static func members(of rules: ScheduleRules) -> [String: Value] {
        var members: [String: Value] = [:]
        if rules.jitter != .zero { members["jitter"] = .string(DurationText.format(rules.jitter)) }
        var policy: [String: Value] = [:]
        policy["gap"] = rules.clockChanges.gap.map { .string($0.rawValue) }
        policy["overlap"] = rules.clockChanges.overlap.map { .string($0.rawValue) }
        if !policy.isEmpty { members["dst"] = .object(policy) }
        members["calendar"] = rules.calendar.map(value(of:))
        return members
    }

    private static func value(of use: CalendarUse) -> Value {
        var members: [String: Value] = [:]
        members["only"] = use.only.map { .string($0) }
        if !use.except.isEmpty { members["except"] = .array(use.except.map { .string($0) }) }
        members["shift"] = use.shift.map { .string($0.rawValue) }
        return .object(members)
    }
}

extension MemberReader {
    /// One of the words of a choice.
    func word<Choice>(_ name: String) -> Choice?
    where Choice: CaseIterable & RawRepresentable<String> {
        guard let value = self[name] else { return nil }
        guard let choice = value.string.flatMap(Choice.init(rawValue:)) else {
            let words = Choice.allCases.map(\.rawValue)
            let others = words.dropLast().joined(separator: ", ")
            wrong(name, value, write: "\(others) or \(words.last ?? "")")
            return nil
        }
        return choice
    }
}
