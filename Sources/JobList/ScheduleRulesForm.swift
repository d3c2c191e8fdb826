// Jitter and the policy for clock changes, as a spec and its eras say them.

internal import Vocabulary

/// Reads and writes the members of a spec that a schedule is read under.
enum ScheduleRulesForm {
    static let fields = ["jitter", "dst"]

    static func read(_ members: MemberReader) -> ScheduleRules {
        var rules = ScheduleRules.standard
        rules.jitter = members.duration("jitter", in: Limits.jitter) ?? .zero
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

    /// What differs from the standard.
    static func members(of rules: ScheduleRules) -> [String: Value] {
        var members: [String: Value] = [:]
        if rules.jitter != .zero { members["jitter"] = .string(DurationText.format(rules.jitter)) }
        var policy: [String: Value] = [:]
        policy["gap"] = rules.clockChanges.gap.map { .string($0.rawValue) }
        policy["overlap"] = rules.clockChanges.overlap.map { .string($0.rawValue) }
        if !policy.isEmpty { members["dst"] = .object(policy) }
        return members
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
