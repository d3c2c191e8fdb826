// What a verification prints.

extension Tally {
    /// The figures, then the rules with their counts, most frequent first.
    package var report: String {
        var lines = [
            name,
            "  cases \(cases)  agreed \(agreed)  explained \(explained)"
                + "  hung \(hangs.values.reduce(0, +))  unexplained \(unexplained.count)",
        ]
        lines += Self.table(rules, mark: "")
        lines += Self.table(hangs, mark: "hung: ")
        return lines.joined(separator: "\n")
    }

    /// At most `limit` differences without an explanation, with both answers.
    package func findings(limit: Int) -> String {
        unexplained.prefix(limit).map { finding in
            let question = finding.question
            return """
                `\(question.text)` in \(question.zone), \(question.count) after \(question.start): \
                \(finding.why)
                  \(name): \(finding.theirs.words)
                  ours: \(finding.ours.words)
                """
        }.joined(separator: "\n")
    }

    private static func table(_ counts: [String: Int], mark: String) -> [String] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { name, count in
            let number = "\(count)"
            let blanks = String(repeating: " ", count: max(0, 8 - number.count))
            return "\(blanks)\(number)  \(mark)\(name)"
        }
    }
}
